/**
 * Searches and sorts that are kept up to date (CONTEXT=SEARCH, CONTEXT=SORT, RFC 5267 §4.3): with the news of the
 * selected folder the client hears what joined and what left its results.
 */
import type { MessageRecord } from '../../mailbox/mail-store.ts';
import { FetchWriter } from '../message/fetch-writer.ts';
import {
  formatRanges,
  includes,
  intersect,
  type Ranges,
  rangesOf,
  subtract,
  unite,
  valuesOf,
} from '../number-ranges.ts';
import type { NewsWatch, Session } from '../session.ts';
import type { FetchRequest } from '../wire/fetch-items.ts';
import { formatString } from '../wire/format.ts';
import type { SearchKey } from '../wire/search-keys.ts';
import { loadFacts } from './load-facts.ts';
import { runSearch } from './run-search.ts';
import { compareRows, kindsOf, type SortKey, type SortRow, sortMessages } from './sort.ts';

/** A searching command that asked for UPDATE. */
export interface ContextRequest {
  readonly tag: string;
  readonly byUid: boolean;
  readonly key: SearchKey;
  readonly fixedSets: ReadonlyMap<SearchKey, Ranges>;
  /** Undefined: in the order of the folder. */
  readonly sortKeys: readonly SortKey[] | undefined;
  /** Told of new messages that join (RFC 5465 §7). */
  readonly items: readonly FetchRequest[];
}

interface Context extends ContextRequest {
  members: Ranges;
  /** Of a sort: the members in their order. */
  readonly rows: SortRow[];
}

const mostContexts = 10;
/** A sort keeps what its messages are sorted by. */
const mostSorted = 20_000;

/** The contexts of the selected folder, which the session then tells its news. */
export function contextsOf(session: Session): SearchContexts {
  if (session.contexts instanceof SearchContexts) return session.contexts;
  const contexts = new SearchContexts(session);
  session.contexts = contexts;
  session.view.tracksTouched = true;
  return contexts;
}

export class SearchContexts implements NewsWatch {
  readonly #session: Session;
  readonly #contexts: Context[] = [];

  constructor(session: Session) {
    this.#session = session;
  }

  /** True when a search with this tag is being kept up to date. */
  has(tag: string): boolean {
    return this.#contexts.some((context) => context.tag === tag);
  }

  /** False when there are too many already, or the result is too long to be kept (RFC 5267 §4.3.1). */
  add(request: ContextRequest, uids: readonly number[], rows: readonly SortRow[]): boolean {
    if (this.#contexts.length >= mostContexts || rows.length > mostSorted) return false;
    const members = rangesOf([...uids].sort((a, b) => a - b));
    this.#contexts.push({ ...request, members, rows: [...rows] });
    return true;
  }

  cancel(tags: readonly string[]): void {
    for (const [index, { tag }] of [...this.#contexts.entries()].reverse()) {
      if (tags.includes(tag)) this.#contexts.splice(index, 1);
    }
  }

  beforeRemoval(removed: ReadonlyMap<number, number>): void {
    const uids = rangesOf([...removed.keys()].sort((a, b) => a - b));
    for (const context of this.#contexts) {
      const nameOf = (uid: number) => (context.byUid ? uid : (removed.get(uid) ?? 0));
      this.#tell(context, leave(context, intersect(context.members, uids), nameOf));
    }
  }

  async afterChange(added: Ranges, touched: ReadonlySet<number>): Promise<void> {
    const changed = unite(added, rangesOf([...touched].sort((a, b) => a - b)));
    const among = intersect(changed, this.#session.view.uids);
    if (among.length === 0) return;
    for (const context of [...this.#contexts]) await this.#bringUpToDate(context, among, added);
  }

  async #bringUpToDate(context: Context, among: Ranges, added: Ranges): Promise<void> {
    const session = this.#session;
    const { key, fixedSets, sortKeys, byUid } = context;
    const nameOf = (uid: number) => (byUid ? uid : (session.view.sequenceOf(uid) ?? 0));
    const found = await runSearch(session, key, { among, fixedSets, keepRecords: true });
    const left = leave(context, intersect(context.members, subtract(among, found.uids)), nameOf);
    const joining = subtract(found.uids, context.members);
    const records = [...(found.records?.values() ?? [])].filter(({ uid }) => includes(joining, uid));
    await this.#fetchNew(context, records, added);
    const rows =
      sortKeys === undefined
        ? []
        : sortMessages(
            await loadFacts(
              session,
              { ...found, records: new Map(records.map((record) => [record.uid, record])) },
              { kinds: kindsOf(sortKeys) },
            ),
            sortKeys,
          );
    this.#tell(context, [...left, ...join(context, joining, { rows, nameOf })]);
  }

  async #fetchNew({ items }: Context, records: readonly MessageRecord[], added: Ranges): Promise<void> {
    const fresh = records.filter(({ uid }) => includes(added, uid));
    if (items.length === 0 || fresh.length === 0) return;
    const writer = new FetchWriter(this.#session, items);
    await writer.prepare(fresh);
    for (const record of fresh) await writer.write(record, false);
  }

  #tell({ tag, byUid }: Context, changes: readonly string[]): void {
    if (changes.length === 0) return;
    const uid = byUid ? ' UID' : '';
    this.#session.untagged(`ESEARCH (TAG ${formatString(tag)})${uid} ${changes.join(' ')}`);
  }
}

type NameOf = (uid: number) => number;

/** Takes messages out of the result; how that is told. In a sort each has a place of its own. */
function leave(context: Context, uids: Ranges, nameOf: NameOf): string[] {
  if (uids.length === 0) return [];
  context.members = subtract(context.members, uids);
  if (context.sortKeys === undefined) return [`REMOVEFROM (0 ${formatNames(uids, nameOf)})`];
  const pairs = [...valuesOf(uids)].map((uid) => {
    const place = context.rows.findIndex((row) => row.uid === uid);
    context.rows.splice(place, 1);
    return `${place + 1} ${nameOf(uid)}`;
  });
  return [`REMOVEFROM (${pairs.join(' ')})`];
}

/** Puts messages into the result; how that is told. */
function join(
  context: Context,
  uids: Ranges,
  { rows, nameOf }: { rows: readonly SortRow[]; nameOf: NameOf },
): string[] {
  if (uids.length === 0) return [];
  context.members = unite(context.members, uids);
  const { sortKeys } = context;
  if (sortKeys === undefined) return [`ADDTO (0 ${formatNames(uids, nameOf)})`];
  const pairs = rows.map((row) => {
    const after = context.rows.findIndex((other) => compareRows(row, other, sortKeys) < 0);
    const place = after < 0 ? context.rows.length : after;
    context.rows.splice(place, 0, row);
    return `${place + 1} ${nameOf(row.uid)}`;
  });
  return [`ADDTO (${pairs.join(' ')})`];
}

function formatNames(uids: Ranges, nameOf: NameOf): string {
  return formatRanges(rangesOf([...valuesOf(uids)].map(nameOf)));
}
