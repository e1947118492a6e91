import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendEvent } from '../../../src/message-log/append.ts';
import { type LoggedEvent, listNodes, readStream } from '../../../src/message-log/find.ts';
import { type LogSearch, placeOf, searchEvents, walkEvents } from '../../../src/message-log/search.ts';
import type { LogEvent } from '../../../src/pec/events.ts';
import { openStore, testEpoch } from '../../support/store.ts';

const people = ['mario@alfa.test', 'Anna@alfa.test', 'luigi@beta.test'];
const provider = 'Gestore Alfa S.p.A.';

/** 120 acts about 24 messages, several at one instant, on two nodes; some write to themselves. */
function buildActs(): { readonly event: LogEvent; readonly node: string }[] {
  return Array.from({ length: 120 }, (_, index) => {
    const message = Math.floor(index / 5);
    const sender = people[message % 3] ?? '';
    const recipient = people[Math.floor(message / 2) % 3] ?? '';
    const facts = {
      identificativo: `pec.${message}@alfa.test`,
      msgid: message % 4 === 0 ? undefined : `<${message % 7}@pc>`,
      sender,
      recipients: [{ address: recipient, certified: true }],
      replyTo: sender,
      subject: 'x',
    };
    const base = { at: testEpoch + Math.floor(index / 3) * 1000, facts, sendingProvider: provider };
    const event: LogEvent =
      index % 5 === 0
        ? { ...base, type: 'taken-in-charge', generated: [], takenInCharge: [recipient], size: 1 }
        : { ...base, type: 'delivered', generated: [], recipient, receiptKind: 'completa' };
    return { event, node: index % 3 === 0 ? 'n2' : 'n1' };
  });
}

function holds({ event }: LoggedEvent, search: LogSearch): boolean {
  const is = (address: string | undefined, wanted: string | undefined) =>
    address?.toLowerCase() === wanted?.toLowerCase();
  const { sender, recipients, identificativo, msgid } = event.facts;
  const to = recipients[0]?.address;
  return (
    (search.sender === undefined || is(sender, search.sender)) &&
    (search.recipient === undefined || is(to, search.recipient)) &&
    (search.mailbox === undefined || is(sender, search.mailbox) || is(to, search.mailbox)) &&
    (search.identificativo === undefined || identificativo === search.identificativo) &&
    (search.msgid === undefined || msgid === search.msgid) &&
    event.at >= (search.from ?? 0) &&
    event.at < (search.to ?? Number.MAX_SAFE_INTEGER) &&
    (search.types === undefined || search.types.includes(event.type))
  );
}

/** Every combination of having a filter or not, with values that some entries have. */
function* everySearch(): Generator<LogSearch> {
  const choices: LogSearch[][] = [
    [{}, { sender: 'MARIO@alfa.test' }],
    [{}, { recipient: 'anna@alfa.test' }, { recipient: 'mario@alfa.test' }],
    [{}, { mailbox: 'mario@alfa.test' }, { mailbox: 'nessuno@alfa.test' }],
    [{}, { identificativo: 'pec.3@alfa.test' }],
    [{}, { msgid: '<3@pc>' }],
    [{}, { from: testEpoch + 5000, to: testEpoch + 30_000 }],
    [{}, { types: ['delivered'] }, { types: ['taken-in-charge', 'refused'] }],
  ];
  const combine = function* (index: number, search: LogSearch): Generator<LogSearch> {
    const options = choices[index];
    if (options === undefined) yield search;
    else for (const option of options) yield* combine(index + 1, { ...search, ...option });
  };
  yield* combine(0, {});
}

test('each search finds what holds, in order, whatever the size of its pages', async (t) => {
  const { db } = openStore(t);
  for (const { event, node } of buildActs()) await db.transact((tx) => appendEvent(tx, event, node));
  const all = await db.read(async (tx) => {
    const nodes = await listNodes(tx);
    const streams = await Promise.all(nodes.map((node) => readStream(tx, { node, after: 0, limit: 1000 })));
    return streams.flat();
  });
  const name = (one: LoggedEvent) => `${one.event.at} ${one.node} ${String(one.seq).padStart(4, '0')}`;
  const sorted = all.map((one) => ({ one, name: name(one) })).sort((a, b) => (a.name < b.name ? -1 : 1));
  let found = 0;
  for (const search of everySearch()) {
    const expected = sorted.filter(({ one }) => holds(one, search)).map((entry) => entry.name);
    const walked: string[] = [];
    for await (const one of walkEvents((fn) => db.read(fn), search, 7)) walked.push(name(one));
    assert.deepEqual(walked, expected, JSON.stringify(search));
    found += walked.length;
  }
  assert.ok(found > 1000);
});

test('a page ends where it is told to, and the next begins there', async (t) => {
  const { db } = openStore(t);
  for (const { event } of buildActs().slice(0, 9)) await db.transact((tx) => appendEvent(tx, event));
  const first = await db.read((tx) => searchEvents(tx, {}, { limit: 4 }));
  const last = first.at(-1);
  assert.ok(last !== undefined);
  const rest = await db.read((tx) => searchEvents(tx, {}, { limit: 100, after: placeOf(last) }));
  assert.deepEqual(
    [...first, ...rest].map(({ seq }) => seq),
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
});
