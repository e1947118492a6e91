/**
 * What the provider keeps current beside the mail: provider index, revocation lists, signing key, clock, and an eye on
 * the life of its certificates. The points read what is in force; nothing here waits for a message, and no message
 * for anything here.
 */
import type { Config } from './config/schema.ts';
import { startCertificateWatch } from './keys/certificate-watch.ts';
import type { Signer } from './keys/signer.ts';
import { createSigningKey } from './keys/signing-key.ts';
import type { Runner } from './lib/runner.ts';
import type { Clock } from './lib/time.ts';
import { checkRenewal } from './points/own-certificate.ts';
import { createReadyCheck } from './points/readiness.ts';
import { createIndexSchedule } from './provider-index/index-schedule.ts';
import type { ProviderIndex } from './provider-index/provider-index.ts';
import type { RefreshingIndex } from './provider-index/refreshing-index.ts';
import { reportCertificateLife } from './telemetry/events.ts';
import type { Log } from './telemetry/log.ts';
import {
  reportClock,
  reportIndex,
  reportNotReloaded,
  reportReloaded,
  reportRevocation,
} from './telemetry/upkeep-events.ts';
import { type CurrentThings, openClockWatch, openIndex, openSigner, openTrust } from './wire.ts';

export interface UpkeepOptions {
  readonly log: Log;
  readonly clock: Clock;
  /** The TLS certificate in use, PEM. */
  readonly tlsCertificate: () => string;
  /** Called before anything is signed with a signer. */
  readonly beforeUse: (signer: Signer) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

export interface Upkeep extends CurrentThings {
  /** Starts what goes on in the background; to be stopped with the other workers. */
  start(): readonly Runner[];
  /**
   * Fetches the index, reads signing key and authorities again; what cannot be used is told to the log and changes
   * nothing.
   */
  reload(): Promise<void>;
}

/** A start does not wait longer for the first comparison of the clock. */
const firstClockCheckMs = 5000;

/** Resolves when the provider may serve: key read, last good index in force, kept revocation lists loaded, clock looked at. */
export async function openUpkeep(config: Config, options: UpkeepOptions): Promise<Upkeep> {
  const { log, clock, onError } = options;
  const stopper = new AbortController();
  const stopping = stopper.signal;
  const signing = createSigningKey(openSigner(config));
  await options.beforeUse(signing.current());
  let inForce = (): ProviderIndex | undefined => undefined;
  const trust = openTrust(config, {
    clock,
    listCertificates: rememberFor(
      () => inForce(),
      (index) => index?.all().flatMap(({ certificates }) => certificates) ?? [],
    ),
    listOwnIssuers: () => signing.current().chain.slice(1),
    report: (event) => {
      if (!stopping.aborted) reportRevocation(log, event, clock());
    },
    stopping,
  });
  const index = await openIndex(config, { clock, trust: () => trust.current(), stopping });
  inForce = () => index.current();
  const schedule = await openSchedule(config, { index, log, clock, stopping });
  await trust.load();
  const clockWatch = openClockWatch(config, clock, (finding) => reportClock(log, finding));
  await Promise.race([clockWatch.check(), pause(firstClockCheckMs)]);
  const runners: Runner[] = [];

  const start = () => {
    const certificates = startCertificateWatch({
      list: () => [
        { use: 'signing', certificate: signing.current().chain[0] ?? '' },
        { use: 'tls', certificate: options.tlsCertificate() },
      ],
      clock,
      report: (life) => reportCertificateLife(log, life),
      onError,
    });
    runners.push(schedule.start(onError), trust.start(onError), clockWatch.start(onError), certificates);
    // Stopped with the others: a stop does not wait for a server that is slow.
    return [...runners, { wake: () => undefined, stop: async () => stopper.abort() }];
  };

  const reload = async () => {
    await schedule.refresh(); // whether a new key may sign is for the newest index to say
    await attempt(log, 'signing', () => renewSigner({ config, options, signing, index: index.current() }));
    await attempt(log, 'trust', async () => trust.reload());
    for (const runner of runners) runner.wake();
  };

  return {
    index,
    trust,
    signing,
    ready: createReadyCheck({
      isClockRight: () => clockWatch.isRight(),
      index: () => index.current(),
      maxIndexAgeMs: config.index.maxAgeHours * 3_600_000,
      clock,
    }),
    start,
    reload,
  };
}

interface ScheduleOptions {
  readonly index: RefreshingIndex;
  readonly log: Log;
  readonly clock: Clock;
  readonly stopping: AbortSignal;
}

async function openSchedule(config: Config, { index, log, clock, stopping }: ScheduleOptions) {
  const schedule = createIndexSchedule({
    index,
    everyMs: (config.index.kind === 'https' ? config.index.refreshHours : 1) * 3_600_000,
    clock,
    report: (result) => {
      if (!stopping.aborted) reportIndex(log, result, clock());
    },
  });
  // A server that is away must not keep the provider from starting with the copy it has.
  if (config.index.kind === 'file' || index.current().fetchedAt === undefined) await schedule.refresh();
  return schedule;
}

interface Renewal {
  readonly config: Config;
  readonly options: UpkeepOptions;
  readonly signing: CurrentThings['signing'];
  readonly index: ProviderIndex;
}

/** @throws {Error} with every reason why the key in the files cannot take the place of the one in use. */
async function renewSigner({ config, options, signing, index }: Renewal): Promise<void> {
  const next = openSigner(config);
  const [certificate] = next.chain;
  const [before] = signing.current().chain;
  const problems = checkRenewal({
    certificate,
    before,
    address: `posta-certificata@${config.provider.domain}`,
    at: options.clock(),
    index,
  });
  if (problems.length > 0) throw new Error(problems.join('; '));
  await options.beforeUse(next);
  signing.replace(next);
}

async function attempt(log: Log, what: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
    reportReloaded(log, what);
  } catch (error) {
    reportNotReloaded(log, what, error);
  }
}

/** The same value for as long as its source is the same object. */
function rememberFor<S, T>(read: () => S, build: (source: S) => T): () => T {
  let known: { readonly source: S; readonly value: T } | undefined;
  return () => {
    const source = read();
    if (known === undefined || known.source !== source) known = { source, value: build(source) };
    return known.value;
  };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
