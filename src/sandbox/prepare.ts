/**
 * Makes what the sandbox needs on its first start and leaves alone what is there: authority, keys, index,
 * passwords. The configuration files are written anew each time, since ports can change.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { renderConfigFile } from '../config/render.ts';
import type { ConfigInput } from '../config/schema.ts';
import type { Instant } from '../lib/time.ts';
import { createDevelopmentCa, type DevelopmentCa } from '../pki/development-ca.ts';
import { makeDkimKey } from '../pki/dkim-key.ts';
import { issueProviderCertificate, issueSigningCertificate, issueTlsCertificate } from '../pki/issue.ts';
import { writeIndex } from './index-file.ts';
import { makePassword } from './password.ts';
import {
  absentProvider,
  mailboxNames,
  type PortName,
  portNames,
  type SandboxFiles,
  type SandboxProvider,
  sandboxProviders,
} from './places.ts';
import { choosePort } from './ports.ts';

export type Ports = Partial<Record<PortName, number>>;

export interface SandboxUser {
  readonly address: string;
  readonly password: string;
}

export interface PreparedProvider extends SandboxProvider {
  readonly configFile: string;
  readonly ports: Ports;
  readonly users: readonly SandboxUser[];
}

export interface PrepareOptions {
  readonly files: SandboxFiles;
  readonly at: Instant;
  /** Services that get a port; all unless told. */
  readonly services?: ReadonlySet<PortName>;
  readonly antivirus: NonNullable<ConfigInput['antivirus']>;
}

/** Everything on disk that the providers start from. */
export async function prepareSandbox(options: PrepareOptions): Promise<readonly PreparedProvider[]> {
  const { files, at } = options;
  mkdirSync(files.folder, { recursive: true, mode: 0o700 });
  const ca = await loadAuthority(files, at);
  for (const provider of sandboxProviders) await makeKeys(files, ca, provider, at);
  if (!existsSync(files.stampKey)) await makeStampKey(files, ca, at);
  if (!existsSync(files.absentCertificate)) await makeAbsentProvider(files, ca, at);
  if (!existsSync(files.index)) await writeIndex(files, ca, at);
  const passwords = loadPasswords(files);
  const ports = await choosePorts(options.services ?? new Set(portNames));
  return sandboxProviders.map((provider) => {
    const own = ports.get(provider.key) ?? {};
    const config = buildConfig({ files, provider, ports, antivirus: options.antivirus });
    writeFile(files.provider(provider.key).config, renderConfigFile(config), 0o600);
    const users = mailboxNames.map((name) => {
      const address = `${name}@${provider.domain}`;
      return { address, password: passwords[address] ?? '' };
    });
    return { ...provider, configFile: files.provider(provider.key).config, ports: own, users };
  });
}

async function loadAuthority(files: SandboxFiles, at: Instant): Promise<DevelopmentCa> {
  if (existsSync(files.authority)) return JSON.parse(readFileSync(files.authority, 'utf8')) as DevelopmentCa;
  const ca = await createDevelopmentCa({
    organization: 'Sandbox PEC',
    mailDomains: [...sandboxProviders, absentProvider].map(({ domain }) => domain),
    crlUrl: 'http://crl.sandbox.test/mail.crl',
    rootCrlUrl: 'http://crl.sandbox.test/root.crl',
    at,
  });
  writeFile(files.authority, JSON.stringify(ca, null, 2), 0o600);
  writeFile(files.caCertificate, ca.root.certificatePem, 0o644);
  writeFile(files.issuingCertificates, ca.mail.certificatePem, 0o644);
  return ca;
}

async function makeKeys(
  files: SandboxFiles,
  ca: DevelopmentCa,
  provider: SandboxProvider,
  at: Instant,
): Promise<void> {
  const place = files.provider(provider.key);
  if (!existsSync(place.signingKey)) {
    const issued = await issueProviderCertificate(ca, {
      providerName: provider.name,
      domain: provider.domain,
      at,
    });
    writeFile(place.signingChain, issued.chainPem, 0o644);
    writeFile(place.signingKey, issued.keyPem, 0o600);
  }
  if (!existsSync(place.dkimKey)) writeFile(place.dkimKey, await makeDkimKey(), 0o600);
  if (!existsSync(place.tlsKey)) {
    const names = ['mx', 'autoconfig', 'autodiscover'].map((name) => `${name}.${provider.domain}`);
    const hosts = ['localhost', provider.domain, ...names, '127.0.0.1'];
    const issued = await issueTlsCertificate(ca, { hosts, at });
    writeFile(place.tlsCertificate, issued.chainPem, 0o644);
    writeFile(place.tlsKey, issued.keyPem, 0o600);
  }
}

/** Its key signs nothing, so nobody keeps it. */
async function makeAbsentProvider(files: SandboxFiles, ca: DevelopmentCa, at: Instant): Promise<void> {
  const { name: providerName, domain } = absentProvider;
  const { certificatePem } = await issueProviderCertificate(ca, { providerName, domain, at });
  writeFile(files.absentCertificate, certificatePem, 0o644);
  rmSync(files.index, { force: true }); // one of an earlier version, without it
}

async function makeStampKey(files: SandboxFiles, ca: DevelopmentCa, at: Instant): Promise<void> {
  const issued = await issueSigningCertificate(ca, {
    commonName: 'Marca temporale di sviluppo',
    organization: 'Sandbox PEC',
    purpose: 'timeStamping',
    at,
  });
  writeFile(files.stampChain, issued.chainPem, 0o644);
  writeFile(files.stampKey, issued.keyPem, 0o600);
}

function loadPasswords(files: SandboxFiles): Record<string, string> {
  if (existsSync(files.passwords))
    return JSON.parse(readFileSync(files.passwords, 'utf8')) as Record<string, string>;
  const addresses = sandboxProviders.flatMap((provider) =>
    mailboxNames.map((name) => `${name}@${provider.domain}`),
  );
  const passwords = Object.fromEntries(addresses.map((address) => [address, makePassword()]));
  writeFile(files.passwords, JSON.stringify(passwords, null, 2), 0o600);
  return passwords;
}

async function choosePorts(services: ReadonlySet<PortName>): Promise<ReadonlyMap<string, Ports>> {
  const taken = new Set<number>();
  const chosen = new Map<string, Ports>();
  for (const provider of sandboxProviders) {
    const ports: Ports = {};
    for (const name of portNames) {
      if (!services.has(name)) continue;
      const port = await choosePort(provider.preferredPorts[name], taken);
      taken.add(port);
      ports[name] = port;
    }
    chosen.set(provider.key, ports);
  }
  return chosen;
}

interface ConfigSource {
  readonly files: SandboxFiles;
  readonly provider: SandboxProvider;
  readonly ports: ReadonlyMap<string, Ports>;
  readonly antivirus: NonNullable<ConfigInput['antivirus']>;
}

function buildConfig({ files, provider, ports, antivirus }: ConfigSource): ConfigInput {
  const place = files.provider(provider.key);
  const own = ports.get(provider.key) ?? {};
  const listen = Object.fromEntries(
    portNames.map((name) => {
      const port = own[name];
      return [name, port === undefined ? null : { address: '127.0.0.1', port }];
    }),
  );
  const routes: Record<string, { host: string; port: number }> = Object.fromEntries(
    sandboxProviders.flatMap(({ key, domain }) => {
      const port = ports.get(key)?.mx;
      return port === undefined ? [] : [[domain, { host: 'localhost', port }]];
    }),
  );
  // Port 9 is "discard": nobody listens there.
  routes[absentProvider.domain] = { host: 'localhost', port: 9 };
  return {
    provider: { name: provider.name, domain: provider.domain, hostname: 'localhost' },
    node: `${provider.key}1`,
    dataFolder: place.data,
    listen,
    tls: { certificate: place.tlsCertificate, key: place.tlsKey },
    signing: { kind: 'pem', key: place.signingKey, chain: place.signingChain },
    dkim: { selector: 'pec', key: place.dkimKey },
    trust: { anchors: [files.caCertificate], intermediates: [files.issuingCertificates] },
    index: { kind: 'file', path: files.index },
    antivirus,
    relay: { routes },
    timeStamp: {
      authorities: [{ kind: 'local', name: 'sandbox', key: files.stampKey, chain: files.stampChain }],
    },
    log: { file: place.log },
    sandbox: true,
  };
}

function writeFile(file: string, text: string, mode: number): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, text, { mode });
}
