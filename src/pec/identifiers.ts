import { hash as digest } from 'node:crypto';
import type { Instant } from '../lib/time.ts';

/**
 * Identifiers and boundaries. The identificativo is the only value that must be unpredictable and unique for
 * ever; everything else is derived from it by hashing, so that a rebuild gives the same bytes (RFC 6109 §2.2.1).
 */
export interface IdentificativoSource {
  readonly at: Instant;
  /** At least 16 random bytes: uniqueness, and boundaries nobody can foresee, rest on them. */
  readonly random: Uint8Array;
  /** Letters and digits that name the node, e.g. `n1`. */
  readonly node: string;
  readonly domain: string;
}

/**
 * A new PEC msgid without angle brackets: `[letters, digits, dots]@domain` (pec-wire §5).
 * @throws {RangeError} when there is too little randomness or `node` has other characters.
 */
export function buildIdentificativo({ at, random, node, domain }: IdentificativoSource): string {
  if (random.length < 16) throw new RangeError('an identificativo needs 16 random bytes or more');
  if (!/^[A-Za-z0-9]{1,16}$/.test(node)) throw new RangeError('node must be 1 to 16 letters and digits');
  const stamp = new Date(at).toISOString().replace(/\D/g, '').slice(0, 14);
  return `pec.${stamp}.${node}.${Buffer.from(random).toString('hex')}@${domain}`;
}

export interface MessageIdSource {
  readonly identificativo: string;
  /** What sort of message it is; the generated messages of one identificativo differ by kind or recipient. */
  readonly kind: string;
  /** The recipient it is about, or several, for kinds that exist once for each of them. */
  readonly recipient?: string | readonly string[];
  readonly domain: string;
}

/** The Message-ID, with its angle brackets, of a generated message: same input, same identifier. */
export function deriveMessageId({ identificativo, kind, recipient = [], domain }: MessageIdSource): string {
  const recipients = typeof recipient === 'string' ? [recipient] : recipient;
  return `<pec.${hash(['message-id', identificativo, kind, ...recipients]).slice(0, 40)}@${domain}>`;
}

/** Where in the message a boundary stands. */
export type BoundaryRole = 'signed' | 'mixed' | 'alternative';

/**
 * A boundary for one multipart of one message. It begins with `=_`, which neither base64 nor quoted-printable
 * can contain (RFC 2045 §6.7). `seed` must hold something that whoever wrote an enclosed original could not
 * know, else they could close the part around it: the identificativo is such a value when it is ours.
 */
export function deriveBoundary(role: BoundaryRole, seed: readonly string[]): string {
  return `=_${role}_${hash(['boundary', role, ...seed]).slice(0, 40)}`;
}

/** Each value with its length before it, so that no two lists give the same input. */
function hash(values: readonly string[]): string {
  return digest('sha256', values.map((value) => `${Buffer.byteLength(value)}:${value}`).join(''));
}
