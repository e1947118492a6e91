/** The provider index of the sandbox: both providers and the absent one, signed as AgID signs the real one. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { decodePem } from '../lib/pem.ts';
import type { Instant } from '../lib/time.ts';
import type { DevelopmentCa } from '../pki/development-ca.ts';
import { issueSigningCertificate } from '../pki/issue.ts';
import { buildIndex } from '../provider-index/index-ldif.ts';
import type { IndexedProvider } from '../provider-index/provider-index.ts';
import { buildSignedLdif } from '../provider-index/signed-ldif.ts';
import { createPemSigner } from '../wire.ts';
import { absentProvider, type SandboxFiles, type SandboxProvider, sandboxProviders } from './places.ts';

export async function writeIndex(files: SandboxFiles, ca: DevelopmentCa, at: Instant): Promise<void> {
  const ldif = buildIndex([
    ...sandboxProviders.map((provider) => describe(provider, files.provider(provider.key).signingChain)),
    describe(absentProvider, files.absentCertificate),
  ]);
  const issued = await issueSigningCertificate(ca, {
    commonName: 'Indice dei gestori (sandbox)',
    organization: 'Sandbox PEC',
    purpose: 'emailProtection',
    at,
  });
  const signed = await buildSignedLdif(ldif, createPemSigner(issued), at);
  mkdirSync(dirname(files.index), { recursive: true, mode: 0o700 });
  writeFileSync(files.index, signed);
}

function describe(
  { name, domain }: Pick<SandboxProvider, 'name' | 'domain'>,
  certificateFile: string,
): IndexedProvider {
  const pem = readFileSync(certificateFile, 'utf8');
  const certificates = decodePem('CERTIFICATE', pem).slice(0, 1);
  return {
    name,
    mailReceipt: `ricevute-gestore@${domain}`,
    managedDomains: [domain],
    certificates,
    certificateHashes: certificates.map((der) => createHash('sha1').update(der).digest('hex')),
  };
}
