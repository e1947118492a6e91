/**
 * What the log kept of messages issued with texts and a key that are no longer in use. The key is gone for good: these
 * come back byte for byte for as long as this test stands, whatever the texts of today are.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { MemoryBlobStore } from '../../../src/blob/memory.ts';
import { collectSegments } from '../../../src/blob/read-segments.ts';
import { sizeOf } from '../../../src/lib/segments.ts';
import { parseHeaderBlock } from '../../../src/mime/header.ts';
import type { MessageFacts } from '../../../src/pec/facts.ts';
import type { GeneratedMessage } from '../../../src/pec/generated.ts';
import { rebuildGenerated } from '../../../src/pec/reproduction.ts';
import { assembleSignedMessage } from '../../../src/smime/sign.ts';
import { rebuildDetached } from '../../../src/smime/signed-data.ts';

interface Kept {
  readonly at: number;
  readonly facts: MessageFacts;
  readonly generated: GeneratedMessage;
  /** Base64. */
  readonly enclosed?: string;
  /** Of the whole message as it was issued. */
  readonly sha256: string;
}

const { chains, issued } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../fixtures/issued/texts-1-profile-1.json'), 'utf8'),
) as { readonly chains: Readonly<Record<string, readonly string[]>>; readonly issued: readonly Kept[] };

const blobs = new MemoryBlobStore(() => 0);

for (const { at, facts, generated, enclosed, sha256 } of issued) {
  const form = 'receiptKind' in generated ? ` ${generated.receiptKind}` : '';
  test(`texts ${generated.textsVersion}: ${generated.kind}${form} comes back as it was issued`, async () => {
    const bytes = Buffer.from(enclosed ?? '', 'base64');
    const original = { header: parseHeaderBlock(bytes), segments: [bytes], eightBit: false };
    const built = rebuildGenerated({
      facts,
      at,
      generated,
      ...(enclosed === undefined ? {} : { enclosed: original }),
    });
    const content = await collectSegments(blobs, built.content, sizeOf(built.content));
    const { certificate = '', value = '' } = generated.signature ?? {};
    const cms = rebuildDetached({
      contentDigest: createHash('sha256').update(content).digest(),
      signingTime: at,
      chain: (chains[certificate] ?? []).map((der) => Buffer.from(der, 'base64')),
      value: Buffer.from(value, 'base64'),
    });
    const message = assembleSignedMessage(built, cms);
    const whole = await collectSegments(blobs, message, sizeOf(message));
    assert.equal(createHash('sha256').update(whole).digest('hex'), sha256);
  });
}

test('the record holds every kind', () => {
  assert.equal(new Set(issued.map(({ generated }) => generated.kind)).size, 10);
});
