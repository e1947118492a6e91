/**
 * Two whole providers on loopback, with everything they need of the world: authority, provider index, virus
 * scanner. One process, two instances that share nothing but the files the real world would share.
 */
import { existsSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { loadConfig } from '../config/load.ts';
import type { ConfigInput } from '../config/schema.ts';
import type { Clock } from '../lib/time.ts';
import { type RunningProvider, startProvider } from '../main.ts';
import { reportFailure } from '../telemetry/events.ts';
import { createLog, type RootLog } from '../telemetry/log.ts';
import { writeEndpoints } from './endpoints.ts';
import { makeMailboxes } from './mailboxes.ts';
import { openMovedClock } from './moved-clock.ts';
import { sandboxFiles } from './places.ts';
import { type PreparedProvider, type PrepareOptions, prepareSandbox } from './prepare.ts';

export interface SandboxOptions {
  /** Where everything is kept; made when missing. */
  readonly folder: string;
  /** The machine's; the providers' clock may have been moved ahead of it. */
  readonly clock: Clock;
  /** Hears that the clock was moved while the sandbox runs: milliseconds ahead in all. */
  readonly onClockMoved?: (aheadMs: number) => void;
  /** Throw away what an earlier run left. */
  readonly fresh: boolean;
}

export interface RunningSandbox {
  readonly files: ReturnType<typeof sandboxFiles>;
  readonly providers: readonly PreparedProvider[];
  /** Which virus scanner was found, in words. */
  readonly antivirus: string;
  stop(): Promise<void>;
}

const clamdSocket = '/run/clamav/clamd.ctl';

export async function startSandbox(options: SandboxOptions): Promise<RunningSandbox> {
  if (options.fresh) rmSync(options.folder, { recursive: true, force: true });
  // Paths in a configuration count from its own folder, so they are written in full.
  const files = sandboxFiles(resolve(options.folder));
  const { clock, follow } = openMovedClock(files, options.clock);
  const antivirus = await findAntivirus();
  const preparing = { files, at: options.clock(), antivirus: antivirus.config };
  const { providers, running } = await startProviders(preparing, clock);
  const moved = (aheadMs: number) => {
    for (const { provider, log } of running) {
      log.info({ event: 'clock-moved', aheadMs }, 'the clock of the sandbox was moved ahead');
      provider.clockMoved();
    }
    options.onClockMoved?.(aheadMs);
  };
  const follower = follow(moved, (error) => {
    for (const { log } of running) reportFailure(log, 'sandbox clock', error);
  });
  writeEndpoints(files, providers);
  const stop = async () => {
    rmSync(files.endpoints, { force: true });
    await follower.stop();
    await stopProviders(running);
  };
  return { files, providers, antivirus: antivirus.words, stop };
}

type Running = { readonly provider: RunningProvider; readonly log: RootLog }[];

const mostTries = 5;

/** Between choosing a port and listening on it another program may take it: then others are chosen. */
async function startProviders(
  preparing: PrepareOptions,
  clock: Clock,
): Promise<{ readonly providers: readonly PreparedProvider[]; readonly running: Running }> {
  for (let tries = 1; ; tries++) {
    const providers = await prepareSandbox(preparing);
    const running: Running = [];
    try {
      for (const prepared of providers) {
        const config = loadConfig(prepared.configFile);
        await makeMailboxes(config, prepared, clock());
        const log = createLog({ level: config.log.level, destination: config.log.file });
        running.push({ provider: await startProvider(config, { log, clock }), log });
      }
      return { providers, running };
    } catch (error) {
      await stopProviders(running);
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tries === mostTries) throw error;
    }
  }
}

async function stopProviders(running: Running): Promise<void> {
  await Promise.all(running.map(({ provider }) => provider.stop()));
  for (const { log } of running) log.flush();
}

interface Antivirus {
  readonly config: NonNullable<ConfigInput['antivirus']>;
  readonly words: string;
}

async function findAntivirus(): Promise<Antivirus> {
  if (existsSync(clamdSocket) && (await answers(clamdSocket)))
    return { config: { kind: 'clamd', socket: clamdSocket }, words: `clamd (${clamdSocket})` };
  return {
    config: { kind: 'eicar-only' },
    words: 'solo il file di prova EICAR: clamd non risponde / only the EICAR test file: no clamd here',
  };
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.setTimeout(1000, () => end(false));
    socket.on('error', () => end(false));
    socket.on('connect', () => socket.write('zPING\0'));
    socket.on('data', (data) => end(data.toString('latin1').startsWith('PONG')));
  });
}
