/** The services of one provider: points, workers and listeners, started in order and stopped in reverse. */
import { availableParallelism } from 'node:os';
import type { SecureContext } from 'node:tls';
import type { VirusScanner } from './antivirus/scanner.ts';
import { blobFolder } from './config/data-folder.ts';
import type { Config, Listener, ListenName } from './config/schema.ts';
import { startTextIndexer } from './content/text-indexer.ts';
import { createLoginGuard, type LoginGuard } from './edge/login-guard.ts';
import { createImapServer } from './imap/server.ts';
import { createBusyGauge } from './lib/busy-gauge.ts';
import type { Runner } from './lib/runner.ts';
import { startLogKeeping } from './log-keeping.ts';
import { createMaildrops } from './mailbox/maildrop.ts';
import { startHeartbeat } from './message-log/service-runs.ts';
import { createAccessPoint } from './points/access-point.ts';
import { createDeliveryPoint } from './points/delivery-point.ts';
import { startDeliveryWorker } from './points/delivery-worker.ts';
import { startHousekeeping } from './points/housekeeping.ts';
import { createIncomingPoint } from './points/incoming-point.ts';
import { type IssuingThreads, openIssuingThreads } from './points/issuing-threads.ts';
import type { PointParts, Workers } from './points/parts.ts';
import { createRelayOutcome } from './points/relay-outcome.ts';
import { makeServiceMailbox } from './points/service-mailbox.ts';
import { keepChain } from './points/signing-chains.ts';
import { startTimeoutWatch } from './points/timeout-watch.ts';
import { createPop3Server } from './pop3/server.ts';
import type { OutgoingRow } from './queue/outgoing.ts';
import { startQueueRunner } from './queue/queue-runner.ts';
import type { RelayResult } from './relay/relay.ts';
import { buildWeb } from './serve-web.ts';
import type { SmtpLimits } from './smtp/edge.ts';
import { createMxServer } from './smtp/mx.ts';
import { createSubmissionServer } from './smtp/submission.ts';
import { reportChoices } from './telemetry/events.ts';
import type { Log } from './telemetry/log.ts';
import { createMetricsServer } from './telemetry/metrics-server.ts';
import { observeRelay, observeScanner } from './telemetry/observe.ts';
import { createPop3Log } from './telemetry/pop3-log.ts';
import { createSessionLog } from './telemetry/session-log.ts';
import { createSmtpLog } from './telemetry/smtp-log.ts';
import { openUpkeep } from './upkeep.ts';
import type { WebTls } from './web/server.ts';
import { buildParts, openRelay, openScanner, type Stores, type WireOptions } from './wire.ts';

export interface Listening {
  readonly address: string;
  readonly port: number;
}

export interface ServiceOptions extends WireOptions {
  readonly log: Log;
  /** The TLS files in force. */
  readonly tls: () => SecureContext;
  /** The certificate among them, PEM. */
  readonly tlsCertificate: () => string;
  /** The files themselves: the same object while they are not read again. */
  readonly webTls: () => WebTls;
}

export interface Services {
  readonly listening: Readonly<Partial<Record<ListenName, Listening>>>;
  /** No new work, what is under way ends within the time, then the workers stop. */
  stop(graceMs: number): Promise<void>;
  /** The workers look at the time anew; without it they notice a clock that was moved within seconds. */
  clockMoved(): void;
  /**
   * Fetches the index, reads signing key and authorities again; what cannot be used is told to the log and changes
   * nothing.
   */
  reload(): Promise<void>;
}

interface Server {
  listen(port: number, host: string): Promise<Listening | number>;
  close(graceMs: number): Promise<void>;
}

/** Messages being delivered at the same time: enough to keep signer and disk busy. */
const deliveriesAtOnce = 64;
/** SMTP transactions with other servers at the same time. */
const relaysAtOnce = 50;
/** Of the main thread's time: what comes in takes more than it leaves. */
const busyShare = 0.6;
/** More would only wait for their rows to be written. */
const mostIssuingThreads = 4;

/**
 * What an envelope or receipt adds to the original, bytes: two texts that name each recipient, certification data,
 * signature. The largest message accepted from a user must fit into the incoming point as an envelope.
 */
const envelopeRoom = 2 * 1024 * 1024;

export async function buildServices(
  config: Config,
  stores: Stores,
  options: ServiceOptions,
): Promise<Services> {
  const upkeep = await openUpkeep(config, {
    ...options,
    beforeUse: (signer) => stores.db.transact((tx) => keepChain(tx, signer, options.clock())),
  });
  const scanner = observeScanner(options.scanner ?? openScanner(config), options.log);
  reportChoices(options.log, describeChoices(config, scanner));
  const nothing = (): void => undefined;
  const reserve: NonNullable<Workers['reserveDelivery']> = () => undefined;
  const wake = { delivery: nothing, queue: nothing, timeouts: nothing, reserve };
  const issuing = openIssuing(config, options);
  const parts: PointParts = {
    ...buildParts(config, stores, { ...options, scanner, things: upkeep }),
    issuing,
    // Spreading reads a getter once.
    get signer() {
      return upkeep.signing.current();
    },
    workers: {
      reserveDelivery: (recipients) => wake.reserve(recipients),
      deliveriesWaiting: () => wake.delivery(),
      queueWaiting: () => wake.queue(),
      timeoutsChanged: () => wake.timeouts(),
    },
  };
  const deliveryWorker = await startDeliveryWorker({
    parts,
    deliveryPoint: createDeliveryPoint(parts),
    concurrency: deliveriesAtOnce,
    onError: options.onError,
  });
  const relay = observeRelay(openRelay(config, stores, options.clock), options.log);
  const queueRunner = await startQueueRunner({
    db: stores.db,
    relay,
    clock: options.clock,
    owner: config.node,
    concurrency: relaysAtOnce,
    settle: openOutcome(parts, options).settle,
    onError: options.onError,
  });
  const timeoutWatch = startTimeoutWatch({ parts, onError: options.onError });
  const { accounts } = stores;
  // Before anything listens: what other providers send to the service mailbox must find it.
  await makeServiceMailbox(parts, accounts);
  wake.delivery = () => deliveryWorker.wake();
  wake.reserve = (recipients) => deliveryWorker.reserve(recipients);
  wake.queue = () => queueRunner.wake();
  wake.timeouts = () => timeoutWatch.wake();
  const listening: Partial<Record<ListenName, Listening>> = {};
  const web = { ...options, signer: () => parts.signer, index: parts.index };
  const servers = {
    ...buildServers(config, stores, parts, options),
    https: await buildWeb(config, stores, web, () => listening),
  };
  const opened: Server[] = [];
  const keepers = startKeepers(config, stores, parts, options);
  const workers: Runner[] = [deliveryWorker, queueRunner, timeoutWatch, ...keepers, ...upkeep.start()];
  const stop = async (graceMs: number) => {
    await Promise.all(opened.map((server) => server.close(graceMs)));
    await relay.close();
    await Promise.all(workers.map((worker) => worker.stop()));
    await issuing.close();
  };
  try {
    await listenAll({ config, servers, opened, listening });
    workers.push(startHeartbeat({ ...options, db: stores.db, node: config.node }));
    return { listening, stop, clockMoved: () => wakeAll(workers), reload: upkeep.reload };
  } catch (error) {
    await stop(0);
    throw error;
  }
}

/** One processor is left for the main thread; nothing starts before the first message. */
function openIssuing({ dataFolder }: Config, { onError }: ServiceOptions): IssuingThreads {
  const threads = Math.max(1, Math.min(availableParallelism() - 1, mostIssuingThreads));
  return openIssuingThreads({ threads, blobFolder: blobFolder(dataFolder), onError });
}

function wakeAll(workers: readonly Runner[]): void {
  for (const worker of workers) worker.wake();
}

function openOutcome(parts: PointParts, { log }: ServiceOptions) {
  return createRelayOutcome({ parts, onLost: (row, result) => reportLost(log, row, result) });
}

/** What stands behind each seam, for the log. */
function describeChoices(config: Config, { name }: VirusScanner): Record<string, string> {
  const { signing, index, trust, dkim, relay, timeStamp } = config;
  return {
    signing: signing.kind,
    index: index.kind === 'file' ? index.path : index.url,
    antivirus: name,
    revocationLists: trust.crl,
    ocsp: trust.ocsp,
    relay: relay.resolver.length === 0 ? "the system's name servers" : relay.resolver.join(', '),
    dkim: dkim === null ? 'off' : dkim.selector,
    timeStamp: timeStamp.authorities.map((authority) => authority.name).join(', ') || 'off',
  };
}

/** What is done beside the mail with what is kept. */
function startKeepers(config: Config, stores: Stores, parts: PointParts, options: ServiceOptions): Runner[] {
  const { accounts } = stores;
  const { onError } = options;
  return [
    startHousekeeping({ parts, accounts, retention: config.retention, onError }),
    ...(config.search.fullText
      ? [startTextIndexer({ ...stores, onError, isBusy: createBusyGauge(busyShare) })]
      : []),
    startLogKeeping(config, stores, { ...options, signer: () => parts.signer }),
  ];
}

type Servers = Partial<Record<ListenName, Server>>;

type LoginOptions = ServiceOptions & {
  /** One for all edges: a guesser may change the protocol. */
  readonly guard: LoginGuard;
};

function buildServers(config: Config, stores: Stores, parts: PointParts, options: ServiceOptions): Servers {
  const guard = createLoginGuard(options.clock);
  return {
    ...buildSubmission(config, stores, parts, { ...options, guard }),
    ...buildMx(config, parts, options),
    ...buildImap(config, stores, { ...options, guard }),
    ...buildPop3(config, stores, { ...options, guard }),
    metrics: createMetricsServer(options.log.metrics),
  };
}

function buildSubmission(config: Config, stores: Stores, parts: PointParts, options: LoginOptions): Servers {
  const accessPoint = createAccessPoint(parts);
  const build = (mode: 'implicit' | 'starttls') =>
    createSubmissionServer({
      hostname: config.provider.hostname,
      mode,
      tls: options.tls,
      accounts: stores.accounts,
      guard: options.guard,
      channelBinding: config.logins.smtpChannelBinding,
      accept: (submission) => accessPoint.submit(submission),
      limits: smtpLimits(config),
      log: createSmtpLog(options.log),
    });
  return { submission: build('starttls'), submissions: build('implicit') };
}

function buildMx(config: Config, parts: PointParts, options: ServiceOptions): Servers {
  const incomingPoint = createIncomingPoint(parts);
  return {
    mx: createMxServer({
      hostname: config.provider.hostname,
      tls: options.tls,
      checkRecipient: (recipient) => incomingPoint.checkRecipient(recipient),
      receive: (mail) => incomingPoint.receive(mail),
      limits: { ...smtpLimits(config), messageBytes: config.limits.messageBytes + envelopeRoom },
      log: createSmtpLog(options.log),
    }),
  };
}

function buildImap(config: Config, stores: Stores, options: LoginOptions): Servers {
  const build = (mode: 'imap' | 'imaps') =>
    createImapServer({
      store: stores.mail,
      accounts: stores.accounts,
      tls: options.tls,
      guard: options.guard,
      mode,
      log: createSessionLog(options.log, mode),
      limits: {
        connections: config.limits.connections,
        connectionsPerAddress: config.limits.connectionsPerAddress,
        messageBytes: config.limits.messageBytes,
        autologoutMs: config.limits.idleSeconds * 1000,
      },
    });
  return { imap: build('imap'), imaps: build('imaps') };
}

function buildPop3(config: Config, stores: Stores, options: LoginOptions): Servers {
  const { db, mail: store } = stores;
  const maildrops = createMaildrops({ db, store, clock: options.clock, node: config.node });
  const build = (mode: 'pop3' | 'pop3s') =>
    createPop3Server({
      maildrops,
      accounts: stores.accounts,
      guard: options.guard,
      tls: options.tls,
      mode,
      log: createPop3Log(options.log, mode),
      limits: {
        connections: config.limits.connections,
        connectionsPerAddress: config.limits.connectionsPerAddress,
        autologoutMs: config.limits.pop3IdleSeconds * 1000,
      },
    });
  return { pop3: build('pop3'), pop3s: build('pop3s') };
}

function smtpLimits({ limits }: Config): Partial<SmtpLimits> {
  return {
    messageBytes: limits.messageBytes,
    recipients: limits.recipients,
    connections: limits.connections,
    connectionsPerAddress: limits.connectionsPerAddress,
    idleMs: limits.smtpIdleSeconds * 1000,
  };
}

interface Opening {
  readonly config: Config;
  readonly servers: Servers;
  /** Gets the servers that listen. */
  readonly opened: Server[];
  /** Gets where they listen. */
  readonly listening: Partial<Record<ListenName, Listening>>;
}

async function listenAll({ config, servers, opened, listening }: Opening): Promise<void> {
  for (const [name, place] of Object.entries(config.listen) as [ListenName, Listener | null][]) {
    const server = servers[name];
    if (place === null || server === undefined) continue;
    const bound = await server.listen(place.port, place.address);
    listening[name] = typeof bound === 'number' ? { address: place.address, port: bound } : bound;
    opened.push(server);
  }
}

/** A receipt or service message that no server takes: its peer lacks a proof, and somebody must look. */
function reportLost(log: Log, row: OutgoingRow, result: RelayResult): void {
  const { id, kind, identificativo, recipient } = row;
  const { code, text } = result;
  log.error(
    { event: 'lost', id, kind, identificativo, recipient, code, text },
    'given up without being taken',
  );
}
