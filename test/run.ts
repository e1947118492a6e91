/**
 * The one way to run tests: `npm run check` before each commit, `npm test` for all that needs nothing but this
 * repository, `npm run test:interop` with real programs. Further words pick files by a part of their path:
 * `npm run check -- imap`; `npm run test:interop -- fault --write` writes what it counted to docs/reliability.md. The last lines are always the summary of node's test runner, which CI reads.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { findProgram, PROGRAMS } from './interop/programs.ts';
import { figuresVariable, writeFaultFigures } from './support/fault-figures.ts';

const root = join(import.meta.dirname, '..');

const FAST = ['test/*.test.ts', 'test/{unit,golden,contract,transcript}/**/*.test.ts'];
/** These share a few processes, beside the others: starting one a file takes longer than most of their tests. */
const TOGETHER = ['test/{unit,golden}/**/*.test.ts'];
const SLOW = ['test/{fuzz,scenario,simulation}/**/*.test.ts'];

interface Suite {
  readonly files: readonly string[];
  /** Those of them that share processes, beside the others. */
  readonly together: readonly string[];
  /** Their files lie in memory: what a disk does is none of their business. */
  readonly inMemory: boolean;
  readonly withLint: boolean;
  /** One test may take so long. */
  readonly testMs: number;
  /** All of them; a test that leaves something open would else wait for ever. */
  readonly wholeMs: number;
}

const SUITES: Readonly<Record<string, Suite>> = {
  check: {
    files: FAST,
    together: TOGETHER,
    inMemory: true,
    withLint: true,
    testMs: 30_000,
    wholeMs: 300_000,
  },
  all: {
    files: [...FAST, ...SLOW],
    together: [],
    inMemory: false,
    withLint: true,
    testMs: 300_000,
    wholeMs: 1_800_000,
  },
  interop: {
    files: ['test/interop/**/*.test.ts'],
    together: [],
    inMemory: false,
    withLint: false,
    testMs: 300_000,
    wholeMs: 1_800_000,
  },
};

interface Checked {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs a program of the project and keeps what it prints. */
async function check(name: string, args: readonly string[]): Promise<Checked> {
  const maxBuffer = 64 * 1024 * 1024;
  try {
    await promisify(execFile)(join(root, 'node_modules/.bin', name), args, { cwd: root, maxBuffer });
    return { ok: true, output: '' };
  } catch (error) {
    const { stdout = '', stderr = '', message } = error as Error & { stdout?: string; stderr?: string };
    return { ok: false, output: `${stdout}${stderr}` || message };
  }
}

/** Format, lint and types, side by side. */
async function lint(): Promise<boolean> {
  const programs: Readonly<Record<string, readonly string[]>> = {
    biome: ['ci', '--colors=off', '--error-on-warnings'],
    // What it found out about files that have not changed since it need not find out again.
    tsc: ['--noEmit', '--incremental', '--tsBuildInfoFile', 'node_modules/.cache/types'],
  };
  const results = await Promise.all(
    Object.entries(programs).map(async ([name, args]) => {
      const began = performance.now();
      const { ok, output } = await check(name, args);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      console.log(`${ok ? '✔' : '✖'} ${name} (${seconds} s)${ok ? '' : `\n${output}`}`);
      return ok;
    }),
  );
  return results.every((ok) => ok);
}

/** False, with what to install, when a program is missing and there is no good reason for it. */
function haveAllPrograms(): boolean {
  const missing = PROGRAMS.filter(({ command }) => findProgram(command) === undefined);
  for (const { command, mayBeMissing } of missing)
    console.log(
      `${mayBeMissing === undefined ? '✖' : 'ℹ'} ${command} is not installed. ${mayBeMissing ?? ''}`,
    );
  const wanted = missing.filter(({ mayBeMissing }) => mayBeMissing === undefined);
  if (wanted.length === 0) return true;
  const packages = wanted.filter(({ installedBy }) => installedBy === undefined).map((one) => one.package);
  console.log('\nInstall what is missing, as root:');
  if (packages.length > 0) console.log(`  apt-get install -y --no-install-recommends ${packages.join(' ')}`);
  for (const { installedBy } of wanted) if (installedBy !== undefined) console.log(`  ${installedBy}`);
  return false;
}

async function runTests(suite: Suite, picks: readonly string[]): Promise<boolean> {
  const isPicked = (file: string) => picks.length === 0 || picks.some((pick) => file.includes(pick));
  const list = (globs: readonly string[]) =>
    globSync([...globs], { cwd: root })
      .filter(isPicked)
      .sort();
  const together = list(suite.together);
  const apart = list(suite.files).filter((file) => !together.includes(file));
  if (together.length + apart.length === 0) {
    console.log(`✖ no test file ${picks.length === 0 ? 'there' : `matches ${picks.join(' ')}`}`);
    return false;
  }
  const processes = Math.min(availableParallelism(), 4, together.length);
  const passing = Array.from({ length: processes }, (_, one) => {
    const files = together.filter((_, index) => index % processes === one);
    return runFiles(suite, files, { options: ['--test-isolation=none'] });
  });
  // A file whose server was left behind by a failure must not hold up the whole run.
  const leftOpen = pathToFileURL(join(root, 'test/support/left-open.ts')).href;
  const options = [`--test-concurrency=${availableParallelism()}`, `--import=${leftOpen}`];
  const passed = apart.length === 0 || (await runFiles(suite, apart, { options, live: true }));
  return (await Promise.all(passing)).every((one) => one) && passed;
}

interface Manner {
  readonly options: readonly string[];
  /** Shows what it prints while it runs; else all of it at the end. */
  readonly live?: boolean;
}

async function runFiles(suite: Suite, files: readonly string[], manner: Manner): Promise<boolean> {
  const { options, live = false } = manner;
  const args = ['--test', `--test-timeout=${suite.testMs}`, ...options, '--test-reporter=spec', ...files];
  // What one process has compiled the next need not compile again.
  const env = {
    ...process.env,
    NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/compiled'),
    TMPDIR: suite.inMemory ? memoryFolder() : tmpdir(),
  };
  const child = spawn(process.execPath, args, {
    cwd: root,
    env,
    stdio: ['ignore', live ? 'inherit' : 'pipe', 'inherit'],
    timeout: suite.wholeMs,
  });
  const printed: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => printed.push(chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  process.stdout.write(Buffer.concat(printed));
  return code === 0;
}

/** Runs the tests with a file in which they gather what they count, and puts that into docs/reliability.md. */
async function writeCounts(run: () => Promise<boolean>): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'openpec-'));
  const file = join(folder, 'figures');
  try {
    writeFileSync(file, '');
    process.env[figuresVariable] = file;
    const passed = await run();
    if (passed) writeFaultFigures(file);
    return passed;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Where files lie in memory, if there is such a place and it has room for what tests write; else the usual one. */
function memoryFolder(): string {
  const place = '/dev/shm';
  try {
    const { bavail, bsize } = statfsSync(place);
    return bavail * bsize > 2 ** 30 ? place : tmpdir();
  } catch {
    return tmpdir();
  }
}

async function main(name = 'check', ...words: readonly string[]): Promise<boolean> {
  const picks = words.filter((word) => word !== '--write');
  if (name === 'packages') {
    const packages = PROGRAMS.filter(({ installedBy }) => installedBy === undefined);
    console.log(packages.map((program) => program.package).join(' '));
    return true;
  }
  const suite = SUITES[name];
  if (suite === undefined) {
    console.log(
      `usage: node test/run.ts ${Object.keys(SUITES).join('|')}|packages [PART OF A PATH …] [--write]`,
    );
    return false;
  }
  if (name === 'interop' && !haveAllPrograms()) return false;
  const linting = suite.withLint && picks.length === 0 ? lint() : true;
  const run = () => runTests(suite, picks);
  const passed = await (picks.length < words.length ? writeCounts(run) : run());
  const linted = await linting;
  if (!linted) console.error('✖ format, lint or types: see above');
  return linted && passed;
}

process.exitCode = (await main(...process.argv.slice(2))) ? 0 : 1;
