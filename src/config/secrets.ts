/**
 * The provider's secrets, read from the files that the configuration names. They never become part of `Config`, have no
 * `toString` worth logging and are handed only to what needs them. A key file that everybody may read is refused: a
 * provider whose key is copied certifies whatever the thief likes.
 */
import { readFileSync, statSync } from 'node:fs';
import { ConfigError } from './config-error.ts';
import type { Config } from './schema.ts';

/** Holds the password of the PKCS#12 file when `signing.passwordFile` is null. */
export const SIGNING_PASSWORD_VARIABLE = 'PEC_SIGNING_PASSWORD';

export type SigningSecret =
  | { readonly kind: 'pem'; readonly keyPem: string; readonly chainPem: string }
  | { readonly kind: 'pkcs12'; readonly bytes: Uint8Array; readonly password: string };

export interface TlsSecret {
  readonly certificatePem: string;
  readonly keyPem: string;
}

/** @throws {ConfigError} when a file is missing, unreadable or open to everybody. */
export function readTlsSecret(config: Config): TlsSecret {
  return {
    certificatePem: readNamedFile('tls.certificate', config.tls.certificate).toString('utf8'),
    keyPem: readSecretFile('tls.key', config.tls.key).toString('utf8'),
  };
}

/**
 * The key of DKIM signatures; undefined when none is configured.
 * @throws {ConfigError} when the file is missing, unreadable or open to everybody.
 */
export function readDkimSecret({ dkim }: Config): string | undefined {
  return dkim === null ? undefined : readSecretFile('dkim.key', dkim.key).toString('utf8');
}

/** @throws {ConfigError} when a file is missing, unreadable or open to everybody, or no password is given. */
export function readSigningSecret(config: Config): SigningSecret {
  const { signing } = config;
  if (signing.kind === 'pem')
    return {
      kind: 'pem',
      keyPem: readSecretFile('signing.key', signing.key).toString('utf8'),
      chainPem: readNamedFile('signing.chain', signing.chain).toString('utf8'),
    };
  const bytes = readSecretFile('signing.file', signing.file);
  return { kind: 'pkcs12', bytes, password: readPkcs12Password(signing.passwordFile) };
}

/**
 * The certificates in the files of one setting, PEM text each.
 * @throws {ConfigError} when a file cannot be read.
 */
export function readCertificateFiles(setting: string, files: readonly string[]): readonly string[] {
  return files.map((file) => readNamedFile(setting, file).toString('utf8'));
}

/**
 * The password in the first line of a file that one setting names.
 * @throws {ConfigError} when it is missing, unreadable or open to everybody.
 */
export function readPasswordFile(setting: string, file: string): string {
  return readSecretFile(setting, file)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}

/** A key with its certificates, PEM both, that one setting names. @throws {ConfigError} as above. */
export function readKeyFiles(
  setting: string,
  { key, chain }: { readonly key: string; readonly chain: string },
): { readonly keyPem: string; readonly chainPem: string } {
  return {
    keyPem: readSecretFile(setting, key).toString('utf8'),
    chainPem: readNamedFile(setting, chain).toString('utf8'),
  };
}

function readPkcs12Password(passwordFile: string | null): string {
  if (passwordFile !== null)
    return readSecretFile('signing.passwordFile', passwordFile)
      .toString('utf8')
      .replace(/\r?\n$/, '');
  const password = process.env[SIGNING_PASSWORD_VARIABLE];
  if (password === undefined)
    fail('signing.passwordFile', `name a file with the password, or set ${SIGNING_PASSWORD_VARIABLE}`);
  return password;
}

function readSecretFile(setting: string, file: string): Buffer {
  const bytes = readNamedFile(setting, file);
  if ((statSync(file).mode & 0o007) !== 0)
    fail(setting, `${file} is open to every user of this machine; run: chmod 600 ${file}`);
  return bytes;
}

function readNamedFile(setting: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') fail(setting, `there is no file ${file}`);
    if (code === 'EACCES') fail(setting, `${file} may not be read by this user`);
    throw error;
  }
}

function fail(setting: string, text: string): never {
  throw new ConfigError('in force', [{ path: setting, text }]);
}
