/**
 * The one way to run tests: `npm run check` before each commit, `npm test` for all that needs nothing but this
 * repository, `npm run test:interop` with real programs. Further words pick files by a part of their path:
 * `npm run check -- imap`. The last lines are always the summary of node's test runner, which CI reads.
 */
import { spawn } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { findProgram, PROGRAMS } from './interop/programs.ts';

const root = join(import.meta.dirname, '..');

const FAST = ['test/*.test.ts', 'test/{unit,golden,contract,transcript}/**/*.test.ts'];
const SLOW = ['test/{fuzz,scenario}/**/*.test.ts'];

interface Suite {
  readonly files: readonly string[];
  readonly withLint: boolean;
  /** One test file may take so long. */
  readonly limitMs: number;
}

const SUITES: Readonly<Record<string, Suite>> = {
  check: { files: FAST, withLint: true, limitMs: 60_000 },
  all: { files: [...FAST, ...SLOW], withLint: true, limitMs: 300_000 },
  interop: { files: ['test/interop/**/*.test.ts'], withLint: false, limitMs: 300_000 },
};

interface Ended {
  readonly ok: boolean;
  readonly output: string;
}

/** Runs a program of the project; what it prints is kept, or goes straight through with `show`. */
function run(command: string, args: readonly string[], show = false): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: show ? 'inherit' : ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', (error) => resolve({ ok: false, output: String(error) }));
    child.on('close', (code) => resolve({ ok: code === 0, output: Buffer.concat(chunks).toString() }));
  });
}

/** Format, lint and types, side by side. */
async function lint(): Promise<boolean> {
  const programs: Readonly<Record<string, readonly string[]>> = {
    biome: ['ci', '--colors=off', '--error-on-warnings'],
    tsc: ['--noEmit'],
  };
  const results = await Promise.all(
    Object.entries(programs).map(async ([name, args]) => {
      const began = performance.now();
      const { ok, output } = await run(join(root, 'node_modules/.bin', name), args);
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
  const wanted = missing
    .filter(({ mayBeMissing }) => mayBeMissing === undefined)
    .map((program) => program.package);
  if (wanted.length === 0) return true;
  console.log(`\nInstall what is missing:\n  apt-get install -y --no-install-recommends ${wanted.join(' ')}`);
  return false;
}

async function runTests({ files, limitMs }: Suite, picks: readonly string[]): Promise<boolean> {
  const all = globSync([...files], { cwd: root }).sort();
  const chosen = all.filter((file) => picks.length === 0 || picks.some((pick) => file.includes(pick)));
  if (chosen.length === 0) {
    console.log(`✖ no test file ${picks.length === 0 ? 'there' : `matches ${picks.join(' ')}`}`);
    return false;
  }
  const options = [`--test-concurrency=${availableParallelism()}`, `--test-timeout=${limitMs}`];
  const { ok } = await run(process.execPath, ['--test', ...options, '--test-reporter=spec', ...chosen], true);
  return ok;
}

async function main(name = 'check', ...picks: readonly string[]): Promise<boolean> {
  if (name === 'packages') {
    console.log(PROGRAMS.map((program) => program.package).join(' '));
    return true;
  }
  const suite = SUITES[name];
  if (suite === undefined) {
    console.log(`usage: node test/run.ts ${Object.keys(SUITES).join('|')}|packages [PART OF A PATH …]`);
    return false;
  }
  if (name === 'interop' && !haveAllPrograms()) return false;
  const linted = suite.withLint && picks.length === 0 ? await lint() : true;
  const passed = await runTests(suite, picks);
  if (!linted) console.error('✖ format, lint or types: see the top of this output');
  return linted && passed;
}

process.exitCode = (await main(...process.argv.slice(2))) ? 0 : 1;
