/**
 * TLS certificates for tests, made once a process with openssl (elliptic curves: they take milliseconds). Nothing
 * is left on the disk.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestCertificate {
  readonly key: string;
  readonly cert: string;
}

export interface TestAuthority extends TestCertificate {
  /** A server certificate for the names (`DNS:…`, `IP:…`). `days` below zero makes an expired one. */
  issue(names: readonly string[], days?: number): TestCertificate;
}

function inFolder<T>(work: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'test-tls-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export function makeAuthority(name: string): TestAuthority {
  const { key, cert } = inFolder((folder) => {
    const [keyFile, certFile] = [join(folder, 'key'), join(folder, 'cert')];
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      keyFile,
      '-out',
      certFile,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
    );
    return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
  });
  return { key, cert, issue: (names, days = 2) => issueCertificate({ key, cert }, names, days) };
}

function issueCertificate(ca: TestCertificate, names: readonly string[], days: number): TestCertificate {
  return inFolder((folder) => {
    const file = (name: string) => join(folder, name);
    writeFileSync(file('ca.key'), ca.key);
    writeFileSync(file('ca.cert'), ca.cert);
    writeFileSync(file('extensions'), `subjectAltName=${names.join(',')}\n`);
    openssl('req', ...newKey, '-keyout', file('key'), '-out', file('request'), '-subj', '/CN=test');
    const signing = ['-CA', file('ca.cert'), '-CAkey', file('ca.key'), '-CAcreateserial'];
    const validity = days > 0 ? ['-days', String(days)] : ['-days', '0'];
    const request = ['-req', '-in', file('request'), '-out', file('cert'), '-extfile', file('extensions')];
    openssl('x509', ...request, ...signing, ...validity);
    return { key: readFileSync(file('key'), 'utf8'), cert: readFileSync(file('cert'), 'utf8') };
  });
}

let shared: TestAuthority | undefined;

/** The same authority for everything in a process, and from it the same certificate for the same names. */
export function testAuthority(): TestAuthority {
  shared ??= rememberIssued(makeAuthority('Test authority'));
  return shared;
}

function rememberIssued(authority: TestAuthority): TestAuthority {
  const issued = new Map<string, TestCertificate>();
  const issue = (names: readonly string[], days = 2) => {
    const key = JSON.stringify([names, days]);
    const certificate = issued.get(key) ?? authority.issue(names, days);
    issued.set(key, certificate);
    return certificate;
  };
  return { ...authority, issue };
}
