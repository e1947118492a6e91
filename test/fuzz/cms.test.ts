/**
 * Signatures from anywhere: no bytes make verification throw or accept, and on signatures that were tampered
 * with a little we and PKI.js, an implementation that shares nothing with ours, come to the same end.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import * as asn1js from 'asn1js';
import fc from 'fast-check';
import * as pkijs from 'pkijs';
import { BerError, encodeDefinite, parseBer } from '../../src/lib/ber.ts';
import { encodeTime } from '../../src/lib/der.ts';
import { decodePem } from '../../src/lib/pem.ts';
import { CertificateError, parseCertificate } from '../../src/smime/certificate.ts';
import { parseRevocationList, RevocationListError } from '../../src/smime/revocation-list.ts';
import { livePolicy, parseTrust } from '../../src/smime/trust.ts';
import { verifyAttached, verifyDetached } from '../../src/smime/verify.ts';
import { authority, issuedAt, provider } from '../unit/pki/authority.ts';
import { buildVariant } from '../unit/smime/cms-variants.ts';

const content = Buffer.from('Content-Type: text/plain\r\n\r\nprova\r\n');
const contentDigests = { sha256: createHash('sha256').update(content).digest() };
const trust = parseTrust({ anchors: decodePem('CERTIFICATE', authority.root.certificatePem) });
const policy = { ...livePolicy, revocation: 'none' } as const;
const usual = { content, signingTime: issuedAt, keyPem: provider.keyPem, chainPem: provider.chainPem };
const good = Buffer.from(buildVariant(usual));
const forms = [good, Buffer.from(buildVariant({ ...usual, indefinite: true }))];
const runs = Number(process.env.FUZZ_RUNS ?? 300);

function judge(cms: Uint8Array) {
  return verifyDetached({ cms, contentDigests, trust, policy, now: issuedAt });
}

/** One of the good signatures with a few bytes changed, removed or doubled. */
const tampered = fc
  .tuple(
    fc.constantFrom(...forms),
    fc.array(
      fc.tuple(fc.nat(10_000), fc.integer({ min: 0, max: 255 }), fc.constantFrom('set', 'cut', 'double')),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  )
  .map(([form, changes]) => changes.reduce(change, Buffer.from(form)));

function change(bytes: Buffer, [where, value, how]: [number, number, string]): Buffer {
  const at = where % Math.max(bytes.length, 1);
  if (how === 'cut') return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
  if (how === 'double') return Buffer.concat([bytes.subarray(0, at + 1), bytes.subarray(at)]);
  const changed = Buffer.from(bytes);
  changed[at] = value;
  return changed;
}

/** PKI.js on the signature alone, without chain: true, false, or undefined when it cannot read it. */
async function askPkijs(cms: Uint8Array): Promise<boolean | undefined> {
  try {
    const parsed = asn1js.fromBER(Uint8Array.from(cms).buffer);
    if (parsed.offset === -1) return undefined;
    const info = new pkijs.ContentInfo({ schema: parsed.result });
    const signed = new pkijs.SignedData({ schema: info.content });
    return await signed.verify({ signer: 0, data: Uint8Array.from(content).buffer, checkChain: false });
  } catch {
    return undefined;
  }
}

describe('any bytes', () => {
  const anything = fc.oneof(fc.uint8Array({ maxLength: 400 }), tampered);

  it('are refused as a signature without a throw, unless they say the very same', () => {
    fc.assert(
      fc.property(anything, (cms) => {
        const verdict = judge(cms);
        assert.equal(verdict.ok, verdict.problems.length === 0);
        // Whatever still verifies names the same signer and the same time.
        if (verdict.ok) assert.equal(verdict.signingTime, issuedAt);
        verifyAttached({ cms, trust, policy, now: issuedAt });
      }),
      { numRuns: runs },
    );
  });

  it('are read as BER, certificate or revocation list, or refused with the error promised', () => {
    fc.assert(
      fc.property(anything, (bytes) => {
        const attempts = [
          [() => encodeDefinite(parseBer(bytes)), BerError],
          [() => parseCertificate(bytes), CertificateError],
          [() => parseRevocationList(bytes), RevocationListError],
        ] as const;
        for (const [attempt, promised] of attempts)
          try {
            attempt();
          } catch (error) {
            assert.ok(error instanceof promised, String(error));
          }
      }),
      { numRuns: runs },
    );
  });
});

describe('a tampered signature', () => {
  it('that we accept, PKI.js does not find wrong', async () => {
    await fc.assert(
      fc.asyncProperty(tampered, async (cms) => {
        if (judge(cms).ok) assert.notEqual(await askPkijs(cms), false);
      }),
      { numRuns: runs },
    );
  });

  it('is refused at each bit that the signature covers', () => {
    const time = good.indexOf(encodeTime(issuedAt));
    const digest = good.indexOf(contentDigests.sha256);
    const signature = good.length - 256;
    fc.assert(
      fc.property(
        fc.constantFrom([time + 2, 12], [digest, 32], [signature, 256]),
        fc.nat(255),
        fc.nat(7),
        ([start = 0, length = 1], offset, bit) => {
          const altered = Buffer.from(good);
          const at = start + (offset % length);
          altered[at] = (altered[at] ?? 0) ^ (1 << bit);
          assert.equal(judge(altered).ok, false);
        },
      ),
      { numRuns: runs },
    );
  });
});

describe('PKI.js', () => {
  it('finds our signatures good', async () => {
    for (const form of forms) assert.equal(await askPkijs(form), true);
  });
});
