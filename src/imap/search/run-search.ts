/**
 * Runs a search over the selected folder, window by window: what the view knows first, then the records,
 * then headers, and bodies only of messages that nothing else decides.
 */
import type { Instant } from '../../lib/time.ts';
import type { MessageRecord } from '../../mailbox/mail-store.ts';
import { headFields } from '../../mime/head-fields.ts';
import type { MessagePart } from '../../mime/message-part.ts';
import { loadSmall, readTogether, StoredMessage } from '../message/stored-message.ts';
import { loadThreads } from '../message/word-items.ts';
import { resolveSet } from '../message-sets.ts';
import { countOf, intersect, type Ranges, rangesOf, subtract, unite, valuesOf } from '../number-ranges.ts';
import type { Progress } from '../progress.ts';
import { loadWindows } from '../record-windows.ts';
import type { SearchKey } from '../wire/search-keys.ts';
import { applySequenceSet } from '../wire/sequence-set.ts';
import { UidRequired } from '../wire/syntax.ts';
import { findInBody } from './body-text.ts';
import { judge, type SearchFacts, type TextKey, type Verdict } from './judge.ts';
import type { SearchScope } from './scope.ts';

export interface SearchResult {
  readonly uids: Ranges;
  /** Records of the matches, when the caller asked for them or the search is about modseqs. */
  readonly records: ReadonlyMap<number, MessageRecord> | undefined;
}

const windowSize = 1000;
/** Where records are all there is to a search. */
const recordWindowSize = 10_000;
/** Messages read together. */
const readAhead = 50;
const noThreads: ReadonlyMap<number, string> = new Map();

export interface SearchRun {
  /** For SORT and THREAD, which need the records again. */
  readonly keepRecords?: boolean;
  readonly progress?: Progress;
  /** Only these messages. */
  readonly among?: Ranges;
  /** Sets of sequence numbers as they were when a search began that goes on (RFC 5267 §4.3). */
  readonly fixedSets?: ReadonlyMap<SearchKey, Ranges>;
}

export async function runSearch(
  scope: SearchScope,
  key: SearchKey,
  { keepRecords = false, progress, among, fixedSets }: SearchRun = {},
): Promise<SearchResult> {
  const sets = new Map([...resolveSets(scope, key), ...(fixedSets ?? [])]);
  const now = scope.clock();
  const keeps = keepRecords || mentions(key, 'modseq');
  const all = among === undefined ? scope.view.uids : intersect(among, scope.view.uids);
  const candidates = boundOf(key, sets, all);
  if (!keeps && among === undefined && isDecidedByView(key)) {
    return { uids: judgeInView(scope, key, { sets, now, candidates }), records: undefined };
  }
  const records = keeps ? new Map<number, MessageRecord>() : undefined;
  const asksThreads = mentions(key, 'thread-id');
  const matches: number[] = [];
  if (progress !== undefined) progress.goal = countOf(candidates);
  const size = isDecidedByRecord(key) ? recordWindowSize : windowSize;
  for await (const found of loadWindows(scope, candidates, size)) {
    scope.out.assertOpen();
    const threads = asksThreads ? await loadThreads(scope, found) : noThreads;
    const facts = found.map((record) => {
      const recent = scope.view.isRecent(record.uid);
      return { uid: record.uid, recent, now, sets, record, threads };
    });
    const judged = await judgeWindow(scope, key, facts);
    const ahead = new ReadAhead(scope, judged);
    for (const { verdict, facts: known } of judged) {
      const { record } = known;
      if (progress !== undefined) progress.done++;
      if (!(verdict ?? (await decide(scope, key, { known, ahead })))) continue;
      matches.push(record.uid);
      records?.set(record.uid, record);
    }
  }
  return { uids: rangesOf(matches), records };
}

type KnownFacts = SearchFacts & { readonly record: MessageRecord };

interface Judged {
  readonly facts: KnownFacts;
  readonly verdict: Verdict;
}

/** What can be said of messages from their rows, their heads and the full text index, all at once. */
async function judgeWindow(
  scope: SearchScope,
  key: SearchKey,
  window: readonly KnownFacts[],
): Promise<readonly Judged[]> {
  const fromRows = window.map((facts): Judged => ({ facts, verdict: judge(key, facts) }));
  const headKeys = headKeysOf(key);
  const fromFolded =
    headKeys.length === 0
      ? fromRows
      : await judgeAgain(key, fromRows, async (ids) => {
          const without = await scope.store.withoutInHeads(ids, [
            ...new Set(headKeys.map(({ text }) => text)),
          ]);
          return ({ record }) => ({
            absentInHead: new Set(headKeys.filter(({ text }) => without.get(text)?.has(record.contentId))),
          });
        });
  const fromHeads = await judgeAgain(key, fromFolded, async (ids) => {
    const heads = asksOtherFields(key) ? undefined : await scope.store.heads(ids);
    return ({ record }) => {
      const fields = heads?.get(record.contentId);
      return fields === undefined ? {} : { fields };
    };
  });
  return judgeAgain(key, fromHeads, async (ids) => {
    const keys = textKeysOf(key);
    const without = await scope.store.withoutTexts(ids, [...new Set(keys.map(({ text }) => text))]);
    return ({ record }) => ({
      absent: new Set(keys.filter(({ text }) => without.get(text)?.has(record.contentId) === true)),
    });
  });
}

type Learning = (ids: readonly number[]) => Promise<(facts: KnownFacts) => Partial<SearchFacts>>;

/** Judges those that are undecided by what more is learned of them together. */
async function judgeAgain(
  key: SearchKey,
  judged: readonly Judged[],
  learn: Learning,
): Promise<readonly Judged[]> {
  const open = judged.filter(({ verdict }) => verdict === undefined);
  if (open.length === 0) return judged;
  const learned = await learn(open.map(({ facts }) => facts.record.contentId));
  return judged.map(({ facts, verdict }) => {
    if (verdict !== undefined) return { facts, verdict };
    const more = { ...facts, ...learned(facts) };
    return { facts: more, verdict: judge(key, more) };
  });
}

/** Names header fields that no head has. */
function asksOtherFields(key: SearchKey): boolean {
  for (const each of walkKeys(key)) {
    if (each.kind === 'header' && !headFields.has(each.name)) return true;
  }
  return false;
}

/** Part trees and bytes of messages that must be read, some at a time. */
class ReadAhead {
  readonly #scope: SearchScope;
  readonly #open: MessageRecord[];
  #trees: ReadonlyMap<number, MessagePart> = new Map();
  #bytes: ReadonlyMap<number, Uint8Array> = new Map();

  constructor(scope: SearchScope, judged: readonly Judged[]) {
    this.#scope = scope;
    this.#open = judged.flatMap(({ verdict, facts }) => (verdict === undefined ? [facts.record] : []));
  }

  /** What cannot be read now is asked for again by whoever needs it. */
  async open(record: MessageRecord): Promise<StoredMessage> {
    const { store } = this.#scope;
    const { contentId } = record;
    const at = this.#trees.has(contentId) ? -1 : this.#open.indexOf(record);
    if (at >= 0) {
      const next = this.#open.splice(0, at + readAhead);
      this.#trees = await readTogether(store.structures([...new Set(next.map((each) => each.contentId))]));
      this.#bytes = await loadSmall(store, next);
    }
    const message = new StoredMessage(store, record);
    message.know(this.#trees.get(contentId), this.#bytes.get(contentId));
    return message;
  }
}

async function decide(
  scope: SearchScope,
  key: SearchKey,
  { known: facts, ahead }: { known: KnownFacts; ahead: ReadAhead },
): Promise<boolean> {
  scope.out.assertOpen();
  const message = await ahead.open(facts.record);
  const withHeader = { ...facts, fields: (await message.structure()).fields };
  const fromHeader = judge(key, withHeader);
  if (fromHeader !== undefined) return fromHeader;
  const open = textKeysOf(key).filter((each) => facts.absent?.has(each) !== true);
  return judge(key, { ...withHeader, found: await findInBody(message, open) }) === true;
}

interface ViewSearch {
  readonly sets: SearchFacts['sets'];
  readonly now: Instant;
  readonly candidates: Ranges;
}

/** A search about sets only needs no look at the store. */
function judgeInView(scope: SearchScope, key: SearchKey, { sets, now, candidates }: ViewSearch): Ranges {
  const exact = exactSetOf(key, sets, scope.view.uids);
  if (exact !== undefined) return exact;
  const matches: number[] = [];
  for (const uid of valuesOf(candidates)) {
    if (judge(key, { uid, recent: scope.view.isRecent(uid), now, sets })) matches.push(uid);
  }
  return rangesOf(matches);
}

/** The matches by set algebra alone, or undefined when the key is about more than sets. */
function exactSetOf(key: SearchKey, sets: SearchFacts['sets'], everything: Ranges): Ranges | undefined {
  if (key.kind === 'all') return everything;
  if (key.kind === 'set') return intersect(sets.get(key) ?? [], everything);
  if (key.kind === 'not') {
    const inner = exactSetOf(key.key, sets, everything);
    return inner && subtract(everything, inner);
  }
  if (key.kind !== 'and' && key.kind !== 'or') return undefined;
  const parts = key.keys.map((each) => exactSetOf(each, sets, everything));
  if (parts.some((part) => part === undefined)) return undefined;
  const join = key.kind === 'and' ? intersect : unite;
  return (parts as Ranges[]).reduce((joined, part) => join(joined, part));
}

/** Messages that can match at all: the sets the whole search is narrowed to. */
function boundOf(key: SearchKey, sets: SearchFacts['sets'], everything: Ranges): Ranges {
  if (key.kind === 'set') return intersect(sets.get(key) ?? [], everything);
  if (key.kind !== 'and') return everything;
  return key.keys.reduce((bound, each) => boundOf(each, sets, bound), everything);
}

const viewKinds: readonly SearchKey['kind'][] = ['all', 'and', 'or', 'not', 'set', 'recent'];
const recordKinds: readonly SearchKey['kind'][] = [
  ...viewKinds,
  'flag',
  'larger',
  'smaller',
  'younger',
  'older',
  'modseq',
  'email-id',
];

function isDecidedByView(key: SearchKey): boolean {
  return [...walkKeys(key)].every(({ kind }) => viewKinds.includes(kind));
}

function isDecidedByRecord(key: SearchKey): boolean {
  return [...walkKeys(key)].every((each) =>
    each.kind === 'date' ? each.of !== 'sent' : recordKinds.includes(each.kind),
  );
}

export function mentions(key: SearchKey, kind: SearchKey['kind']): boolean {
  for (const each of walkKeys(key)) if (each.kind === kind) return true;
  return false;
}

function textKeysOf(key: SearchKey): TextKey[] {
  return [...walkKeys(key)].filter((each): each is TextKey => each.kind === 'body' || each.kind === 'text');
}

type HeaderKey = Extract<SearchKey, { kind: 'header' }>;

/** Keys that look for a text in fields that every head has. */
function headKeysOf(key: SearchKey): HeaderKey[] {
  return [...walkKeys(key)].filter(
    (each): each is HeaderKey => each.kind === 'header' && each.text !== '' && headFields.has(each.name),
  );
}

function* walkKeys(key: SearchKey): Generator<SearchKey> {
  yield key;
  if (key.kind === 'not') yield* walkKeys(key.key);
  if (key.kind === 'and' || key.kind === 'or') for (const each of key.keys) yield* walkKeys(each);
}

/** The sets of sequence numbers in a search, as the UIDs they name now; those of UIDs stay open to new messages. */
export function fixSets(scope: SearchScope, key: SearchKey): Map<SearchKey, Ranges> {
  const resolved = [...resolveSets(scope, key)];
  return new Map(
    resolved.filter(([each]) => each.kind === 'set' && (!each.byUid || each.set.kind === 'saved')),
  );
}

/** A set may name sequence numbers beyond the last message: in a search they simply match nothing. */
function resolveSets(scope: SearchScope, key: SearchKey): Map<SearchKey, Ranges> {
  const sets = new Map<SearchKey, Ranges>();
  for (const each of walkKeys(key)) {
    if (each.kind !== 'set') continue;
    const { set, byUid } = each;
    if (!byUid && set.kind === 'numbers' && scope.has('UIDONLY')) throw new UidRequired();
    if (byUid || set.kind === 'saved') sets.set(each, resolveSet(scope, set, true));
    else sets.set(each, scope.view.uidsAt(applySequenceSet(set, scope.view.count)));
  }
  return sets;
}
