/** Running real programs: one that ends by itself, with all it printed, or a server that is stopped when the test is over. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram } from '../interop/programs.ts';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string | Uint8Array;
  /** It is killed after so long. */
  readonly limitMs?: number;
}

export interface Ran {
  /** Exit code, or the signal that ended it. */
  readonly status: number | string;
  readonly stdout: Buffer;
  /** Standard output and standard error as text, for people and regular expressions. */
  readonly text: string;
}

const usualLimitMs = 60_000;

/** bin/pec is started hundreds of times: Node may keep what it has compiled. */
const base: NodeJS.ProcessEnv = {
  NODE_COMPILE_CACHE: join(tmpdir(), 'openpec-interop-compiled'),
  ...process.env,
  LC_ALL: 'C.UTF-8',
};

/** Runs to the end; never throws for what the program says. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const { cwd, env, input = '', limitMs = usualLimitMs } = options;
  const child = spawn(findProgram(command) ?? command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...base, ...env },
    timeout: limitMs,
    killSignal: 'SIGKILL',
  });
  const out: Buffer[] = [];
  const all: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => {
    out.push(chunk);
    all.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => all.push(chunk));
  child.stdin.on('error', () => undefined); // it may end without reading all of it
  child.stdin.end(input);
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  const stdout = Buffer.concat(out);
  return { status: code ?? signal ?? 'unknown', stdout, text: Buffer.concat(all).toString() };
}

/** Runs to the end and gives its standard output. @throws with all it printed when it does not end with 0. */
export async function runWell(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Buffer> {
  const { status, stdout, text } = await runProgram(command, args, options);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}\nended with ${status}:\n${text}`);
  return stdout;
}

export interface ServerProcess {
  readonly child: ChildProcess;
  /** All it printed until now. */
  output(): string;
  /** Exit code or signal, once it has ended. */
  readonly ended: Promise<number | string>;
  /** Asks it to end and waits; kills it when it takes longer than `limitMs`. What it ended with. */
  stop(signal?: NodeJS.Signals, limitMs?: number): Promise<number | string>;
}

/** Starts a server in the foreground. */
export function startServer(
  command: string,
  args: readonly string[],
  options: Pick<RunOptions, 'cwd' | 'env'> & { readonly detached?: boolean } = {},
): ServerProcess {
  const { cwd, env, detached = false } = options;
  const child = spawn(findProgram(command) ?? command, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...base, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached,
  });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = once(child, 'close').then(
    ([code, signal]) => (code ?? signal ?? 'unknown') as number | string,
  );
  const stop = async (signal: NodeJS.Signals = 'SIGTERM', limitMs = 20_000) => {
    child.kill(signal);
    const killing = setTimeout(() => child.kill('SIGKILL'), limitMs);
    return ended.finally(() => clearTimeout(killing));
  };
  return { child, output: () => Buffer.concat(chunks).toString(), ended, stop };
}

/**
 * Asks again and again until `look` gives something.
 * @throws after `limitMs` with what `explain` says.
 */
export async function waitFor<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  options: { readonly limitMs?: number; readonly explain?: () => string } = {},
): Promise<T> {
  const { limitMs = 30_000, explain = () => '' } = options;
  const until = performance.now() + limitMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > until) throw new Error(`${what}: waited ${limitMs} ms in vain\n${explain()}`);
    await delay(50);
  }
}
