/**
 * The world around the providers of a scenario: development authority, keys and provider index. Keys are costly,
 * so they are made once a process; the files stand in a folder that goes with the process.
 */
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPemSigner } from '../../src/keys/pem.ts';
import type { Signer } from '../../src/keys/signer.ts';
import { decodePem } from '../../src/lib/pem.ts';
import { createDevelopmentCa, type DevelopmentCa } from '../../src/pki/development-ca.ts';
import { type IssuedKey, issueProviderCertificate, issueTlsCertificate } from '../../src/pki/issue.ts';
import { buildIndex } from '../../src/provider-index/index-ldif.ts';
import type { IndexedProvider } from '../../src/provider-index/provider-index.ts';

/** `gamma` is in the index like the others and has no server: a test plays it. */
export const providerNames = {
  alfa: 'Gestore Alfa S.p.A.',
  beta: 'Gestore Beta S.p.A.',
  gamma: 'Gestore Gamma S.p.A.',
} as const;
export type ProviderKey = keyof typeof providerNames;

export interface ScenarioPki {
  readonly ca: DevelopmentCa;
  readonly caFile: string;
  readonly issuingFile: string;
  readonly indexFile: string;
  readonly tls: IssuedKey & { readonly certificateFile: string; readonly keyFile: string };
  readonly providers: Readonly<Record<ProviderKey, ProviderKeys>>;
}

export interface ProviderKeys extends IssuedKey {
  readonly chainFile: string;
  readonly keyFile: string;
  readonly signer: Signer;
}

const organization = 'Scenario PEC';
const keys = Object.keys(providerNames) as ProviderKey[];
/** Certificates are older than the mail, as they are in life. */
const issuedAt = Date.now() - 30 * 24 * 3_600_000;

let shared: Promise<ScenarioPki> | undefined;

/** The same for everything in the process. */
export function sharedPki(): Promise<ScenarioPki> {
  shared ??= makePki();
  return shared;
}

export function domainOfProvider(key: ProviderKey): string {
  return `${key}.test`;
}

/** A domain that the index gives to the provider and that is not set up there: errore "no-dominio". */
export function bareDomainOfProvider(key: ProviderKey): string {
  return `${key}-nuovo.test`;
}

async function makePki(): Promise<ScenarioPki> {
  const folder = mkdtempSync(join(tmpdir(), 'openpec-pki-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const save = (name: string, content: string | Uint8Array) => {
    const file = join(folder, name);
    writeFileSync(file, content, { mode: 0o600 });
    return file;
  };
  const ca = await createDevelopmentCa({
    organization,
    mailDomains: keys.map(domainOfProvider),
    crlUrl: 'http://crl.scenario.test/mail.crl',
    rootCrlUrl: 'http://crl.scenario.test/root.crl',
    at: issuedAt,
  });
  const issue = async (key: ProviderKey): Promise<ProviderKeys> => {
    const issued = await issueKeyOf(ca, key);
    const chainFile = save(`${key}.pem`, issued.chainPem);
    return {
      ...issued,
      chainFile,
      keyFile: save(`${key}.key`, issued.keyPem),
      signer: createPemSigner(issued),
    };
  };
  const [alfa, beta, gamma] = await Promise.all([issue('alfa'), issue('beta'), issue('gamma')]);
  const providers = { alfa, beta, gamma };
  const tls = await issueTlsCertificate(ca, { hosts: ['localhost', '127.0.0.1'], at: issuedAt });
  return {
    ca,
    caFile: save('ca.pem', ca.root.certificatePem),
    issuingFile: save('issuing.pem', ca.mail.certificatePem),
    indexFile: save('index.ldif', buildIndex(keys.map((key) => describe(key, providers[key])))),
    tls: {
      ...tls,
      certificateFile: save('tls.pem', tls.chainPem),
      keyFile: save('tls.key', tls.keyPem),
    },
    providers,
  };
}

function issueKeyOf(ca: DevelopmentCa, key: ProviderKey): Promise<IssuedKey> {
  return issueProviderCertificate(ca, {
    providerName: providerNames[key],
    domain: domainOfProvider(key),
    at: issuedAt,
  });
}

function describe(key: ProviderKey, { certificatePem }: IssuedKey): IndexedProvider {
  const certificates = decodePem('CERTIFICATE', certificatePem);
  return {
    name: providerNames[key],
    mailReceipt: `ricevute-gestore@${domainOfProvider(key)}`,
    managedDomains: [domainOfProvider(key), bareDomainOfProvider(key)],
    certificates,
    certificateHashes: certificates.map((der) => createHash('sha1').update(der).digest('hex')),
  };
}
