/**
 * From a configuration to running objects: the only file that names implementations. Everything is chosen and
 * opened before anything listens, and the choice is logged.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Accounts, createAccounts } from './accounts/accounts.ts';
import { createClamdScanner } from './antivirus/clamd.ts';
import { createEicarOnlyScanner } from './antivirus/eicar.ts';
import type { VirusScanner } from './antivirus/scanner.ts';
import type { BlobStore } from './blob/blob-store.ts';
import { openFsBlobStore } from './blob/fs.ts';
import { readSegments } from './blob/read-segments.ts';
import type { Config, IndexConfig } from './config/schema.ts';
import { readCertificateFiles, readSigningSecret } from './config/secrets.ts';
import type { Database } from './db/database.ts';
import { openSqlite } from './db/sqlite.ts';
import { createPemSigner } from './keys/pem.ts';
import type { Signer } from './keys/signer.ts';
import { decodePem } from './lib/pem.ts';
import { noSteps, type Steps } from './lib/steps.ts';
import type { Clock } from './lib/time.ts';
import type { MailStore } from './mailbox/mail-store.ts';
import { createMailStore } from './mailbox/store.ts';

import { readPkcs12 } from './pki/pkcs12.ts';
import { findOwnRecord } from './points/directory.ts';
import type { PointParts } from './points/parts.ts';
import { openDailyCopies } from './provider-index/daily-copies.ts';
import { createFileSource } from './provider-index/file.ts';
import { createHttpsSource } from './provider-index/https.ts';
import { openRefreshingIndex, type RefreshingIndex } from './provider-index/refreshing-index.ts';
import type { Relay } from './relay/relay.ts';
import { createResolver } from './relay/resolver.ts';
import { createSmtpRelay } from './relay/smtp.ts';
import { parseTrust, type Trust } from './smime/trust.ts';

export interface Stores {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly accounts: Accounts;
  readonly mail: MailStore;
  close(): Promise<void>;
}

export interface WireOptions {
  readonly clock: Clock;
  readonly steps?: Steps;
  /** Instead of the one that the configuration names; for tests. */
  readonly scanner?: VirusScanner;
  /** Hears what goes wrong where nobody waits for the answer. */
  readonly onError: (error: unknown) => void;
}

/** Opens the provider's rows and bytes; several processes may do so at the same time. */
export async function openStores(config: Config, clock: Clock = Date.now): Promise<Stores> {
  mkdirSync(config.dataFolder, { recursive: true, mode: 0o700 });
  const db = openSqlite({ file: join(config.dataFolder, 'pec.db') });
  const blobs = await openFsBlobStore({ folder: join(config.dataFolder, 'blobs') });
  const accounts = createAccounts({ db, clock });
  const mail = createMailStore({ db, blobs, clock });
  return { db, blobs, accounts, mail, close: () => db.close() };
}

/** Everything the points need, but for the workers, which need the points. */
export async function buildParts(
  config: Config,
  stores: Stores,
  options: WireOptions,
): Promise<Omit<PointParts, 'workers'> & { readonly providerIndex: RefreshingIndex }> {
  const { provider, limits } = config;
  const providerIndex = await openIndex(config, options.clock);
  const signer = openSigner(config);
  return {
    provider: {
      name: provider.name,
      domain: provider.domain,
      address: `posta-certificata@${provider.domain}`,
    },
    hostname: provider.hostname,
    node: config.node,
    clock: options.clock,
    random: (length) => randomBytes(length),
    db: stores.db,
    blobs: stores.blobs,
    signer,
    scanner: options.scanner ?? openScanner(config),
    providerIndex,
    index: () => providerIndex.current(),
    trust: () => readTrust(config),
    limits: {
      recipients: limits.recipients,
      messageBytes: limits.messageBytes,
      totalBytes: limits.certifiedTotalBytes,
      headBytes: 1024 * 1024,
      envelopeAgeMs: 72 * 3_600_000,
    },
    briefHash: config.receipts.briefHash,
    localTakeInCharge: config.receipts.localTakeInCharge,
    forbiddenExtensions: config.policies.forbiddenExtensions.map((extension) => extension.slice(1)),
    sendingLimits: {
      perHour: config.policies.recipientsPerHour ?? undefined,
      perDay: config.policies.recipientsPerDay ?? undefined,
    },
    ordinaryMail: config.policies.ordinaryMail,
    revocation: config.trust.crl === 'required' ? 'signer' : 'none',
    mailReceipt: () =>
      findOwnRecord(signer, providerIndex.current())?.mailReceipt ?? `ricevute-gestore@${provider.domain}`,
    steps: options.steps ?? noSteps,
  };
}

/** The signer over a key in PEM, for those that have one in hand: the sandbox signs its own index. */
export { createPemSigner } from './keys/pem.ts';

/** @throws {ConfigError | Error} with what to do when key and certificates cannot be used. */
export function openSigner(config: Config): Signer {
  const secret = readSigningSecret(config);
  if (secret.kind === 'pem') return createPemSigner(secret);
  return createPemSigner(readPkcs12(secret.bytes, secret.password));
}

export function openScanner({ antivirus }: Config): VirusScanner {
  switch (antivirus.kind) {
    case 'clamd':
      return createClamdScanner({
        addresses: [{ path: antivirus.socket }],
        timeoutMs: antivirus.timeoutSeconds * 1000,
      });
    case 'clamd-tcp':
      return createClamdScanner({
        addresses: [{ host: antivirus.host, port: antivirus.port }],
        timeoutMs: antivirus.timeoutSeconds * 1000,
      });
    case 'eicar-only':
      return createEicarOnlyScanner();
  }
}

/** Whom this provider believes: authorities and revocation lists as they are on disk now. */
export function readTrust({ trust }: Config): Trust {
  const read = (setting: string, files: readonly string[]) =>
    readCertificateFiles(setting, files).flatMap((pem) => decodePem('CERTIFICATE', pem));
  return parseTrust({
    anchors: read('trust.anchors', trust.anchors),
    intermediates: read('trust.intermediates', trust.intermediates),
  });
}

/** The provider index with its last good copy; not asked for yet. */
export function openIndex(config: Config, clock: Clock): Promise<RefreshingIndex> {
  const { index, dataFolder } = config;
  return openRefreshingIndex({
    source: index.kind === 'file' ? createFileSource(index.path) : createHttpsSource(readHttpsOptions(index)),
    copies: openDailyCopies(join(dataFolder, 'index')),
    clock,
    trust: () => readTrust(config),
    policy: { mode: 'live', profile: 'any', revocation: 'none' },
    acceptUnsigned: index.kind === 'file',
  });
}

function readHttpsOptions(index: Extract<IndexConfig, { kind: 'https' }>) {
  const { url, clientCertificate, clientKey } = index;
  if (clientCertificate === null || clientKey === null) return { url };
  const [certificatePem = '', keyPem = ''] = readCertificateFiles('index.clientCertificate', [
    clientCertificate,
    clientKey,
  ]);
  return { url, client: { certificatePem, keyPem } };
}

export function openRelay(config: Config, stores: Stores): Relay {
  const { relay, provider } = config;
  return createSmtpRelay({
    hostname: provider.hostname,
    resolver: createResolver({
      routes: relay.routes,
      servers: relay.resolver,
      ownNames: [provider.hostname],
    }),
    read: (content) => readSegments(stores.blobs, content),
    ...(config.sandbox ? { ca: readCertificateFiles('trust.anchors', config.trust.anchors) } : {}),
    connectionsPerDestination: relay.connectionsPerDestination,
  });
}
