/** What the log kept of messages that were issued with texts and a key no longer in use, and how they are written again. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MemoryBlobStore } from '../../src/blob/memory.ts';
import { collectSegments } from '../../src/blob/read-segments.ts';
import { sizeOf } from '../../src/lib/segments.ts';
import { parseHeaderBlock } from '../../src/mime/header.ts';
import type { MessageFacts } from '../../src/pec/facts.ts';
import type { GeneratedMessage } from '../../src/pec/generated.ts';
import { rebuildGenerated } from '../../src/pec/reproduction.ts';
import { assembleSignedMessage } from '../../src/smime/sign.ts';
import { rebuildDetached } from '../../src/smime/signed-data.ts';

export interface Kept {
  readonly at: number;
  readonly facts: MessageFacts;
  readonly generated: GeneratedMessage;
  /** Base64. */
  readonly enclosed?: string;
  /** Of the whole message as it was issued. */
  readonly sha256: string;
}

const { chains, issued } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../fixtures/issued/texts-1-profile-1.json'), 'utf8'),
) as { readonly chains: Readonly<Record<string, readonly string[]>>; readonly issued: readonly Kept[] };

export { issued };

const blobs = new MemoryBlobStore(() => 0);

/** The chain that it was signed with, DER, own certificate first. */
export function chainOf({ generated }: Kept): Buffer[] {
  return (chains[generated.signature?.certificate ?? ''] ?? []).map((der) => Buffer.from(der, 'base64'));
}

/** The bytes, from values and the signature of then. */
export async function writeAgain(kept: Kept): Promise<Uint8Array> {
  const { at, facts, generated, enclosed } = kept;
  const bytes = Buffer.from(enclosed ?? '', 'base64');
  const original = { header: parseHeaderBlock(bytes), segments: [bytes], eightBit: false };
  const built = rebuildGenerated({
    facts,
    at,
    generated,
    ...(enclosed === undefined ? {} : { enclosed: original }),
  });
  const content = await collectSegments(blobs, built.content, sizeOf(built.content));
  const cms = rebuildDetached({
    contentDigest: hash('sha256', content, 'buffer'),
    signingTime: at,
    chain: chainOf(kept),
    value: Buffer.from(generated.signature?.value ?? '', 'base64'),
  });
  const message = assembleSignedMessage(built, cms);
  return collectSegments(blobs, message, sizeOf(message));
}
