/**
 * Messages that real providers sent, where they are at hand: a folder beside this project. They are looked at
 * with the authority and the index entry taken from the messages themselves, as an operator would configure them.
 */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { scanMessage } from '../../src/mime/part-scanner.ts';
import { decodeTransfer } from '../../src/mime/transfer.ts';
import { describeMessage } from '../../src/points/message-report.ts';
import { createIndex } from '../../src/provider-index/index-from-records.ts';
import { isProblem, readSignedData } from '../../src/smime/signed-data-reader.ts';
import { archivePolicy, parseTrust } from '../../src/smime/trust.ts';

const folder = resolve(import.meta.dirname, '../../../shared/samples/real');

/** What each is, and whether its publisher left the signed bytes alone. */
const samples = [
  ['oca-accettazione.v10.eml', 'acceptance-receipt', true],
  ['oca-consegna.v10.eml', 'delivery-receipt', true],
  ['pmm-aruba2026-accettazione-inesistente.eml', 'acceptance-receipt', false],
  ['pmm-aruba2026-accettazione.eml', 'acceptance-receipt', false],
  ['pmm-aruba2026-avvenuta-consegna.eml', 'delivery-receipt', false],
  ['pmm-aruba2026-busta-trasporto.eml', 'transport-envelope', false],
  ['pmm-aruba2026-errore-consegna.eml', 'non-delivery-notice', false],
] as const;

for (const [name, kind, untouched] of samples) {
  const file = join(folder, name);
  // A copy of the project alone has no such folder: the rules these messages taught are in the project's own tests.
  test(`${name} is what it is`, {
    skip: existsSync(file) ? false : 'no real messages beside the project',
  }, () => {
    const message = readFileSync(file);
    const { signer, authorities } = readCertificates(message);
    const [address = ''] = /[\w.-]+@[\w.-]+/.exec(signer.subjectAltName ?? '') ?? [];
    const index = createIndex([
      {
        name: 'Gestore del campione',
        mailReceipt: address,
        managedDomains: [address.slice(address.indexOf('@') + 1)],
        certificates: [signer.raw],
        certificateHashes: [createHash('sha1').update(signer.raw).digest('hex')],
      },
    ]);
    const trust = parseTrust({ anchors: authorities.map(({ raw }) => raw) });
    const report = describeMessage({ message, trust, policy: archivePolicy, now: Date.now(), index });
    assert.equal(report.kind.code, kind);
    assert.equal(report.signature.provider, 'Gestore del campione');
    assert.deepEqual(
      report.signature.problems.map(({ code }) => code),
      untouched ? [] : ['digest-wrong'],
    );
    assert.equal(report.conclusion, untouched ? 'certified' : 'invalid');
  });
}

function readCertificates(message: Buffer): { signer: X509Certificate; authorities: X509Certificate[] } {
  const signature = scanMessage(message).children[1];
  assert.ok(signature, 'a signature part');
  const encoded = message.subarray(signature.bodyStart, signature.bodyEnd);
  const fields = readSignedData(decodeTransfer(signature.transferEncoding, encoded), 1 << 20);
  assert.ok(!isProblem(fields));
  const certificates = fields.certificates.map((der) => new X509Certificate(der));
  const signer = certificates.find(({ ca }) => !ca);
  assert.ok(signer, 'the signer’s certificate');
  return { signer, authorities: certificates.filter(({ ca }) => ca) };
}
