/**
 * The message log at the size it has after months: `npm run bench:log`, a hundred thousand entries unless told
 * `-- --entries 10000000`. Ten legal days through the program's own code: entries appended, each day sealed and
 * time-stamped, then searched, proved, written again and verified. `--folder` names the disk, `--write` puts the
 * figures into docs/performance.md.
 */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openSqlite } from '../src/db/sqlite.ts';
import { appendEvent } from '../src/message-log/append.ts';
import { makeProof } from '../src/message-log/proof/make-proof.ts';
import { legalDayOf } from '../src/message-log/seal/legal-day.ts';
import { createSealer } from '../src/message-log/seal/sealer.ts';
import { openSegmentFolder } from '../src/message-log/seal/segment-folder.ts';
import { searchEvents } from '../src/message-log/search.ts';
import { verifyLog } from '../src/message-log/verify/verify-log.ts';
import { findChain } from '../src/points/signing-chains.ts';
import { issuedAt } from '../test/unit/pki/authority.ts';
import { openAuthority, stampTrust } from '../test/unit/tsa/stamper.ts';
import {
  inCount,
  inMb,
  inMs,
  renderRows,
  type Spread,
  spread,
  spreadOf,
  watch,
} from './message-log/figures.ts';
import { openSamples } from './message-log/samples.ts';
import { busiestSender, makeTraffic, nameMailbox } from './message-log/traffic.ts';
import { writeSection } from './performance-page.ts';

const { values: options } = parseArgs({
  options: {
    entries: { type: 'string', default: '100000' },
    folder: { type: 'string', default: tmpdir() },
    full: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const entries = Number(options.entries);
const days = 10;
const perDay = Math.ceil(entries / days);
const bytesToExpect = 2500;
const dayMs = 86_400_000;

if (!(entries >= 1000)) throw new Error('--entries is a number, 1000 at least');
const room = statfsSync(options.folder);
if (room.bavail * room.bsize < entries * bytesToExpect * 1.5)
  throw new Error(`${options.folder} has too little room: --folder names another place`);

const folder = mkdtempSync(join(options.folder, 'openpec-log-'));
const file = join(folder, 'pec.db');
const segments = join(folder, 'log-segments');
const time = { now: legalDayOf(issuedAt + dayMs).end };
const firstDay = time.now;
const db = openSqlite({ file });
const samples = await openSamples(db, join(folder, 'blobs'), time);
const archive = openSegmentFolder(segments);
const provider = { name: samples.parts.provider.name, domain: 'alfa.test' };
const sealer = createSealer({
  db,
  archive,
  signer: () => samples.parts.signer,
  authorities: [openAuthority('prova', () => time.now)],
  leastStamps: 1,
  provider,
  indexOn: async () => null,
  clock: () => time.now,
  owner: 'bench',
  onEvent: (event) => {
    if (event.type !== 'sealed' && event.type !== 'exported') throw new Error(JSON.stringify(event));
  },
});

const messages = { made: 0 };
const appended: string[][] = [];
const seals: string[][] = [];

/** Fills one legal day, transactions committed together by the hundred: microseconds an entry, by clock and processor. */
async function fillDay(day: number): Promise<{ wall: number; cpu: number }> {
  const start = firstDay + day * dayMs;
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
  const { ms, cpu } = await watch(async () => {
    while (count < perDay) await Promise.all(Array.from({ length: 100 }, fillPart));
  });
  return { wall: (ms * 1000) / count, cpu: (cpu * 1e6) / count };
}

/** As the server does it: a message each transaction, durable before the next one of the same client. */
async function appendDurably(): Promise<{ alone: Spread; rate: number }> {
  const at = time.now;
  const one = (number: number) =>
    db.transact(async (tx) => {
      for (const event of makeTraffic(number, at)) await appendEvent(tx, event);
    });
  const alone = await spreadOf(200, one);
  const count = 3000;
  let left = count;
  const client = async () => {
    for (; left > 0; left -= 1) await one(left);
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: 64 }, client));
  return { alone, rate: (count * 1000) / (performance.now() - began) };
}

async function findLastSeq(): Promise<number> {
  const row = await db.read((tx) =>
    tx.get<{ seq: number | null }>('SELECT MAX(seq) AS seq FROM message_log'),
  );
  return row?.seq ?? 0;
}

async function fillAndSeal(day: number): Promise<void> {
  const before = await findLastSeq();
  time.now = firstDay + day * dayMs + 1000;
  const durable = await appendDurably();
  for (let sample = 0; sample < 10; sample += 1) await samples.exchange(sample === 0 ? 1_000_000 : 30_000);
  const filled = await fillDay(day);
  appended.push([
    inCount(before),
    `${filled.wall.toFixed(0)} µs`,
    `${filled.cpu.toFixed(0)} µs`,
    inMs(durable.alone.median),
    `${inCount(durable.rate)}/s`,
  ]);
  time.now = firstDay + (day + 1) * dayMs + 600_000;
  const { result, ms, memory, memoryBefore, held, cpu } = await watch(() => sealer.seal());
  const sealed = result.sealed.reduce((sum, segment) => sum + segment.entries, 0);
  seals.push([
    inCount(sealed),
    `${(ms / 1000).toFixed(1)} s`,
    `${cpu.toFixed(1)} s`,
    `${inMb(memoryBefore)}, ${inMb(memory)}`,
    inMs(held),
  ]);
  console.log(`day ${day + 1}: append ${appended.at(-1)?.join(', ')}; seal ${seals.at(-1)?.join(', ')}`);
}

async function sizeOfFiles(path: string): Promise<number> {
  const names = await readdir(path);
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(path, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

type Found = Awaited<ReturnType<typeof searchEvents>>;

/** Entries drawn from everywhere in the log, to search for. */
async function drawEntries(count: number, last: number): Promise<Found> {
  const seqs = Array.from({ length: count }, () => 1 + Math.floor(Math.random() * last));
  const found: Found = [];
  for (const seq of seqs) {
    const row = await db.read((tx) =>
      tx.get<{ identificativo: string }>(
        'SELECT identificativo FROM message_log WHERE node = ? AND seq = ?',
        'n1',
        seq,
      ),
    );
    const search = { identificativo: row?.identificativo ?? '' };
    found.push(...(await db.read((tx) => searchEvents(tx, search, { limit: 1 }))));
  }
  return found;
}

async function measureSearches(last: number): Promise<(readonly [string, Spread])[]> {
  const drawn = await drawEntries(500, last);
  const pick = (number: number) => {
    const found = drawn[number % drawn.length];
    if (found === undefined) throw new Error('nothing was found');
    return found.event;
  };
  const dayOf = (at: number) => ({ from: legalDayOf(at).start, to: legalDayOf(at).end });
  const search = (filter: Parameters<typeof searchEvents>[1]) => async () => {
    const found = await db.read((tx) => searchEvents(tx, filter, { limit: 100 }));
    if (found.length === 0) throw new Error(`nothing was found for ${JSON.stringify(filter)}`);
  };
  const each = (make: (event: ReturnType<typeof pick>) => Parameters<typeof searchEvents>[1]) =>
    spreadOf(500, (number) => search(make(pick(number)))());
  return [
    ['search by identificativo', await each(({ facts }) => ({ identificativo: facts.identificativo }))],
    ['search by msgid', await each(({ facts }) => ({ msgid: facts.msgid ?? '' }))],
    ['search by sender and day', await each(({ facts, at }) => ({ sender: facts.sender, ...dayOf(at) }))],
    [
      'search by the busiest sender and day, a page of 100',
      await each(({ at }) => ({ sender: busiestSender, ...dayOf(at) })),
    ],
    [
      'search by recipient and day',
      await each(({ facts, at }) => ({ mailbox: facts.recipients[0]?.address ?? '', ...dayOf(at) })),
    ],
    [
      'search by a sender, all days',
      await spreadOf(200, async (number) => {
        const sender = nameMailbox(number * 499, 'alfa.test');
        await db.read((tx) => searchEvents(tx, { sender }, { limit: 100 }));
      }),
    ],
  ];
}

async function measureProofs(last: number): Promise<readonly [string, Spread]> {
  const drawn = await drawEntries(100, last);
  const times = await spreadOf(drawn.length, async (number) => {
    const identificativo = drawn[number]?.event.facts.identificativo ?? '';
    await makeProof({
      ...{ db, provider, identificativo, message: null, now: time.now, findChain, crls: [] },
      findIndex: async () => null,
    });
  });
  return ['proof of a message', times];
}

async function measureReproductions(): Promise<(readonly [string, Spread])[]> {
  const write = async (kind: 'accettazione' | 'avvenuta-consegna', isLarge: boolean) => {
    const times: number[] = [];
    for (let sample = 0; sample < samples.count; sample += 1)
      if ((sample % 10 === 0) === isLarge) times.push(await samples.reproduce(sample, kind));
    return spread(times);
  };
  return [
    ['acceptance receipt written again', await write('accettazione', false)],
    ['complete delivery receipt of 30 KB', await write('avvenuta-consegna', false)],
    ['complete delivery receipt of 1 MB', await write('avvenuta-consegna', true)],
  ];
}

async function measureVerification(full: boolean): Promise<string[]> {
  const trust = { provider: { ...stampTrust }, stamps: stampTrust };
  const { result, ms, memory } = await watch(() =>
    verifyLog({
      ...{ db, archive, trust, full, now: time.now, provider: provider.name },
      isOurDomain: (domain) => domain.endsWith('alfa.test'),
    }),
  );
  if (result.findings.some(({ code }) => code !== 'incoherent'))
    throw new Error(JSON.stringify(result.findings[0]));
  const read = result.streams.reduce((sum, stream) => sum + stream.entriesRead, 0);
  return [
    `pec log verify${full ? ' --full' : ''}`,
    `${(ms / 1000).toFixed(1)} s`,
    inCount(read),
    inMb(memory),
  ];
}

try {
  for (let day = 0; day < days; day += 1) await fillAndSeal(day);
  const last = await findLastSeq();
  const times = [
    ...(await measureSearches(last)),
    await measureProofs(last),
    ...(await measureReproductions()),
  ].map(([what, { median, p99, longest }]) => [what, inMs(median), inMs(p99), inMs(longest)]);
  const verifications = [await measureVerification(false)];
  if (options.full) verifications.push(await measureVerification(true));
  await db.close();
  const rows = (await stat(file)).size;
  const exported = await sizeOfFiles(segments);
  const page = [
    `## The message log with ${inCount(last)} entries`,
    '',
    '`npm run bench:log -- --entries N`: ten legal days, each sealed after its end.',
    '',
    renderRows(
      [
        'entries before',
        'append, each, many at once',
        'of the processor',
        'a message alone, durable',
        'messages, 64 clients',
      ],
      appended,
    ),
    '',
    renderRows(
      ['entries sealed', 'time', 'of the processor', 'memory before, most', 'event loop held'],
      seals,
    ),
    '',
    renderRows(['what', 'median', '99 %', 'longest'], times),
    '',
    renderRows(['what', 'time', 'entries read', 'memory, most'], verifications),
    '',
    `Bytes an entry: ${Math.round(rows / last)} in the database with all indexes, ${Math.round(exported / last)} in the sealed files, ${Math.round((rows + exported) / last)} in all.`,
  ].join('\n');
  console.log(page);
  if (options.write) writeSection('message-log', page);
} finally {
  await db.close();
  rmSync(folder, { recursive: true, force: true });
}
