/**
 * From a configuration to running objects: the only file that names implementations. Everything is chosen and
 * opened before anything listens, and the choice is logged.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Accounts, createAccounts } from './accounts/accounts.ts';
import { createClamdScanner } from './antivirus/clamd.ts';
import { createEicarOnlyScanner } from './antivirus/eicar.ts';
import type { VirusScanner } from './antivirus/scanner.ts';
import type { BlobStore } from './blob/blob-store.ts';
import { openFsBlobStore } from './blob/fs.ts';
import { readSegments } from './blob/read-segments.ts';
import { type ClockFinding, type ClockWatch, createClockWatch } from './clock/clock-watch.ts';
import { createSntpSource } from './clock/sntp.ts';
import { blobFolder, prepareDataFolder } from './config/data-folder.ts';
import type { Config, IndexConfig } from './config/schema.ts';
import {
  readCertificateFiles,
  readDkimSecret,
  readKeyFiles,
  readPasswordFile,
  readSigningSecret,
} from './config/secrets.ts';
import { parseServerAddress } from './config/types.ts';
import type { Database } from './db/database.ts';
import { openSqlite, openSqliteCopy } from './db/sqlite.ts';
import { createPemSign, createPemSigner } from './keys/pem.ts';
import type { Signer } from './keys/signer.ts';
import type { SigningKey } from './keys/signing-key.ts';
import { decodePem } from './lib/pem.ts';
import type { Segments } from './lib/segments.ts';
import { noSteps, type Steps } from './lib/steps.ts';
import type { Clock } from './lib/time.ts';
import type { MailStore } from './mailbox/mail-store.ts';
import { createMailStore } from './mailbox/store.ts';
import type { DkimKey } from './mime/dkim.ts';
import { createMailauthCheck } from './origin/mailauth.ts';
import type { OriginCheck } from './origin/origin-check.ts';
import { readPkcs12 } from './pki/pkcs12.ts';
import { findOwnRecord } from './points/directory.ts';
import type { PointParts } from './points/parts.ts';
import type { Publication } from './points/publication.ts';
import { readSentMarks } from './points/sender-copy.ts';
import { openDailyCopies } from './provider-index/daily-copies.ts';
import { createFileSource } from './provider-index/file.ts';
import { createHttpsSource } from './provider-index/https.ts';
import type { ProviderIndex } from './provider-index/provider-index.ts';
import { openRefreshingIndex, type RefreshingIndex } from './provider-index/refreshing-index.ts';
import type { Relay } from './relay/relay.ts';
import { createResolver } from './relay/resolver.ts';
import { createSigningRelay } from './relay/signing-relay.ts';
import { createSmtpRelay } from './relay/smtp.ts';
import { parseTrust, type Trust } from './smime/trust.ts';
import { createHttpClient } from './trust/http.ts';
import { openKeptFiles } from './trust/kept-files.ts';
import { type LiveTrust, openLiveTrust, type RevocationEvent } from './trust/live-trust.ts';
import { createLocalAuthority } from './tsa/local.ts';
import { createHttpAuthority } from './tsa/rfc3161.ts';
import type { TimeStampAuthority } from './tsa/time-stamp.ts';

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

/** Opens the provider's rows and bytes; several processes may do so at the same time, `beside` only the one that serves. */
export async function openStores(config: Config, clock: Clock = Date.now, flush?: 'beside'): Promise<Stores> {
  prepareDataFolder(config.dataFolder);
  const db = openSqlite({ file: databaseFile(config.dataFolder), ...(flush && { flush }) });
  const blobs = await openFsBlobStore({ folder: blobFolder(config.dataFolder) });
  const { scram, scramIterations } = config.logins;
  const accounts = createAccounts({ db, clock, ...(scram ? { scramIterations } : {}) });
  const mail = createMailStore({ db, blobs, clock, sentMarks: readSentMarks, ...config.search });
  const close = async () => {
    // What is kept for later is worth no failure at the end.
    await accounts.close().catch(() => undefined);
    await db.close();
  };
  return { db, blobs, accounts, mail, close };
}

/** Where the rows of a data folder are. */
export function databaseFile(dataFolder: string): string {
  return join(dataFolder, 'pec.db');
}

/** The rows of a backup, to be looked at and left as they are. @throws {MailError} when they cannot be. */
export function openDatabaseCopy(file: string): Database {
  return openSqliteCopy(file);
}

/** What is kept current beside the mail (see upkeep.ts) and the points lean on. */
export interface CurrentThings {
  readonly index: RefreshingIndex;
  readonly trust: LiveTrust;
  readonly signing: SigningKey;
  readonly ready: () => void;
}

/** Everything the points need, but for the workers, which need the points. */
export function buildParts(
  config: Config,
  stores: Stores,
  { things, ...options }: WireOptions & { readonly things: CurrentThings },
): Omit<PointParts, 'workers'> {
  const { provider, limits } = config;
  const { index, trust, signing, ready } = things;
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
    get signer() {
      return signing.current();
    },
    scanner: options.scanner ?? openScanner(config),
    ready,
    index: () => index.current(),
    trust: () => trust.current(),
    limits: {
      recipients: limits.recipients,
      messageBytes: limits.messageBytes,
      totalBytes: limits.certifiedTotalBytes,
      headBytes: 192 * 1024,
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
    origin: openOriginCheck(config),
    revocation: config.trust.crl === 'required' ? 'signer' : 'none',
    mailReceipt: () => findMailReceipt(config, signing.current(), index.current()),
    steps: options.steps ?? noSteps,
  };
}

/** `mailReceipt` of our own record: as the configuration says, else as in the index in force. */
export function findMailReceipt(config: Config, signer: Signer, index: ProviderIndex): string {
  const { provider, published } = config;
  return (
    published.mailReceipt ??
    findOwnRecord(signer, index)?.mailReceipt ??
    `ricevute-gestore@${provider.domain}`
  );
}

/** What this provider publishes about itself now; `buildPublication` makes the signed file of it. */
export async function readPublication(
  config: Config,
  { accounts }: Pick<Stores, 'accounts'>,
  { signing, index }: { readonly signing: Signer; readonly index: ProviderIndex },
): Promise<Publication> {
  const { provider, published } = config;
  return {
    name: provider.name,
    domain: provider.domain,
    mailReceipt: findMailReceipt(config, signing, index),
    ldifUrl: published.ldifUrl ?? undefined,
    domains: (await accounts.listDomains()).map(({ name }) => name),
    signer: signing,
    furtherCertificates: readCertificates('published.certificates', published.certificates),
    secondary: published.secondary.map((environment) => ({
      ...environment,
      certificates: readCertificates('published.secondary', environment.certificates),
    })),
  };
}

/** Signers over a key in PEM, for those that have one in hand: the sandbox signs its index, the web its profiles. */
export { createPemSigner, createTlsKeySigner } from './keys/pem.ts';

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

/** Whom the configuration believes, as the files are now; without revocation lists. */
export function readTrust(config: Config): Trust {
  return parseTrust(readAuthorities(config));
}

function readAuthorities({ trust }: Config) {
  return {
    anchors: readCertificates('trust.anchors', trust.anchors),
    intermediates: readCertificates('trust.intermediates', trust.intermediates),
  };
}

/** The certificates in PEM files, DER. @throws {ConfigError} when one cannot be read. */
export function readCertificates(setting: string, files: readonly string[]): Uint8Array[] {
  return readCertificateFiles(setting, files).flatMap((pem) => decodePem('CERTIFICATE', pem));
}

export interface TrustWiring {
  readonly clock: Clock;
  /** Of the providers in the index, DER; the same array while nothing changed. */
  readonly listCertificates: () => readonly Uint8Array[];
  /** Those that issued our own certificate, DER. */
  readonly listOwnIssuers: () => readonly Uint8Array[];
  readonly report: (event: RevocationEvent) => void;
  readonly stopping: AbortSignal;
}

/** Whom the running provider believes, with what revocation lists and responders say. Nothing is fetched yet. */
export function openTrust(config: Config, wiring: TrustWiring): LiveTrust {
  const { clock, listCertificates, listOwnIssuers, report, stopping } = wiring;
  const { crl, ocsp, crlMaxAgeHours } = config.trust;
  const folder = join(config.dataFolder, 'revocation');
  return openLiveTrust({
    readAuthorities: () => {
      const { anchors, intermediates } = readAuthorities(config);
      return { anchors, intermediates: [...intermediates, ...listOwnIssuers()] };
    },
    listCertificates,
    web: createHttpClient(stopping),
    crlFiles: openKeptFiles(folder, '.crl'),
    ocspFiles: openKeptFiles(folder, '.ocsp'),
    clock,
    useCrl: crl !== 'off',
    useOcsp: ocsp !== 'off',
    maxAgeMs: crlMaxAgeHours * 3_600_000,
    // A sandbox keeps to itself.
    isAllowed: (url) => !config.sandbox || isLoopback(url),
    report,
  });
}

function isLoopback(url: string): boolean {
  return URL.canParse(url) && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}

/** The clock of a sandbox can be moved, so nobody is asked about it. */
export function openClockWatch(
  config: Config,
  clock: Clock,
  report: (finding: ClockFinding) => void,
): ClockWatch {
  const { ntpServers, maxOffsetMs, checkMinutes, trustedHours } = config.clock;
  const addresses = ntpServers.flatMap((text) => parseServerAddress(text) ?? []);
  return createClockWatch({
    sources: config.sandbox
      ? []
      : addresses.map(({ host, port = 123 }) => createSntpSource({ host, port, clock })),
    maxOffsetMs,
    checkEveryMs: checkMinutes * 60_000,
    trustedSilenceMs: trustedHours * 3_600_000,
    clock,
    monotonic: () => performance.now(),
    report,
  });
}

export interface IndexWiring {
  readonly clock: Clock;
  /** Whom the configuration believes, by default. */
  readonly trust?: () => Trust;
  readonly stopping?: AbortSignal;
}

/** The provider index with its last good copy; not asked for yet. */
export function openIndex(config: Config, wiring: IndexWiring): Promise<RefreshingIndex> {
  const { clock, trust = () => readTrust(config), stopping } = wiring;
  const { index, dataFolder } = config;
  return openRefreshingIndex({
    source:
      index.kind === 'file'
        ? createFileSource(index.path)
        : createHttpsSource(readHttpsOptions(index, stopping)),
    copies: openDailyCopies(join(dataFolder, 'index')),
    clock,
    trust,
    policy: { mode: 'live', profile: 'any', revocation: 'none' },
    acceptUnsigned: index.kind === 'file',
  });
}

function readHttpsOptions(index: Extract<IndexConfig, { kind: 'https' }>, stopping?: AbortSignal) {
  const { clientCertificate, clientKey } = index;
  const options = { url: index.url, ...(stopping === undefined ? {} : { stopping }) };
  if (clientCertificate === null || clientKey === null) return options;
  const [certificatePem = '', keyPem = ''] = readCertificateFiles('index.clientCertificate', [
    clientCertificate,
    clientKey,
  ]);
  return { ...options, client: { certificatePem, keyPem } };
}

/** The authorities that stamp the sealed log. @throws {ConfigError | Error} when a file of theirs cannot be used. */
export function openStampAuthorities(config: Config, clock: Clock): TimeStampAuthority[] {
  const setting = 'timeStamp.authorities';
  return config.timeStamp.authorities.map((authority) => {
    const { name } = authority;
    if (authority.kind === 'local')
      return createLocalAuthority({ name, clock, signer: createPemSigner(readKeyFiles(setting, authority)) });
    const { url, anchors, policy, user, passwordFile, timeoutSeconds } = authority;
    const trust = parseTrust({ anchors: readCertificates(setting, anchors) });
    return createHttpAuthority({
      name,
      url,
      clock,
      trust: () => trust,
      timeoutMs: timeoutSeconds * 1000,
      ...(policy === null ? {} : { policy }),
      ...(user === null || passwordFile === null
        ? {}
        : { credentials: { user, password: readPasswordFile(setting, passwordFile) } }),
    });
  });
}

/** Under whom stamps verify: the anchors of all authorities; those of the provider for its local one. */
export function readStampAnchors(config: Config): Uint8Array[] {
  const { authorities } = config.timeStamp;
  const files = authorities.flatMap((each) => (each.kind === 'local' ? config.trust.anchors : each.anchors));
  return readCertificates('timeStamp.authorities', [...new Set(files)]);
}

/** A sandbox asks nobody outside: its domains are in no DNS but one that is configured. */
export function openOriginCheck({ policies, provider, relay, sandbox }: Config): OriginCheck | undefined {
  if (!policies.checkOrigin || (sandbox && relay.resolver.length === 0)) return undefined;
  return createMailauthCheck({ hostname: provider.hostname, servers: relay.resolver });
}

/** Towards other servers; what goes to ordinary ones is DKIM-signed when there is a key. */
export function openRelay(config: Config, stores: Stores, clock: Clock): Relay {
  const read = (content: Segments) => readSegments(stores.blobs, content);
  const relay = openSmtpRelay(config, read);
  const key = openDkimKey(config);
  return key === undefined ? relay : createSigningRelay({ relay, key, read, clock });
}

/** @throws {ConfigError | Error} with what to do when the key cannot be used. */
export function openDkimKey(config: Config): DkimKey | undefined {
  const keyPem = readDkimSecret(config);
  if (config.dkim === null || keyPem === undefined) return undefined;
  return {
    domain: config.provider.domain,
    selector: config.dkim.selector,
    sign: createPemSign(keyPem),
  };
}

function openSmtpRelay(config: Config, read: (content: Segments) => AsyncIterable<Uint8Array>): Relay {
  const { relay, provider } = config;
  return createSmtpRelay({
    hostname: provider.hostname,
    resolver: createResolver({
      routes: relay.routes,
      servers: relay.resolver,
      ownNames: [provider.hostname],
    }),
    read,
    ...(config.sandbox ? { ca: readCertificateFiles('trust.anchors', config.trust.anchors) } : {}),
    connectionsPerDestination: relay.connectionsPerDestination,
  });
}
