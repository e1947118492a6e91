import type { Finding } from './findings.ts';

/**
 * What becomes of a submitted message (RFC 6109 §2.2.1). The absolute size limit is not here: a message over
 * it is refused in the SMTP dialogue before all of it has come (§3.1.2).
 */
export interface AcceptanceQuestion {
  /** Of the formal checks and of the policies, together. */
  readonly findings: readonly Finding[];
  /** What the virus scanner said; "cannot tell" never gets here. */
  readonly verdict: { readonly infected: false } | { readonly infected: true; readonly virus: string };
}

export type AcceptanceDecision =
  | { readonly decision: 'accept' }
  | { readonly decision: 'refuse-with-notice'; readonly findings: readonly Finding[] }
  | { readonly decision: 'refuse-for-virus'; readonly virus: string };

/**
 * A virus goes before everything: the message must be kept in its own store (§2.2.4) whatever else is wrong
 * with it.
 */
export function decideAcceptance({ findings, verdict }: AcceptanceQuestion): AcceptanceDecision {
  if (verdict.infected) return { decision: 'refuse-for-virus', virus: verdict.virus };
  if (findings.length > 0) return { decision: 'refuse-with-notice', findings };
  return { decision: 'accept' };
}
