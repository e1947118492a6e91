/**
 * Searching the log, a page at a time in the order of the acts: each page begins where the last one ended
 * (keyset), so the thousandth costs what the first does, over millions of entries.
 */
import type { ReadTransaction, SqlValue } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import type { LogEventType } from '../pec/events.ts';
import { hasMsgid, type LoggedEvent, readEvents, selectEvents } from './find.ts';
import { addressDays, dayNumberOf, listAddressDays } from './log-days.ts';

/** All that is given must hold. Addresses are compared without case. */
export interface LogSearch {
  /** Of the original message. */
  readonly sender?: string;
  /** Whom the act is about. */
  readonly recipient?: string;
  /** Sender or recipient: what concerns its holder. */
  readonly mailbox?: string;
  /** Without angle brackets. */
  readonly identificativo?: string;
  /** With angle brackets, as the client wrote it. */
  readonly msgid?: string;
  /** Inclusive. */
  readonly from?: Instant;
  /** Exclusive. */
  readonly to?: Instant;
  /** One of these; any when absent. */
  readonly types?: readonly LogEventType[];
}

/** Where an entry stands in the order of a search. */
export interface LogPlace {
  readonly at: Instant;
  readonly node: string;
  readonly seq: number;
}

export interface SearchPage {
  /** Begin after this entry; from the first when absent. */
  readonly after?: LogPlace;
  readonly limit: number;
}

/** A page of what is found, in the order (instant, node, number). */
export async function searchEvents(
  tx: ReadTransaction,
  search: LogSearch,
  page: SearchPage,
): Promise<LoggedEvent[]> {
  const driver = await chooseDriver(tx, search);
  const conditions = buildConditions(search, driver, page.after);
  if (driver.kind === 'address') return searchDays(tx, { search, driver, conditions, page });
  const { where, values } = conditions;
  return readEvents(tx, `${selectEvents} WHERE ${where.join(' AND ')} ORDER BY l.at, l.node, l.seq LIMIT ?`, [
    ...values,
    page.limit,
  ]);
}

interface AddressSearch {
  readonly search: LogSearch;
  readonly driver: AddressDriver;
  readonly conditions: Conditions;
  readonly page: SearchPage;
}

/** Days asked for at once; most addresses have fewer. */
const daysAtOnce = 50;

/** Day after day until the page is full: within each the address has its entries in order. */
async function searchDays(
  tx: ReadTransaction,
  { search, driver, conditions, page }: AddressSearch,
): Promise<LoggedEvent[]> {
  const sql = `${selectEvents} JOIN message_log_address p ON p.node = l.node AND p.seq = l.seq
    WHERE p.day = ? AND ${conditions.where.join(' AND ')} ORDER BY p.at, p.node, p.seq LIMIT ?`;
  const [first, end] = periodOf(search);
  const to = dayNumberOf(end);
  const found: LoggedEvent[] = [];
  for (let from = dayNumberOf(Math.max(first, page.after?.at ?? first)); ; ) {
    const days = await listAddressDays(tx, { key: driver.address, from, to, limit: daysAtOnce });
    for (const day of days) {
      found.push(...(await readEvents(tx, sql, [day, ...conditions.values, page.limit - found.length])));
      if (found.length >= page.limit) return found;
      from = day + 1;
    }
    if (days.length < daysAtOnce) return found;
  }
}

/** All that is found, read in pages, each in a transaction of its own: nothing is locked in between. */
export async function* walkEvents(
  read: <T>(fn: (tx: ReadTransaction) => Promise<T>) => Promise<T>,
  search: LogSearch,
  pageSize = 1000,
): AsyncGenerator<LoggedEvent> {
  let after: LogPlace | undefined;
  while (true) {
    const page = after === undefined ? { limit: pageSize } : { limit: pageSize, after };
    const found = await read((tx) => searchEvents(tx, search, page));
    yield* found;
    const last = found.at(-1);
    if (last === undefined || found.length < pageSize) return;
    after = placeOf(last);
  }
}

export function placeOf({ event, node, seq }: LoggedEvent): LogPlace {
  return { at: event.at, node, seq };
}

type Role = 'sender' | 'recipient';

/** Which index leads: an identifier's, an address's, or time alone. */
type Driver = { readonly kind: 'identificativo' | 'msgid' | 'time' } | AddressDriver;

interface AddressDriver {
  readonly kind: 'address';
  readonly address: string;
  readonly role: Role | 'either';
}

async function chooseDriver(tx: ReadTransaction, search: LogSearch): Promise<Driver> {
  if (search.identificativo !== undefined) return { kind: 'identificativo' };
  if (search.msgid !== undefined) return { kind: 'msgid' };
  const candidates = addressesOf(search);
  const [first, ...others] = candidates;
  if (first === undefined) return { kind: 'time' };
  if (others.length === 0) return { kind: 'address', ...first };
  // The rarer of two addresses leads: a provider's busiest sender has millions of entries.
  const counted = await Promise.all(
    candidates.map(async (one) => ({ ...one, count: await countUpTo(tx, one, search) })),
  );
  const { address, role } = counted.reduce((best, one) => (one.count < best.count ? one : best));
  return { kind: 'address', address, role };
}

interface AddressCondition {
  readonly address: string;
  readonly role: Role | 'either';
}

function addressesOf({ sender, recipient, mailbox }: LogSearch): AddressCondition[] {
  const all: [string | undefined, Role | 'either'][] = [
    [sender, 'sender'],
    [recipient, 'recipient'],
    [mailbox, 'either'],
  ];
  return all.flatMap(([address, role]) =>
    address === undefined ? [] : [{ address: address.toLowerCase(), role }],
  );
}

const enoughToCompare = 10_000;

async function countUpTo(
  tx: ReadTransaction,
  { address }: AddressCondition,
  search: LogSearch,
): Promise<number> {
  const [from, to] = periodOf(search);
  const row = await tx.get<{ count: number }>(
    `${addressDays} SELECT COUNT(*) AS count FROM (SELECT 1 FROM days CROSS JOIN message_log_address a
       ON a.day = days.day WHERE a.address_key = ? AND a.at >= ? AND a.at < ? LIMIT ?) AS some`,
    dayNumberOf(from),
    dayNumberOf(to),
    address,
    from,
    to,
    enoughToCompare,
  );
  return row?.count ?? 0;
}

function periodOf({ from = 0, to = Number.MAX_SAFE_INTEGER }: LogSearch): [Instant, Instant] {
  return [from, to];
}

interface Conditions {
  readonly where: string[];
  readonly values: SqlValue[];
}

function buildConditions(search: LogSearch, driver: Driver, after: LogPlace | undefined): Conditions {
  const place = driver.kind === 'address' ? 'p' : 'l';
  const where: string[] = [];
  const values: SqlValue[] = [];
  const add = (condition: string, ...bound: SqlValue[]) => {
    where.push(condition);
    values.push(...bound);
  };
  if (driver.kind === 'address') {
    add('p.address_key = ?', driver.address);
    // Who wrote to itself stands there twice.
    if (driver.role === 'either')
      add(`(p.role = 'sender' OR NOT ${existsSql('p', "o.role = 'sender'")})`, driver.address);
    else add('p.role = ?', driver.role);
  }
  const [from, to] = periodOf(search);
  // With a Message-ID only that may choose the index: its entries are few, and time would be read through.
  const at = driver.kind === 'msgid' ? 'l.at + 0' : `${place}.at`;
  add(`${at} >= ? AND ${at} < ?`, Math.max(from, after?.at ?? from), to);
  if (after !== undefined)
    add(`(${at}, ${place}.node, ${place}.seq) > (?, ?, ?)`, after.at, after.node, after.seq);
  if (search.identificativo !== undefined) add('l.identificativo = ?', search.identificativo);
  if (search.msgid !== undefined) add(hasMsgid, search.msgid, search.msgid);
  if (search.types !== undefined)
    add(`l.type IN (${search.types.map(() => '?').join(', ')})`, ...search.types);
  for (const { address, role } of addressesOf(search)) {
    if (driver.kind === 'address' && driver.address === address && driver.role === role) continue;
    if (role === 'either') add(existsSql(place, 'TRUE'), address);
    else add(existsSql(place, 'o.role = ?'), address, role);
  }
  return { where, values };
}

/** That the entry has a row for the address bound to it, on that condition. */
function existsSql(place: 'l' | 'p', condition: string): string {
  return `EXISTS (SELECT 1 FROM message_log_address o WHERE o.day = ${place}.at / 86400000 AND o.address_key = ?
    AND o.at = ${place}.at AND o.node = ${place}.node AND o.seq = ${place}.seq AND ${condition})`;
}
