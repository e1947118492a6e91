/** The web edge of a running provider: what its pages and settings say, and with which key profiles are signed. */
import { hash } from 'node:crypto';
import type { Config, ListenName } from './config/schema.ts';
import type { Clock } from './lib/time.ts';
import { buildSignedData } from './smime/signed-data.ts';
import type { Log } from './telemetry/log.ts';
import { createWebLog } from './telemetry/web-log.ts';
import { createWebServer, type WebServer, type WebTls } from './web/server.ts';
import type { MailProvider } from './web/settings/mail-endpoints.ts';
import { createTlsKeySigner, type Stores } from './wire.ts';

export interface WebOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** The TLS files in force: the same object while they are not read again. */
  readonly webTls: () => WebTls;
}

/** `listening`: what listens by now. Programs are told these ports, whatever the configuration left to the system. */
export function buildWeb(
  config: Config,
  { accounts }: Pick<Stores, 'accounts'>,
  { log, clock, webTls }: WebOptions,
  listening: () => Readonly<Partial<Record<ListenName, { readonly port: number }>>>,
): Promise<WebServer> {
  const { name, domain, hostname } = config.provider;
  const provider = (): MailProvider => {
    const ports = Object.entries(listening()).map(([service, { port }]) => [service, port]);
    return { name, domain, hostname, ports: Object.fromEntries(ports) };
  };
  return createWebServer({
    provider,
    isOurDomain: async (asked) => (await accounts.findDomain(asked)) !== undefined,
    signProfile: (profile) => signProfile(profile, webTls(), clock),
    tls: webTls,
    strictTransport: !config.sandbox,
    connections: config.limits.connections,
    log: createWebLog(log),
  });
}

/**
 * With the TLS key, whose certificate devices can verify. A profile stays as it is when that key is of a kind that cannot
 * sign it: devices take it all the same and say that nobody signed it.
 */
async function signProfile(profile: Uint8Array, tls: WebTls, clock: Clock): Promise<Uint8Array> {
  const made = createTlsKeySigner({ keyPem: tls.keyPem, chainPem: tls.certificatePem });
  if (made === undefined) return profile;
  const contentDigest = hash('sha256', profile, 'buffer');
  return buildSignedData({ ...made, content: profile, contentDigest, signingTime: clock() });
}
