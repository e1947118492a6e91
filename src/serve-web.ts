/**
 * The web edge of a running provider: what its pages and settings say, with which key profiles are signed, and its own
 * record of the index, made when it is asked for and not oftener than it must be.
 */
import { hash } from 'node:crypto';
import type { Config, ListenName } from './config/schema.ts';
import type { Signer } from './keys/signer.ts';
import type { Clock } from './lib/time.ts';
import { buildPublication } from './points/publication.ts';
import type { ProviderIndex } from './provider-index/provider-index.ts';
import { buildSignedData } from './smime/signed-data.ts';
import type { Log } from './telemetry/log.ts';
import { createWebLog } from './telemetry/web-log.ts';
import { publishedRecordAge } from './web/routes/published-record.ts';
import type { PublishedRecord } from './web/routes/route.ts';
import { createWebServer, type WebServer, type WebTls } from './web/server.ts';
import type { MailProvider } from './web/settings/mail-endpoints.ts';
import { createTlsKeySigner, readPublication, type Stores } from './wire.ts';

export interface WebOptions extends PublishedRecordOptions {
  readonly log: Log;
  /** The TLS files in force: the same object while they are not read again. */
  readonly webTls: () => WebTls;
}

/** `listening`: what listens by now. Programs are told these ports, whatever the configuration left to the system. */
export function buildWeb(
  config: Config,
  stores: Pick<Stores, 'accounts'>,
  options: WebOptions,
  listening: () => Readonly<Partial<Record<ListenName, { readonly port: number }>>>,
): Promise<WebServer> {
  const { name, domain, hostname } = config.provider;
  const { log, clock, webTls } = options;
  const provider = (): MailProvider => {
    const ports = Object.entries(listening()).map(([service, { port }]) => [service, port]);
    return { name, domain, hostname, ports: Object.fromEntries(ports) };
  };
  return createWebServer({
    provider,
    isOurDomain: async (asked) => (await stores.accounts.findDomain(asked)) !== undefined,
    publishedRecord: openPublishedRecord(config, stores, options),
    signProfile: (profile) => signProfile(profile, webTls(), clock),
    tls: webTls,
    strictTransport: !config.sandbox,
    connections: config.limits.connections,
    connectionsPerAddress: config.limits.connectionsPerAddress,
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

interface PublishedRecordOptions {
  readonly clock: Clock;
  /** Those in force. */
  readonly signer: () => Signer;
  readonly index: () => ProviderIndex;
}

/** Undefined when nothing is to be published here: no address is set, or it is one of another server. */
function openPublishedRecord(
  config: Config,
  stores: Pick<Stores, 'accounts'>,
  { clock, signer, index }: PublishedRecordOptions,
): PublishedRecord | undefined {
  const path = findOwnPath(config);
  if (path === undefined) return undefined;
  // Strangers ask, and each answer would be a use of the signing key.
  let made: { readonly by: Signer; readonly at: number; readonly record: Promise<Uint8Array> } | undefined;
  const make = async (by: Signer) =>
    buildPublication(await readPublication(config, stores, { signing: by, index: index() }), clock());
  const read = () => {
    const [by, now] = [signer(), performance.now()];
    if (made === undefined || made.by !== by || now - made.at > publishedRecordAge * 1000) {
      const record = make(by);
      const mine = { by, at: now, record };
      made = mine;
      record.catch(() => {
        if (made === mine) made = undefined; // the next who asks tries again
      });
    }
    return made.record;
  };
  return { path, read };
}

function findOwnPath({ published, provider }: Config): string | undefined {
  if (published.ldifUrl === null || !URL.canParse(published.ldifUrl)) return undefined;
  const { protocol, hostname, pathname } = new URL(published.ldifUrl);
  const isOurs = protocol === 'https:' && hostname.toLowerCase() === provider.hostname.toLowerCase();
  return isOurs && pathname !== '/' && !pathname.includes('*') ? pathname : undefined;
}
