import type { StatedReason } from './generated.ts';

/**
 * A finding is a value, not an error: something in a submitted message that stands against its acceptance.
 * It gives a non-acceptance notice. The words continue "… a causa di" and "… due to" and end without a stop.
 */
export type FindingCode =
  // Formal checks.
  | 'header-malformed'
  | 'duplicate-field'
  | 'from-missing'
  | 'from-invalid'
  | 'from-several'
  | 'from-differs'
  | 'to-missing'
  | 'to-invalid'
  | 'recipient-not-in-header'
  | 'address-not-a-recipient'
  | 'bcc-present'
  | 'too-many-recipients'
  | 'size-exceeded'
  // Policies.
  | 'forbidden-attachment'
  | 'certified-recipients-only'
  | 'closed-group'
  | 'sending-blocked';

export interface Finding extends StatedReason {
  readonly code: FindingCode;
  /** The rule it breaks, e.g. `RFC 6109 §3.1.1`. */
  readonly clause: string;
}

const mostListed = 5;

/** Some values in one line; the rest is counted. */
export function listSome(values: readonly string[], language: 'italian' | 'english'): string {
  const shown = values.slice(0, mostListed).join(', ');
  const more = values.length - mostListed;
  if (more <= 0) return shown;
  return language === 'italian' ? `${shown} e altri ${more}` : `${shown} and ${more} more`;
}
