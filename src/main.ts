/**
 * The running provider: start in order, serve, stop in order. Stopping takes no new work, lets what is under
 * way end, and closes the store last, so that nothing answered 250 is lost.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import type { VirusScanner } from './antivirus/scanner.ts';
import type { Config, ListenName } from './config/schema.ts';
import { readTlsSecret } from './config/secrets.ts';
import type { Steps } from './lib/steps.ts';
import type { Clock } from './lib/time.ts';
import { buildServices, type Listening } from './services.ts';
import { reportFailure, reportServing, reportStopped, reportStopping } from './telemetry/events.ts';
import { createLog, type Log, type RootLog } from './telemetry/log.ts';
import { readVersion } from './telemetry/version.ts';
import { openStores } from './wire.ts';

export interface ProviderOptions {
  readonly log: Log;
  readonly clock?: Clock;
  readonly steps?: Steps;
  /** Instead of the one that the configuration names; for tests. */
  readonly scanner?: VirusScanner;
}

export interface RunningProvider {
  /** What listens, and where. */
  readonly listening: Readonly<Partial<Record<ListenName, Listening>>>;
  /** Reads the TLS files again; new connections use them. */
  reloadTls(): void;
  /** To be called when `clock` was moved by hand: what is due by now is done at once. */
  clockMoved(): void;
  stop(): Promise<void>;
}

/** Opens everything, then listens. Rejects, with nothing left open, when something cannot be had. */
export async function startProvider(config: Config, options: ProviderOptions): Promise<RunningProvider> {
  const { log, clock = Date.now } = options;
  const began = performance.now();
  const stores = await openStores(config, clock);
  let context = buildSecureContext(config);
  try {
    const services = await buildServices(config, stores, {
      log,
      clock,
      tls: () => context,
      onError: (error) => reportFailure(log, 'worker', error),
      ...(options.steps === undefined ? {} : { steps: options.steps }),
      ...(options.scanner === undefined ? {} : { scanner: options.scanner }),
    });
    const listeners = Object.fromEntries(
      Object.entries(services.listening).map(([name, { address, port }]) => [name, `${address}:${port}`]),
    );
    reportServing(log, { version: readVersion(), listeners, milliseconds: elapsed(began) });
    return {
      listening: services.listening,
      reloadTls: () => {
        context = buildSecureContext(config);
      },
      clockMoved: services.clockMoved,
      stop: async () => {
        const stopping = performance.now();
        await services.stop(config.stopSeconds * 1000);
        await stores.close();
        reportStopped(log, elapsed(stopping));
      },
    };
  } catch (error) {
    await stores.close();
    throw error;
  }
}

/** `pec serve`: runs until SIGTERM or SIGINT; a second one ends at once. SIGHUP reloads. */
export async function runProvider(config: Config): Promise<void> {
  const log: RootLog = createLog({
    level: config.log.level,
    destination: config.log.file,
    fields: { node: config.node },
  });
  const provider = await startProvider(config, { log });
  process.on('SIGHUP', () => {
    log.reopen();
    try {
      provider.reloadTls();
    } catch (error) {
      reportFailure(log, 'reload', error); // the certificate in use stays
    }
  });
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
  reportStopping(log, signal);
  await provider.stop();
  log.flush();
}

function buildSecureContext(config: Config): SecureContext {
  const { certificatePem, keyPem } = readTlsSecret(config);
  return createSecureContext({ cert: certificatePem, key: keyPem, minVersion: config.tls.minVersion });
}

function elapsed(since: number): number {
  return Math.round(performance.now() - since);
}
