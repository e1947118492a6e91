/** Looks into the files that a configuration names: whether keys, certificates and names fit together. */
import { X509Certificate } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigError, type ConfigProblem } from '../config/config-error.ts';
import type { Config } from '../config/schema.ts';
import { readTlsSecret } from '../config/secrets.ts';
import { checkCertificateAddress, checkOwnCertificate } from '../points/own-certificate.ts';
import { parseCertificate } from '../smime/certificate.ts';
import { openDkimKey, openSigner, readCertificates, readTrust } from '../wire.ts';

/**
 * @throws {ConfigError} with every problem found: what would keep the provider from starting or from being believed.
 */
export function checkFiles(config: Config, file: string): void {
  const problems = [
    ...listProblems('tls', () => checkTls(config)),
    ...listProblems('signing', () => checkSigning(config)),
    ...listProblems('trust', () => void readTrust(config)),
    ...listProblems('index', () => checkIndex(config)),
    ...listProblems('published', () => checkPublished(config)),
    ...listProblems('dkim', () => void openDkimKey(config)),
  ];
  if (problems.length > 0) throw new ConfigError(file, problems);
}

function listProblems(path: string, check: () => void): readonly ConfigProblem[] {
  try {
    check();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    return [{ path, text: error instanceof Error ? error.message : String(error) }];
  }
}

function checkTls(config: Config): void {
  const { certificatePem, keyPem } = readTlsSecret(config);
  createSecureContext({ cert: certificatePem, key: keyPem });
  const certificate = new X509Certificate(certificatePem);
  const { hostname } = config.provider;
  if (certificate.checkHost(hostname) === undefined && certificate.checkIP(hostname) === undefined)
    throw new Error(`${config.tls.certificate} is not for ${hostname}, which mail programs connect to`);
  checkValidity(certificate, config.tls.certificate);
}

function checkSigning(config: Config): void {
  const [certificate] = openSigner(config).chain;
  const address = `posta-certificata@${config.provider.domain}`;
  const problems = checkOwnCertificate({ certificate, address, at: Date.now() });
  if (problems.length > 0) throw new Error(problems.join('; '));
}

/** What `pec index publish` would refuse. */
function checkPublished({ provider, published }: Config): void {
  const address = `posta-certificata@${provider.domain}`;
  const certificates = readCertificates('published.certificates', published.certificates);
  const problems = certificates.flatMap((der) => checkCertificateAddress(parseCertificate(der), address));
  if (problems[0] !== undefined) throw new Error(problems[0]);
  for (const { certificates: files } of published.secondary)
    readCertificates('published.secondary', files).forEach(parseCertificate);
}

function checkValidity(certificate: X509Certificate, name: string): void {
  const now = Date.now();
  if (Date.parse(certificate.validTo) < now) throw new Error(`${name} expired on ${certificate.validTo}`);
  if (Date.parse(certificate.validFrom) > now)
    throw new Error(`${name} is valid only from ${certificate.validFrom} on`);
}

function checkIndex({ index }: Config): void {
  if (index.kind === 'file') accessSync(index.path, constants.R_OK);
}
