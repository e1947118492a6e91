/** What `pec init` writes beside the configuration: keys, whom to trust, and an index to begin with. */
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { ConfigInput } from '../config/schema.ts';
import { decodePem } from '../lib/pem.ts';
import { createDevelopmentCa, type DevelopmentCa } from '../pki/development-ca.ts';
import { issueProviderCertificate, issueTlsCertificate } from '../pki/issue.ts';
import { Pkcs12Error, readPkcs12 } from '../pki/pkcs12.ts';
import { buildIndex } from '../provider-index/index-ldif.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import type { NewFile } from './new-files.ts';
import type { Terminal } from './terminal.ts';

export interface SetupPlan {
  readonly files: readonly NewFile[];
  readonly settings: Pick<ConfigInput, 'tls' | 'signing' | 'trust' | 'index'>;
  /** For the person, when all is written. */
  readonly remarks: readonly string[];
}

export interface SetupRequest {
  readonly name: string;
  readonly domain: string;
  readonly hostname: string;
  /** Where the configuration goes. */
  readonly folder: string;
  /** Files that are there already; undefined = make development ones. */
  readonly tls: { readonly certificate: string; readonly key: string } | undefined;
}

export interface Pkcs12Request extends SetupRequest {
  readonly file: string;
  readonly passwordFile: string | undefined;
  readonly trust: readonly string[];
  readonly index: string | undefined;
}

/** An authority of its own, and all keys from it. */
export async function planDevelopmentKeys(request: SetupRequest): Promise<SetupPlan> {
  const { folder, name, domain } = request;
  const ca = await createAuthority(request);
  const signing = await issueProviderCertificate(ca, { providerName: name, domain, at: Date.now() });
  const tls = await planTls(request, ca);
  return {
    files: [
      { file: join(folder, 'development-ca.json'), content: JSON.stringify(ca, null, 2), mode: 0o600 },
      { file: join(folder, 'keys/signing.key'), content: signing.keyPem, mode: 0o600 },
      { file: join(folder, 'keys/signing.pem'), content: signing.chainPem, mode: 0o644 },
      { file: join(folder, 'trust/ca.pem'), content: ca.root.certificatePem, mode: 0o644 },
      { file: join(folder, 'trust/issuing.pem'), content: ca.mail.certificatePem, mode: 0o644 },
      planOwnIndex(request, signing.chainPem),
      ...tls.files,
    ],
    settings: {
      tls: tls.settings,
      signing: { kind: 'pem', key: 'keys/signing.key', chain: 'keys/signing.pem' },
      // Nobody serves the lists of this authority.
      trust: { anchors: ['trust/ca.pem'], intermediates: ['trust/issuing.pem'], crl: 'off' },
      index: { kind: 'file', path: 'index/index.ldif' },
    },
    remarks: [
      'These are development keys: they certify nothing, and nobody else trusts them.',
      ...tls.remarks,
    ],
  };
}

/** The provider's own key; the file and its password are copied beside the configuration. */
export async function planPkcs12(request: Pkcs12Request, terminal: Terminal): Promise<SetupPlan> {
  const { folder, file, index } = request;
  const bytes = readGiven('--pkcs12', file);
  const password = await readPkcs12Password(request, terminal);
  const chainPem = openPkcs12(bytes, password, request.domain);
  const tls = await planTls(request, undefined);
  const ownIndex = planOwnIndex(request, chainPem);
  return {
    files: [
      { file: join(folder, 'keys/signing.p12'), content: bytes, mode: 0o600 },
      { file: join(folder, 'keys/signing.password'), content: `${password}\n`, mode: 0o600 },
      ...(index === undefined ? [ownIndex] : []),
      ...tls.files,
    ],
    settings: {
      tls: tls.settings,
      signing: { kind: 'pkcs12', file: 'keys/signing.p12', passwordFile: 'keys/signing.password' },
      trust: { anchors: request.trust.map((anchor) => resolve(anchor)) },
      index: chooseIndex(index),
    },
    remarks: [
      ...(index === undefined
        ? ['The provider index holds this provider alone: all other mail is ordinary mail to it.']
        : []),
      ...tls.remarks,
    ],
  };
}

function chooseIndex(index: string | undefined): ConfigInput['index'] {
  if (index === undefined) return { kind: 'file', path: 'index/index.ldif' };
  return index.startsWith('https:') ? { kind: 'https', url: index } : { kind: 'file', path: resolve(index) };
}

function createAuthority({ name, domain }: SetupRequest): Promise<DevelopmentCa> {
  return createDevelopmentCa({
    organization: name,
    mailDomains: [domain],
    crlUrl: `http://crl.${domain}/mail.crl`,
    rootCrlUrl: `http://crl.${domain}/root.crl`,
    at: Date.now(),
  });
}

interface TlsPlan {
  readonly files: readonly NewFile[];
  readonly settings: ConfigInput['tls'];
  readonly remarks: readonly string[];
}

async function planTls(request: SetupRequest, authority: DevelopmentCa | undefined): Promise<TlsPlan> {
  const { folder, hostname, tls } = request;
  if (tls !== undefined)
    return {
      files: [],
      settings: { certificate: resolve(tls.certificate), key: resolve(tls.key) },
      remarks: [],
    };
  const ca = authority ?? (await createAuthority(request));
  const issued = await issueTlsCertificate(ca, {
    hosts: [hostname, 'localhost', '127.0.0.1'],
    at: Date.now(),
  });
  const ownRoot: NewFile = {
    file: join(folder, 'trust/tls-ca.pem'),
    content: ca.root.certificatePem,
    mode: 0o644,
  };
  return {
    files: [
      { file: join(folder, 'keys/tls.key'), content: issued.keyPem, mode: 0o600 },
      { file: join(folder, 'keys/tls.pem'), content: issued.chainPem, mode: 0o644 },
      ...(authority === undefined ? [ownRoot] : []),
    ],
    settings: { certificate: 'keys/tls.pem', key: 'keys/tls.key' },
    remarks: [
      `TLS uses a development certificate for ${hostname}: mail programs must trust trust/${authority === undefined ? 'tls-ca' : 'ca'}.pem, or give a real one with --tls-certificate and --tls-key.`,
    ],
  };
}

/** An index with this provider alone, as it would publish itself (RFC 6109 §4.5). */
function planOwnIndex({ folder, name, domain }: SetupRequest, chainPem: string): NewFile {
  const certificates = decodePem('CERTIFICATE', chainPem).slice(0, 1);
  const certificateHashes = certificates.map((der) => createHash('sha1').update(der).digest('hex'));
  const mailReceipt = `ricevute-gestore@${domain}`;
  const record = { name, mailReceipt, managedDomains: [domain], certificates, certificateHashes };
  return { file: join(folder, 'index/index.ldif'), content: buildIndex([record]), mode: 0o644 };
}

function openPkcs12(bytes: Uint8Array, password: string, domain: string): string {
  try {
    const { chainPem } = readPkcs12(bytes, password);
    const address = `posta-certificata@${domain}`;
    if (!new X509Certificate(chainPem).subjectAltName?.toLowerCase().includes(`email:${address}`))
      throw new CommandFailure(
        exitCode.no,
        `The certificate is not for ${address} (RFC 6109 §2.1); is the domain right?`,
      );
    return chainPem;
  } catch (error) {
    if (error instanceof Pkcs12Error) throw new CommandFailure(exitCode.no, error.message, error);
    throw error;
  }
}

async function readPkcs12Password({ passwordFile }: Pkcs12Request, terminal: Terminal): Promise<string> {
  if (passwordFile !== undefined)
    return readGiven('--pkcs12-password-file', passwordFile)
      .toString('utf8')
      .replace(/\r?\n$/, '');
  if (!terminal.interactive)
    throw new CommandFailure(
      exitCode.usage,
      'No terminal to ask for the password: give --pkcs12-password-file.',
    );
  return terminal.askSecret('Password of the PKCS#12 file');
}

function readGiven(option: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandFailure(exitCode.usage, `${option}: ${file} cannot be read.`, error);
  }
}
