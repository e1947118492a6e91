/**
 * Signatures and verifications a second, end to end on a message of 10 KB: hash, attributes, RSA, CMS, MIME;
 * and back: structure, digest, signature, chain. `node bench/smime.ts [seconds]`
 */
import { createHash } from 'node:crypto';
import { createPemSigner } from '../src/keys/pem.ts';
import { decodePem } from '../src/lib/pem.ts';
import { scanMessage } from '../src/mime/part-scanner.ts';
import { decodeTransfer } from '../src/mime/transfer.ts';
import { createDevelopmentCa } from '../src/pki/development-ca.ts';
import { issueProviderCertificate } from '../src/pki/issue.ts';
import { signMessage } from '../src/smime/sign.ts';
import { locateSignature } from '../src/smime/signed-parts.ts';
import { livePolicy, parseTrust } from '../src/smime/trust.ts';
import { verifySignedMessage } from '../src/smime/verify.ts';

const seconds = Number(process.argv[2] ?? 3);
const now = Date.now();
const crlUrl = 'http://localhost/crl';
const ca = await createDevelopmentCa({
  organization: 'Bench',
  mailDomains: ['alfa.test'],
  crlUrl,
  rootCrlUrl: crlUrl,
  at: now,
});
const key = await issueProviderCertificate(ca, { providerName: 'Alfa', domain: 'alfa.test', at: now });
const signer = createPemSigner(key);
const content = Buffer.alloc(10_240, 'Content-Type: text/plain\r\n\r\nPosta elettronica certificata\r\n');
const header = Buffer.from('From: posta-certificata@alfa.test\r\nSubject: prova\r\n');

async function signOne(): Promise<Buffer> {
  const contentDigest = createHash('sha256').update(content).digest();
  const unsigned = { header, content: [content], boundary: 'confine', eightBit: false };
  return Buffer.concat(
    (await signMessage(unsigned, { contentDigest, signingTime: now, signer })).segments as Uint8Array[],
  );
}

const trust = parseTrust({ anchors: decodePem('CERTIFICATE', ca.root.certificatePem) });
const policy = { ...livePolicy, revocation: 'none' } as const;
const signed = await signOne();

async function verifyOne(): Promise<void> {
  const tree = scanMessage(signed);
  const parts = locateSignature(tree);
  if ('code' in parts) throw new Error(parts.text);
  const { signature } = parts;
  const contentDigests = {
    sha256: createHash('sha256').update(signed.subarray(parts.start, parts.end)).digest(),
  };
  const cms = decodeTransfer(
    signature.transferEncoding,
    signed.subarray(signature.bodyStart, signature.bodyEnd),
  );
  const from = 'posta-certificata@alfa.test';
  if (!verifySignedMessage({ tree, cms, contentDigests, trust, policy, now, from }).ok)
    throw new Error('not good');
}

/** How often `work` ends in the time given, with `atOnce` under way, and what of the main thread it takes. */
async function measure(name: string, atOnce: number, work: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  const before = performance.eventLoopUtilization();
  let done = 0;
  const run = async () => {
    while (performance.now() - began < seconds * 1000) {
      await work();
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, run));
  const { utilization } = performance.eventLoopUtilization(before);
  const rate = (done / (performance.now() - began)) * 1000;
  console.log(`${name}: ${rate.toFixed(0)} a second; main thread busy ${(utilization * 100).toFixed(0)} %`);
}

await measure('sign 10 KB, RSA-2048, 16 at once', 16, signOne);
await measure('verify 10 KB with chain', 1, verifyOne);
