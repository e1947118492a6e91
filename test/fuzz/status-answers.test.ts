/** Answers of OCSP responders and NTP servers, from whoever sits in the network. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isAnswerTo, readSntpAnswer, SntpError } from '../../src/clock/sntp-packet.ts';
import { OcspError, readOcspResponse } from '../../src/smime/ocsp.ts';
import { issuedAt } from '../unit/pki/authority.ts';
import { authorityExtensions, makeCertificate } from '../unit/smime/certificates.ts';
import { buildOcspAnswer } from '../unit/smime/ocsp-answers.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 300);
const now = issuedAt + 86_400_000;
const issuer = await makeCertificate({ name: 'Radice', key: 'root', extensions: authorityExtensions });
const certificate = await makeCertificate({ name: 'Foglia', key: 'leaf', issuer, issuerKey: 'root' });
const revoked = Buffer.from(
  buildOcspAnswer({
    about: certificate,
    issuer,
    state: { revokedAt: now - 1000 },
    thisUpdate: now - 1000,
    nextUpdate: now + 1000,
    signedWith: 'root',
  }),
);

/** What the bytes say, or undefined for a refusal; anything else that is thrown fails the test. */
function readState(bytes: Uint8Array): string | undefined {
  try {
    return readOcspResponse(bytes, { certificate, issuer }, now).state;
  } catch (error) {
    assert.ok(error instanceof OcspError, String(error));
    return undefined;
  }
}

test('any bytes are refused as an OCSP answer', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => readState(bytes) === undefined));
});

test('an OCSP answer that was changed says what it said, or nothing', () => {
  const change = fc.record({ at: fc.nat(revoked.length - 1), to: fc.nat(255), cut: fc.nat(20) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const changed = Buffer.from(revoked);
      for (const { at, to } of changes) changed[at] = to;
      const end = changes[0]?.cut === 0 ? revoked.length - 7 : revoked.length;
      const state = readState(changed.subarray(0, end));
      return state === undefined || state === 'revoked';
    }),
    { numRuns },
  );
});

test('any packet is an NTP answer with a time, or refused', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 80 }),
      fc.uint8Array({ minLength: 8, maxLength: 8 }),
      (bytes, cookie) => {
        if (!isAnswerTo(bytes, cookie) && bytes.length < 48) return;
        const packet = Buffer.alloc(Math.max(48, bytes.length));
        packet.set(bytes);
        try {
          const { receivedAt, sentAt, rootErrorMs } = readSntpAnswer(packet);
          assert.ok(Number.isFinite(receivedAt) && sentAt >= receivedAt && rootErrorMs >= 0);
        } catch (error) {
          assert.ok(error instanceof SntpError, String(error));
        }
      },
    ),
  );
});
