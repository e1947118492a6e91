/** What is asked of a filled message log: searches, proofs, receipts written again, verification. */
import type { Database } from '../../src/db/database.ts';
import type { LoggedEvent } from '../../src/message-log/find.ts';
import { makeProof } from '../../src/message-log/proof/make-proof.ts';
import { legalDayOf } from '../../src/message-log/seal/legal-day.ts';
import type { SegmentArchive } from '../../src/message-log/seal/segment-archive.ts';
import { type LogSearch, searchEvents } from '../../src/message-log/search.ts';
import { verifyLog } from '../../src/message-log/verify/verify-log.ts';
import type { LogEvent } from '../../src/pec/events.ts';
import type { ReproducibleKind } from '../../src/points/issued-kinds.ts';
import { findChain } from '../../src/points/signing-chains.ts';
import { stampTrust } from '../../test/unit/tsa/stamper.ts';
import { inCount, inMb, type Spread, spread, spreadOf, watch } from './figures.ts';
import type { Samples } from './samples.ts';
import { busiestSender, nameMailbox } from './traffic.ts';

export interface FilledLog {
  readonly db: Database;
  readonly archive: SegmentArchive;
  readonly samples: Samples;
  readonly provider: { readonly name: string; readonly domain: string };
  readonly clock: () => number;
}

type Measured = readonly [what: string, times: Spread];

/** The last number of the stream. */
export async function findLastSeq({ db }: Pick<FilledLog, 'db'>): Promise<number> {
  const row = await db.read((tx) =>
    tx.get<{ seq: number | null }>('SELECT MAX(seq) AS seq FROM message_log WHERE node = ?', 'n1'),
  );
  return row?.seq ?? 0;
}

/** How long each question takes, by what it asks. */
export async function measureQuestions(log: FilledLog): Promise<Measured[]> {
  return [
    ...(await measureSearches(log)),
    await measureProofs(log),
    ...(await measureReproductions(log.samples)),
  ];
}

/** Entries drawn from everywhere in the log, to search for. */
async function drawEntries(log: FilledLog, count: number): Promise<LoggedEvent[]> {
  const last = await findLastSeq(log);
  const found: LoggedEvent[] = [];
  while (found.length < count) {
    const row = await log.db.read((tx) =>
      tx.get<{ identificativo: string }>(
        'SELECT identificativo FROM message_log WHERE node = ? AND seq = ?',
        'n1',
        1 + Math.floor(Math.random() * last),
      ),
    );
    const search = { identificativo: row?.identificativo ?? '' };
    found.push(...(await log.db.read((tx) => searchEvents(tx, search, { limit: 1 }))));
  }
  return found;
}

const pageEntries = 100;

async function measureSearches(log: FilledLog): Promise<Measured[]> {
  const times = async (make: (event: LogEvent) => LogSearch): Promise<Spread> => {
    const drawn = await drawEntries(log, 300);
    return spreadOf(drawn.length, async (number) => {
      const event = drawn[number]?.event;
      if (event === undefined) throw new Error('nothing was drawn');
      const search = make(event);
      const found = await log.db.read((tx) => searchEvents(tx, search, { limit: pageEntries }));
      if (found.length === 0) throw new Error(`nothing was found for ${JSON.stringify(search)}`);
    });
  };
  const dayOf = ({ at }: LogEvent) => ({ from: legalDayOf(at).start, to: legalDayOf(at).end });
  const recipientOf = ({ facts }: LogEvent) => facts.recipients[0]?.address ?? '';
  return [
    ['search by identificativo', await times(({ facts }) => ({ identificativo: facts.identificativo }))],
    ['search by msgid', await times(({ facts }) => ({ msgid: facts.msgid ?? '' }))],
    ['search by sender and day', await times((event) => ({ sender: event.facts.sender, ...dayOf(event) }))],
    [
      `search by the busiest sender and day, ${pageEntries} entries`,
      await times((event) => ({ sender: busiestSender, ...dayOf(event) })),
    ],
    [
      'search by recipient and day',
      await times((event) => ({ mailbox: recipientOf(event), ...dayOf(event) })),
    ],
    ['search by a sender, all days', await times(({ facts }) => ({ sender: facts.sender }))],
    ['search for a sender that is not there', await searchInVain(log)],
  ];
}

function searchInVain({ db }: FilledLog): Promise<Spread> {
  return spreadOf(300, (number) => {
    const sender = `nobody.${nameMailbox(number * 331, 'alfa.test')}`;
    return db.read((tx) => searchEvents(tx, { sender }, { limit: pageEntries }));
  });
}

async function measureProofs(log: FilledLog): Promise<Measured> {
  const { db, provider, clock } = log;
  const drawn = await drawEntries(log, 100);
  const times = await spreadOf(drawn.length, async (number) => {
    const identificativo = drawn[number]?.event.facts.identificativo ?? '';
    await makeProof({
      ...{ db, provider, identificativo, message: null, now: clock(), findChain, crls: [] },
      findIndex: async () => null,
    });
  });
  return ['proof of a message, made', times];
}

async function measureReproductions(samples: Samples): Promise<Measured[]> {
  const write = async (kind: ReproducibleKind, isLarge: boolean) => {
    const times: number[] = [];
    for (const { identificativo, size } of await samples.list())
      if (size > 500_000 === isLarge) times.push(await samples.reproduce(identificativo, kind));
    return spread(times);
  };
  return [
    ['acceptance receipt written again', await write('accettazione', false)],
    ['complete delivery receipt of 30 KB', await write('avvenuta-consegna', false)],
    ['complete delivery receipt of 1 MB', await write('avvenuta-consegna', true)],
  ];
}

/** What the check takes: its name, time, entries read, memory. The made-up signatures are not looked at by it. */
export async function measureVerification(
  { db, archive, provider, clock }: FilledLog,
  full: boolean,
): Promise<string[]> {
  const trust = { provider: stampTrust, stamps: stampTrust };
  const { result, ms, memory, cpu } = await watch(() =>
    verifyLog({
      ...{ db, archive, trust, full, now: clock(), provider: provider.name },
      isOurDomain: (domain) => domain.endsWith('alfa.test'),
    }),
  );
  const wrong = result.findings.find(({ code }) => code !== 'incoherent');
  if (wrong !== undefined) throw new Error(JSON.stringify(wrong));
  const read = result.streams.reduce((sum, { entriesRead }) => sum + entriesRead, 0);
  const name = `pec log verify${full ? ' --full' : ''}`;
  return [name, `${(ms / 1000).toFixed(1)} s`, `${cpu.toFixed(1)} s`, inCount(read), inMb(memory)];
}
