import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeBoolean, encodeNamedBits, encodeSequence } from '../../../src/lib/der.ts';
import {
  buildExtension,
  buildExtKeyUsage,
  buildKeyUsage,
  buildSubjectAltName,
  keyUsageBits,
} from '../../../src/pki/extensions.ts';
import type { ProblemCode } from '../../../src/smime/problems.ts';
import { checkSigner } from '../../../src/smime/signer-profile.ts';
import { archivePolicy, livePolicy } from '../../../src/smime/trust.ts';
import { makeCertificate, signerExtensions } from './certificates.ts';

const [usage, purpose, names] = signerExtensions() as [Uint8Array, Uint8Array, Uint8Array];
const uncriticalUsage = buildExtension('2.5.29.15', false, encodeNamedBits(0));
const basicConstraints = buildExtension('2.5.29.19', false, encodeSequence(encodeBoolean(false)));

describe('checkSigner', () => {
  const cases: Record<
    string,
    { extensions: Uint8Array[]; old?: true; live: ProblemCode[]; archive: ProblemCode[] }
  > = {
    'the profile': { extensions: [usage, purpose, names], live: [], archive: [] },
    'without purposes': { extensions: [usage, names], live: [], archive: [] },
    'a key of 1024 bits': {
      extensions: [usage, purpose, names],
      old: true,
      live: ['key-too-short'],
      archive: [],
    },
    'keyUsage not critical': { extensions: [uncriticalUsage, names], live: ['profile-wrong'], archive: [] },
    'no keyUsage': { extensions: [names], live: ['profile-wrong'], archive: [] },
    'basicConstraints present': {
      extensions: [usage, names, basicConstraints],
      live: ['profile-wrong'],
      archive: [],
    },
    'no address': {
      extensions: [usage],
      live: ['profile-wrong', 'address-mismatch'],
      archive: ['address-mismatch'],
    },
    'another address': {
      extensions: [usage, buildSubjectAltName({ mailAddresses: ['posta-certificata@beta.test'] })],
      live: ['address-mismatch'],
      archive: ['address-mismatch'],
    },
    'a key not for signing': {
      extensions: [buildKeyUsage(keyUsageBits.keyCertSign), names],
      live: ['usage-wrong'],
      archive: ['usage-wrong'],
    },
    'a purpose that is not mail': {
      extensions: [usage, buildExtKeyUsage(['1.3.6.1.5.5.7.3.1']), names],
      live: ['purpose-wrong'],
      archive: ['purpose-wrong'],
    },
  };
  for (const [name, { extensions, old, live, archive }] of Object.entries(cases))
    it(name, async () => {
      const certificate = await makeCertificate({ name: 'Prova', key: old ? 'old' : 'leaf', extensions });
      const codes = (policy: typeof livePolicy) =>
        checkSigner(certificate, policy, 'Posta-Certificata@ALFA.test').map(({ code }) => code);
      assert.deepEqual(codes(livePolicy), live);
      assert.deepEqual(codes(archivePolicy), archive);
    });

  it('asks no provider profile of others who sign, and no address when there is none to compare', async () => {
    const certificate = await makeCertificate({
      name: 'Indice',
      key: 'leaf',
      extensions: [basicConstraints],
    });
    assert.deepEqual(checkSigner(certificate, { ...livePolicy, profile: 'any' }, undefined), []);
  });
});
