/**
 * The proof bundle: one JSON text in one line that says what the log has about a message and carries all that is
 * needed to check it: entries with their paths, roots with their time stamps, certificates. The provider signs the
 * text up to the signature; the digest at the end is over all before it, so that no byte can change unseen.
 *
 *   {"format":"openpec-proof-1", … ,"signature":"<base64 CMS>","digest":"<64 hex digits>"}⏎
 */
import { hash } from 'node:crypto';
import type { Signer } from '../../keys/signer.ts';
import { utf8 } from '../../lib/bytes.ts';
import type { Instant } from '../../lib/time.ts';
import { signDetached } from '../../smime/signed-data.ts';

export interface ProofBundle {
  readonly format: 'openpec-proof-1';
  /** ISO 8601, UTC. */
  readonly madeAt: string;
  readonly provider: { readonly name: string; readonly domain: string };
  readonly identificativo: string;
  /** Entries about the message that are not sealed yet and so not in the bundle. */
  readonly unsealed: number;
  /** JSON texts; an entry names them by SHA-256. */
  readonly facts: readonly string[];
  readonly segments: readonly ProofSegment[];
  /** Base64 DER: the chains that the provider signed with when it wrote what the entries speak of. */
  readonly certificates: readonly string[];
  /** Base64 DER: revocation lists of their issuers, as the provider held them. */
  readonly crls: readonly string[];
  /** The message in hand, when the log knows its very bytes; null otherwise. */
  readonly message: ProvedMessage | null;
}

export interface ProofSegment {
  /** The first line of the exported segment; leaf 0 of its tree. */
  readonly header: string;
  /** Leaves of the tree. */
  readonly size: number;
  /** Hexadecimal: what was stamped. */
  readonly root: string;
  readonly headerPath: readonly string[];
  readonly entries: readonly ProofEntry[];
  readonly stamps: readonly ProofStamp[];
  /** Base64 CMS: what the provider signed about the segment when it was sealed. */
  readonly statement: string;
  /** The record of this provider in the index of that day. */
  readonly index: ProofIndex | null;
}

export interface ProofEntry {
  /** SHA-256 of it is the entry's hash in the chain. */
  readonly line: string;
  /** Of the leaf, from 0. */
  readonly index: number;
  /** Siblings from the leaf up, hexadecimal. */
  readonly path: readonly string[];
}

export interface ProofStamp {
  readonly authority: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  /** Base64 DER TimeStampToken over the root. */
  readonly token: string;
}

export interface ProofIndex {
  readonly day: string;
  /** Of the whole index as its keeper signed it; the same stands in the segment's header. */
  readonly sha256: string;
  /** LDIF. */
  readonly entry: string;
  /** Base64: the whole signed index, when it was asked for. */
  readonly copy: string | null;
}

export type ProvedMessage =
  /** Written by this provider: `signature` is the RSA value in the message and in the entry, base64. */
  | { readonly kind: 'issued'; readonly messageId: string; readonly signature: string }
  /** Submitted by a user: SHA-256 as in the entry, hexadecimal. */
  | { readonly kind: 'submitted'; readonly sha256: string };

/** The bundle as it is handed out. @throws {MailError} what the signer throws. */
export async function signBundle(bundle: ProofBundle, signer: Signer, at: Instant): Promise<string> {
  const text = JSON.stringify(bundle).slice(0, -1);
  const contentDigest = hash('sha256', text, 'buffer');
  const { cms } = await signDetached({ contentDigest, signingTime: at, signer });
  const signed = `${text},"signature":"${Buffer.from(cms).toString('base64')}"`;
  return `${signed},"digest":"${hash('sha256', signed, 'hex')}"}\n`;
}

export interface OpenedBundle {
  readonly bundle: ProofBundle;
  /** SHA-256 of what the signature is over. */
  readonly signedDigest: Uint8Array;
  /** Detached CMS, DER. */
  readonly signature: Uint8Array;
}

/** Undefined when the bytes are no bundle, or one that was altered. */
export function openBundle(bytes: Uint8Array): OpenedBundle | undefined {
  const text = utf8(bytes);
  const frame =
    /^(\{"format":"openpec-proof-1",.*),"signature":"([A-Za-z0-9+/]+=*)","digest":"([0-9a-f]{64})"\}\n$/s.exec(
      text,
    );
  const [, signed = '', signature = '', digest] = frame ?? [];
  if (frame === null || hash('sha256', `${signed},"signature":"${signature}"`, 'hex') !== digest)
    return undefined;
  // Bytes that are no UTF-8 read like others.
  if (Buffer.compare(Buffer.from(text, 'utf8'), bytes) !== 0) return undefined;
  const bundle = parseBundle(`${signed}}`);
  return (
    bundle && {
      bundle,
      signedDigest: hash('sha256', signed, 'buffer'),
      signature: Buffer.from(signature, 'base64'),
    }
  );
}

/** Only the shape: what it says is judged elsewhere. */
function parseBundle(text: string): ProofBundle | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isBundle(value) ? value : undefined;
}

function isBundle(value: unknown): value is ProofBundle {
  if (!isRecord(value)) return false;
  const { facts, segments, certificates, crls, identificativo, provider, message, unsealed } = value;
  return (
    typeof identificativo === 'string' &&
    typeof unsealed === 'number' &&
    isRecord(provider) &&
    areTexts(facts) &&
    areTexts(certificates) &&
    areTexts(crls) &&
    Array.isArray(segments) &&
    segments.every(isSegment) &&
    (message === null || isRecord(message))
  );
}

function isSegment(value: unknown): value is ProofSegment {
  if (!isRecord(value)) return false;
  const { header, size, root, headerPath, entries, stamps, statement, index } = value;
  return (
    typeof header === 'string' &&
    typeof size === 'number' &&
    typeof root === 'string' &&
    typeof statement === 'string' &&
    areTexts(headerPath) &&
    Array.isArray(entries) &&
    entries.every((each) => isRecord(each) && typeof each.line === 'string' && areTexts(each.path)) &&
    Array.isArray(stamps) &&
    stamps.every(
      (each) => isRecord(each) && typeof each.token === 'string' && typeof each.time === 'string',
    ) &&
    (index === null ||
      (isRecord(index) && typeof index.entry === 'string' && typeof index.sha256 === 'string'))
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
