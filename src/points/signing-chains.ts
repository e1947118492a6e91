/**
 * The certificates this provider has signed with, kept for ever: a receipt written again from the log carries
 * the chain of its day, also after the key was renewed.
 */
import { hash } from 'node:crypto';
import { decodeSegments, encodeSegments } from '../content/segment-codec.ts';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { Signer } from '../keys/signer.ts';
import type { Instant } from '../lib/time.ts';

const names = new WeakMap<Uint8Array, string>();

/** SHA-256 of the signer's own certificate, lower-case hex: how the log names a key. */
export function nameCertificate({ chain }: Pick<Signer, 'chain'>): string {
  const [own] = chain;
  if (own === undefined) throw new Error('a signer without a certificate');
  const known = names.get(own);
  if (known !== undefined) return known;
  const name = hash('sha256', own, 'hex');
  names.set(own, name);
  return name;
}

/** Notes the chain in use; to be called before anything is signed with it. */
export async function keepChain(tx: Transaction, signer: Pick<Signer, 'chain'>, at: Instant): Promise<void> {
  await tx.run(
    'INSERT INTO signing_chain (certificate, chain, first_used_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    nameCertificate(signer),
    encodeSegments(signer.chain),
    at,
  );
}

/** The chain that goes with a certificate named in the log, DER, own certificate first. */
export async function findChain(tx: ReadTransaction, certificate: string): Promise<Uint8Array[] | undefined> {
  const row = await tx.get<{ chain: Uint8Array }>(
    'SELECT chain FROM signing_chain WHERE certificate = ?',
    certificate,
  );
  return row === undefined
    ? undefined
    : decodeSegments(row.chain).filter((part) => part instanceof Uint8Array);
}
