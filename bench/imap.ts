/**
 * Our IMAP server beside Debian's Dovecot, the same messages and the same commands in turn: `npm run bench:imap`.
 *
 * `-- --messages N` how many (100,000 unless told), `--quick` 2,000 and few rounds, `--only TEXT` measures whose name
 * has the text, `--ours` without Dovecot, `--idle N` memory of so many idle connections instead of all this,
 * `--folder` names the disk, `--write` puts the figures into docs/performance.md.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureIdle } from './imap/idle.ts';
import { type Measure, measures, openSubject, prepareFolders, type Subject } from './imap/measures.ts';
import {
  type Contestant,
  findDovecotObstacle,
  mailboxOf,
  startOurs,
  startReference,
} from './imap/servers.ts';
import { inCount, inMs, renderRows } from './message-log/figures.ts';
import { writeSection } from './performance-page.ts';

const { values: options } = parseArgs({
  options: {
    messages: { type: 'string' },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    ours: { type: 'boolean', default: false },
    idle: { type: 'string' },
    folder: { type: 'string', default: tmpdir() },
    write: { type: 'boolean', default: false },
  },
});
const many = Number(options.messages ?? (options.quick ? 2000 : 100_000));
/** Sizes of the growth check. */
const few = Math.ceil(many / 10);
const rounds = { light: options.quick ? 3 : 11, heavy: options.quick ? 2 : 3 };
/** What n log n allows over ten times as many messages, and as much again for chance. */
const mostGrowth = ((10 * Math.log2(many)) / Math.log2(few)) * 2;

interface Row {
  readonly measure: Measure;
  /** Medians, milliseconds. */
  readonly ours: number;
  readonly dovecot: number | undefined;
  /** Of a mailbox with a tenth of the messages; ours. */
  readonly few: number | undefined;
}

function medianOf(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** One turn that is not counted fills what each server keeps for later; then they take turns. */
async function measureOne(measure: Measure, subjects: readonly Subject[]): Promise<number[]> {
  const count = measure.heavy === true ? rounds.heavy : rounds.light;
  const times = subjects.map((): number[] => []);
  for (let round = -1; round < count; round += 1) {
    for (const [index, subject] of subjects.entries()) {
      const ms = await measure.run(subject, round + 1);
      if (round >= 0) times[index]?.push(ms);
    }
  }
  return times.map(medianOf);
}

async function measureAll(ours: Contestant, dovecot: Contestant | undefined): Promise<Row[]> {
  const large = [await openSubject(ours, mailboxOf(many))];
  if (dovecot !== undefined) large.push(await openSubject(dovecot, mailboxOf(many)));
  const smaller = await openSubject(ours, mailboxOf(few));
  for (const subject of [...large, smaller]) await prepareFolders(subject);
  const rows: Row[] = [];
  for (const measure of measures.filter(({ name }) => name.includes(options.only))) {
    const [own = 0, reference] = await measureOne(measure, large);
    const [ownFew] = measure.grows ? await measureOne(measure, [smaller]) : [];
    const row = { measure, ours: own, dovecot: reference, few: ownFew };
    rows.push(row);
    console.log(formatRow(row).join('   '));
  }
  for (const { client } of [...large, smaller]) client.close();
  return rows;
}

function formatRow({ measure, ours, dovecot, few: smaller }: Row): string[] {
  const ratio = dovecot === undefined ? '' : (ours / dovecot).toFixed(2);
  const growth = smaller === undefined ? '' : (ours / smaller).toFixed(1);
  return [measure.name, inMs(ours), dovecot === undefined ? '' : inMs(dovecot), ratio, growth];
}

/** Measures that grow faster than n log n; what takes no time cannot be judged. */
function findOvergrown(rows: readonly Row[]): string[] {
  return rows
    .filter(({ ours, few: smaller }) => smaller !== undefined && ours > 50 && ours / smaller > mostGrowth)
    .map(({ measure }) => measure.name);
}

function renderPage(rows: readonly Row[]): string {
  const head = ['', 'ours', 'Dovecot', 'ours ÷ Dovecot', `${inCount(many)} ÷ ${inCount(few)} messages`];
  const overgrown = findOvergrown(rows);
  const verdict =
    overgrown.length === 0
      ? 'Nothing grows faster than n log n with the folder.'
      : `Grows faster than n log n with the folder: ${overgrown.join(', ')}.`;
  const text = `Medians; \`npm run bench:imap -- --messages ${many}\`. One folder of ${inCount(many)} messages of about 8 KB, the same in
both servers, over TLS, in turns; each command once beforehand, so that both have what they keep for later. A ratio below 1
means that ours is faster. The last column is ours alone: ten times the messages cost so many times as much. ${verdict}`;

  return `${text}\n\n${renderRows(head, rows.map(formatRow))}`;
}

async function compare(folder: string): Promise<void> {
  const obstacle = options.ours ? 'as asked' : findDovecotObstacle();
  if (obstacle !== undefined) console.log(`Without Dovecot: ${obstacle}`);
  const mailboxes = [mailboxOf(many), mailboxOf(few)];
  console.log(`Filling ${inCount(many + few)} messages …`);
  const began = performance.now();
  const ours = await startOurs(folder, mailboxes);
  const dovecot = obstacle === undefined ? await startReference(folder, mailboxes) : undefined;
  console.log(`… in ${inMs(performance.now() - began)}`);
  try {
    const rows = await measureAll(ours, dovecot);
    const page = renderPage(rows);
    console.log(`\n${page}`);
    if (options.write) writeSection('imap', `## IMAP beside Dovecot\n\n${page}`);
    if (findOvergrown(rows).length > 0) process.exitCode = 1;
  } finally {
    await ours.stop();
    await dovecot?.stop();
  }
}

async function idle(folder: string, connections: number): Promise<void> {
  const mailbox = mailboxOf(1000);
  const ours = await startOurs(folder, [mailbox]);
  try {
    const page = await measureIdle(ours, mailbox, connections);
    console.log(page);
    if (options.write) writeSection('imap-idle', `## Idle IMAP connections\n\n${page}`);
  } finally {
    await ours.stop();
  }
}

const folder = mkdtempSync(join(options.folder, 'openpec-imap-'));
// Dovecot reads as a user of its own.
chmodSync(folder, 0o755);
try {
  await (options.idle === undefined ? compare(folder) : idle(folder, Number(options.idle)));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
