/** What the log gives back, openssl accepts: every kind, after the key was renewed, and the attested duplicate. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { collectSegments } from '../../src/blob/read-segments.ts';
import { createPemSigner } from '../../src/keys/pem.ts';
import { encodePem } from '../../src/lib/pem.ts';
import { sizeOf } from '../../src/lib/segments.ts';
import { issueProviderCertificate } from '../../src/pki/issue.ts';
import { wireKindOf } from '../../src/points/issued-kinds.ts';
import { reproduceReceipt } from '../../src/points/reproduction.ts';
import { makeFolder } from '../support/folder.ts';
import { chainOf, issued, writeAgain } from '../support/issued-in-the-past.ts';
import { issueEveryKind, readIssued } from '../support/issued-receipts.ts';
import { workday } from '../support/point-parts.ts';
import { authority, issuedAt } from '../unit/pki/authority.ts';

it('openssl cms accepts every receipt written again', async (t) => {
  const points = await issueEveryKind(t);
  const folder = makeFolder(t);
  const file = (name: string) => join(folder, name);
  writeFileSync(file('root.pem'), authority.root.certificatePem);
  const renewed = createPemSigner(
    await issueProviderCertificate(authority, {
      providerName: 'Gestore Alfa S.p.A.',
      domain: 'alfa.test',
      at: issuedAt,
    }),
  );
  const parts = { ...points.parts, signer: () => renewed, prove: async () => undefined };
  const verify = async (request: Parameters<typeof reproduceReceipt>[1]) => {
    const { segments, form } = await reproduceReceipt(parts, request);
    writeFileSync(file('receipt.eml'), await collectSegments(points.blobs, segments, sizeOf(segments)));
    const time = ['-attime', String(workday / 1000)];
    const args = ['-in', file('receipt.eml'), '-CAfile', file('root.pem'), '-purpose', 'any', ...time];
    execFileSync('openssl', ['cms', '-verify', ...args, '-out', '/dev/null'], { stdio: 'pipe' });
    return form;
  };
  const now = await readIssued(points);
  assert.ok(now.length > 15);
  for (const { facts, generated } of now) {
    const kind = wireKindOf(generated.kind);
    assert.ok(kind !== undefined);
    const { identificativo } = facts;
    const { messageId } = generated;
    assert.equal(await verify({ identificativo, kind, messageId, requestedBy: 'anna' }), 'exact');
    if (generated.kind !== 'delivery-receipt' || generated.receiptKind === 'sintetica') continue;
    const attested = await verify({ identificativo, kind, messageId, requestedBy: 'anna', attest: true });
    assert.equal(attested, 'attested');
  }
});

it('openssl cms accepts what was issued with texts and a key no longer in use', async (t) => {
  const folder = makeFolder(t);
  for (const kept of issued) {
    const [, issuer = Buffer.alloc(0)] = chainOf(kept);
    writeFileSync(join(folder, 'issuer.pem'), encodePem('CERTIFICATE', issuer));
    writeFileSync(join(folder, 'receipt.eml'), await writeAgain(kept));
    const anchor = ['-CAfile', 'issuer.pem', '-partial_chain', '-attime', String(Math.floor(kept.at / 1000))];
    const args = ['-in', 'receipt.eml', '-purpose', 'any', ...anchor, '-out', '/dev/null'];
    execFileSync('openssl', ['cms', '-verify', ...args], { cwd: folder, stdio: 'pipe' });
  }
});
