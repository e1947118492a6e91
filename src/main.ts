/**
 * The running provider: start in order, serve, stop in order. Stopping takes no new work, lets what is under
 * way end, and closes the store last, so that nothing answered 250 is lost.
 */
import type { SecureContext } from 'node:tls';
import type { VirusScanner } from './antivirus/scanner.ts';
import type { Config, ListenName } from './config/schema.ts';
import { readTlsSecret } from './config/secrets.ts';
import { openServerContext } from './edge/tls-terms.ts';
import type { Steps } from './lib/steps.ts';
import type { Clock } from './lib/time.ts';
import { buildServices, type Listening } from './services.ts';
import { reportFailure, reportServing, reportStopped, reportStopping } from './telemetry/events.ts';
import { createLog, type Log, type RootLog } from './telemetry/log.ts';
import { reportNotReloaded, reportReloaded } from './telemetry/upkeep-events.ts';
import { readVersion } from './telemetry/version.ts';
import type { WebTls } from './web/server.ts';
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
  /**
   * Reads TLS files, signing key and authorities again, and uses them from now on. Those that cannot be used are told
   * to the log, and what was in use stays.
   */
  reload(): Promise<void>;
  /** To be called when `clock` was moved by hand: what is due by now is done at once. */
  clockMoved(): void;
  stop(): Promise<void>;
}

/** Opens everything, then listens. Rejects, with nothing left open, when something cannot be had. */
export async function startProvider(config: Config, options: ProviderOptions): Promise<RunningProvider> {
  const { log, clock = Date.now } = options;
  const began = performance.now();
  const stores = await openStores(config, clock, 'beside');
  let tls = openTls(config);
  try {
    const services = await buildServices(config, stores, {
      log,
      clock,
      tls: () => tls.context,
      tlsCertificate: () => tls.certificatePem,
      webTls: () => tls,
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
      reload: async () => {
        try {
          tls = openTls(config);
          reportReloaded(log, 'tls');
        } catch (error) {
          reportNotReloaded(log, 'tls', error);
        }
        await services.reload();
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
    provider.reload().catch((error: unknown) => reportFailure(log, 'reload', error));
  });
  const signal = await new Promise<string>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
  reportStopping(log, signal);
  await provider.stop();
  log.flush();
}

interface TlsInUse extends WebTls {
  readonly context: SecureContext;
}

/** @throws {ConfigError | Error} when the files cannot be used. */
function openTls(config: Config): TlsInUse {
  const { certificatePem, keyPem } = readTlsSecret(config);
  const { minVersion } = config.tls;
  const context = openServerContext({ certificatePem, keyPem }, minVersion);
  return { context, certificatePem, keyPem, minVersion };
}

function elapsed(since: number): number {
  return Math.round(performance.now() - since);
}
