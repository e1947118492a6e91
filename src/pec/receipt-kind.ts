import type { ReceiptKind } from './facts.ts';
import { receiptKinds } from './wire-names.ts';

/**
 * Which delivery receipt a recipient's delivery gives (RFC 6109 §3.3.2.1 to §3.3.2.3): primary recipients get
 * the kind asked for, those in copy the concise one; whoever cannot be placed counts as primary.
 */
export interface ReceiptKindQuestion {
  /** `X-TipoRicevuta` of the transport envelope. */
  readonly requested: ReceiptKind;
  /** Bare addresses of To and Cc. */
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly recipient: string;
}

/** The kind of the receipt for `recipient`. Addresses are compared without case. */
export function decideReceiptKind({ requested, to, cc, recipient }: ReceiptKindQuestion): ReceiptKind {
  if (requested === 'sintetica') return 'sintetica';
  const isIn = (list: readonly string[]) => list.some((one) => sameBareAddress(one, recipient));
  return isIn(cc) && !isIn(to) ? 'sintetica' : requested;
}

/** `X-TipoRicevuta` as written, in any case; `completa` when absent or unknown (§3.3.2.1). */
export function readReceiptKind(value: string | undefined): ReceiptKind {
  const wanted = value?.trim().toLowerCase();
  return receiptKinds.find((kind) => kind === wanted) ?? 'completa';
}

function sameBareAddress(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
