/** What the sandbox is made of: two providers, their mailboxes, their usual ports and where their files stand. */
import { join } from 'node:path';

export const portNames = [
  'submission',
  'submissions',
  'mx',
  'imap',
  'imaps',
  'pop3',
  'pop3s',
  'https',
] as const;
export type PortName = (typeof portNames)[number];

export interface SandboxProvider {
  /** Folder name and short name. */
  readonly key: string;
  readonly name: string;
  readonly domain: string;
  readonly preferredPorts: Readonly<Record<PortName, number>>;
}

export const sandboxProviders: readonly SandboxProvider[] = [
  { key: 'alfa', name: 'Gestore Alfa S.p.A.', domain: 'alfa.test', preferredPorts: portsFrom(2000) },
  { key: 'beta', name: 'Gestore Beta S.p.A.', domain: 'beta.test', preferredPorts: portsFrom(3000) },
];

/** A provider that is in the index and never answers: what is written to it runs into the time limits. */
export const absentProvider = { name: 'Gestore Assente S.p.A.', domain: 'assente.test' } as const;

/** Left sides of the mailboxes each provider has; `piena` has no room left. */
export const mailboxNames = ['mario.rossi', 'anna.bianchi', 'protocollo', 'piena'] as const;
export const fullMailbox = 'piena';

function portsFrom(base: number): Record<PortName, number> {
  return {
    submission: base + 587,
    submissions: base + 465,
    mx: base + 525,
    imap: base + 143,
    imaps: base + 993,
    pop3: base + 110,
    pop3s: base + 995,
    https: base + 443,
  };
}

/** The files of a sandbox below its folder. */
export function sandboxFiles(folder: string) {
  return {
    folder,
    endpoints: join(folder, 'endpoints.json'),
    /** The root that mail programs and openssl trust. */
    caCertificate: join(folder, 'ca.pem'),
    /** The authority with its keys. */
    authority: join(folder, 'ca', 'authority.json'),
    issuingCertificates: join(folder, 'ca', 'issuing.pem'),
    /** The time-stamp authority that both providers ask. */
    stampKey: join(folder, 'ca', 'time-stamp.key'),
    stampChain: join(folder, 'ca', 'time-stamp.pem'),
    absentCertificate: join(folder, 'ca', 'assente.pem'),
    index: join(folder, 'index', 'index.ldif.p7m'),
    passwords: join(folder, 'passwords.json'),
    /** How far ahead the clock is, and how far the running sandbox has taken it over. */
    clock: join(folder, 'clock.json'),
    clockTaken: join(folder, 'clock-taken.json'),
    provider: (key: string) => ({
      folder: join(folder, key),
      config: join(folder, key, 'config.json'),
      data: join(folder, key, 'data'),
      signingKey: join(folder, key, 'keys', 'signing.key'),
      signingChain: join(folder, key, 'keys', 'signing.pem'),
      dkimKey: join(folder, key, 'keys', 'dkim.key'),
      tlsKey: join(folder, key, 'keys', 'tls.key'),
      tlsCertificate: join(folder, key, 'keys', 'tls.pem'),
      log: join(folder, key, 'provider.log'),
    }),
  };
}

export type SandboxFiles = ReturnType<typeof sandboxFiles>;
