/**
 * The message log at the size it has after months: `npm run bench:log`, a hundred thousand entries unless told
 * `-- --entries 10000000`. Ten legal days through the program's own code: entries appended, each day sealed and
 * time-stamped; after the first, the fifth and the tenth searched, proved, written again and verified.
 *
 * `--folder` names the disk, `--write` puts the figures into docs/performance.md, `--full` verifies every entry at
 * the end, `--keep` leaves the log where it is, and `--again FOLDER` asks one that was left without filling it.
 */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Database } from '../src/db/database.ts';
import { openSqlite } from '../src/db/sqlite.ts';
import { appendEvent } from '../src/message-log/append.ts';
import { legalDayOf } from '../src/message-log/seal/legal-day.ts';
import { createSealer } from '../src/message-log/seal/sealer.ts';
import { openSegmentFolder } from '../src/message-log/seal/segment-folder.ts';
import { issuedAt } from '../test/unit/pki/authority.ts';
import { openAuthority } from '../test/unit/tsa/stamper.ts';
import {
  inCount,
  inLoad,
  inMb,
  inMs,
  renderRows,
  type Spread,
  spreadOf,
  watch,
} from './message-log/figures.ts';
import {
  type FilledLog,
  findLastSeq,
  measureQuestions,
  measureVerification,
} from './message-log/measures.ts';
import { openSamples } from './message-log/samples.ts';
import { makeTraffic } from './message-log/traffic.ts';
import { writeSection } from './performance-page.ts';

const { values: options } = parseArgs({
  options: {
    entries: { type: 'string', default: '100000' },
    folder: { type: 'string', default: tmpdir() },
    again: { type: 'string' },
    full: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const days = 10;
/** Days after which the log is asked. */
const asked: readonly number[] = [1, 5, 10];
const perDay = Math.ceil(Number(options.entries) / days);
const bytesToExpect = 2500;
const dayMs = 86_400_000;
const firstDay = legalDayOf(issuedAt + dayMs).end;
const messages = { made: 0 };
/** The load after each day, and what it is when nothing else runs: this program and the threads of its seals. */
const loads: number[] = [];
const busyFrom = 2.5;

const appendColumns = [
  'entries before',
  'an entry, by the clock',
  'by the processor',
  'to the disk',
  'a message, alone',
  'messages of 64 clients',
  'load',
];
const sealColumns = [
  'entries',
  'time',
  'by the processor',
  'memory before, at most',
  'event loop held at most',
  'load',
];

interface Bench extends FilledLog {
  readonly folder: string;
  readonly time: { now: number };
  readonly seal: () => Promise<number>;
}

async function openBench(folder: string): Promise<Bench> {
  const time = { now: firstDay };
  const clock = () => time.now;
  const db = openSqlite({ file: join(folder, 'pec.db'), flush: 'beside' });
  const samples = await openSamples(db, join(folder, 'blobs'), time);
  const archive = openSegmentFolder(join(folder, 'log-segments'));
  const provider = { name: samples.parts.provider.name, domain: 'alfa.test' };
  const sealer = createSealer({
    ...{ db, archive, provider, clock, leastStamps: 1, owner: 'bench' },
    signer: () => samples.parts.signer,
    authorities: [openAuthority('prova', clock)],
    indexOn: async () => null,
    onEvent: (event) => {
      if (event.type !== 'sealed' && event.type !== 'exported') throw new Error(JSON.stringify(event));
    },
  });
  const seal = async () => (await sealer.seal()).sealed.reduce((sum, segment) => sum + segment.entries, 0);
  return { folder, time, clock, db, samples, archive, provider, seal };
}

/** Fills a legal day, transactions committed together by the hundred: microseconds and bytes an entry. */
async function fillDay(db: Database, start: number): Promise<{ wall: number; cpu: number; written: number }> {
  let count = 0;
  const fillPart = () =>
    db.transact(async (tx) => {
      for (let batch = 0; batch < 6 && count < perDay; batch += 1) {
        const at = start + Math.floor((count / perDay) * (dayMs - 60_000));
        for (const event of makeTraffic(messages.made, at)) {
          await appendEvent(tx, event);
          count += 1;
        }
        messages.made += 1;
      }
    });
  const { ms, cpu, written } = await watch(async () => {
    while (count < perDay) await Promise.all(Array.from({ length: 100 }, fillPart));
  });
  return { wall: (ms * 1000) / count, cpu: (cpu * 1e6) / count, written: written / count };
}

/** As the server does it: each message in a transaction, durable before its client sends the next. */
async function appendDurably({ db, clock }: Bench): Promise<{ alone: Spread; rate: number; cpu: number }> {
  const one = (number: number) =>
    db.transact(async (tx) => {
      for (const event of makeTraffic(number, clock())) await appendEvent(tx, event);
    });
  const alone = await spreadOf(200, one);
  const count = 3000;
  let left = count;
  const client = async () => {
    for (; left > 0; left -= 1) await one(left);
  };
  const { ms, cpu } = await watch(() => Promise.all(Array.from({ length: 64 }, client)));
  return { alone, rate: (count * 1000) / ms, cpu: (cpu * 1e6) / count };
}

async function appendDay(bench: Bench, day: number): Promise<string[]> {
  const before = await findLastSeq(bench);
  const start = firstDay + day * dayMs;
  bench.time.now = start + 1000;
  const { alone, rate, cpu: each } = await appendDurably(bench);
  for (let sample = 0; sample < 10; sample += 1)
    await bench.samples.exchange(sample === 0 ? 1_000_000 : 30_000);
  const { wall, cpu, written } = await fillDay(bench.db, start);
  return [
    inCount(before),
    `${wall.toFixed(0)} µs`,
    `${cpu.toFixed(0)} µs`,
    `${(written / 1000).toFixed(1)} KB`,
    inMs(alone.median),
    `${inCount(rate)}/s, ${each.toFixed(0)} µs each`,
    inLoad(),
  ];
}

async function sealDay(bench: Bench, day: number): Promise<string[]> {
  bench.time.now = firstDay + (day + 1) * dayMs + 600_000;
  const { result, ms, memory, memoryBefore, held, cpu } = await watch(bench.seal);
  return [
    inCount(result),
    `${(ms / 1000).toFixed(1)} s`,
    `${cpu.toFixed(1)} s`,
    `${inMb(memoryBefore)}, ${inMb(memory)}`,
    inMs(held),
    inLoad(),
  ];
}

async function ask(bench: Bench): Promise<string> {
  const count = await findLastSeq(bench);
  const times = await measureQuestions(bench);
  const rows = times.map(([what, { median, p99, longest }]) => [
    what,
    inMs(median),
    inMs(p99),
    inMs(longest),
  ]);
  return renderRows([`among ${inCount(count)} entries`, 'median', '99 %', 'longest'], rows);
}

/** Its keys are of another run, so it cannot be verified; what is not sealed yet is sealed first. */
async function askAgain(bench: Bench): Promise<string> {
  bench.time.now = firstDay + (days + 1) * dayMs;
  await bench.seal();
  return ask(bench);
}

async function weigh({ folder, ...log }: Bench): Promise<string> {
  const count = await findLastSeq(log);
  const names = await readdir(join(folder, 'log-segments'));
  const sizes = await Promise.all(
    names.map(async (name) => (await stat(join(folder, 'log-segments', name))).size),
  );
  const rows = (await stat(join(folder, 'pec.db'))).size / count;
  const files = sizes.reduce((sum, size) => sum + size, 0) / count;
  return `Bytes an entry: ${rows.toFixed(0)} in the database with all indexes, ${files.toFixed(0)} in the sealed files, **${(rows + files).toFixed(0)}** in all.`;
}

async function fill(bench: Bench): Promise<string[]> {
  const appended: string[][] = [];
  const sealed: string[][] = [];
  const answers: string[] = [];
  for (let day = 0; day < days; day += 1) {
    appended.push(await appendDay(bench, day));
    console.log(`day ${day + 1} appended: ${appended.at(-1)?.join(', ')}`);
    sealed.push(await sealDay(bench, day));
    loads.push(loadavg()[0] ?? 0);
    console.log(`day ${day + 1} sealed: ${sealed.at(-1)?.join(', ')}`);
    if (asked.includes(day + 1)) {
      answers.push(await ask(bench));
      console.log(answers.at(-1));
    }
  }
  return [renderRows(appendColumns, appended), renderRows(sealColumns, sealed), ...answers];
}

async function verify(bench: Bench): Promise<string> {
  bench.time.now = firstDay + (days + 1) * dayMs;
  const rows = [await measureVerification(bench, false)];
  if (options.full) rows.push(await measureVerification(bench, true));
  return renderRows(['', 'time', 'by the processor', 'entries read', 'memory at most'], rows);
}

/** How to read the figures, by what else the machine had to do. */
function explain(): string {
  const shared = loads.filter((load) => load > busyFrom).length > loads.length / 2;
  const alone = `Measured on ${cpus().length} processors.`;
  return `Legal days of ${inCount(perDay)} entries each, through the program's own code: appended, sealed after their end, then
searched, proved, written again. A third of the messages come from elsewhere, named by chance. *By the processor* is the
time of all threads, *to the disk* what was written for an entry, *load* how many programs wanted a processor.
${shared ? `${alone} **Other programs had them too**: what the clock says is too high, what the processor says suffers less.` : alone}`;
}

async function run(folder: string): Promise<void> {
  const bench = await openBench(folder);
  try {
    const found =
      options.again === undefined ? [...(await fill(bench)), await verify(bench)] : [await askAgain(bench)];
    const heading = `## The message log with ${inCount(await findLastSeq(bench))} entries`;
    const how = `    npm run bench:log -- --entries ${perDay * days}`;
    const page = [heading, how, explain(), ...found, await weigh(bench)].join('\n\n');
    console.log(page);
    if (options.write) writeSection('message-log', page);
  } finally {
    await bench.db.close();
  }
}

if (options.again !== undefined) await run(options.again);
else {
  if (!(perDay >= 100)) throw new Error('--entries is a number, 1000 at least');
  const room = statfsSync(options.folder);
  if (room.bavail * room.bsize < perDay * days * bytesToExpect)
    throw new Error(`${options.folder} has too little room: --folder names another place`);
  const folder = mkdtempSync(join(options.folder, 'openpec-log-'));
  try {
    await run(folder);
  } finally {
    if (options.keep) console.log(`The log is in ${folder}.`);
    else rmSync(folder, { recursive: true, force: true });
  }
}
