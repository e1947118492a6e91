/**
 * Whether a message meets a search key, as far as can be said from what is known of it so far: yes, no, or
 * undefined when more must be read. So most messages are decided without opening them.
 */

import { lowerAscii } from '../../lib/bytes.ts';
import { foldText } from '../../lib/fold.ts';
import type { Instant } from '../../lib/time.ts';
import type { MessageRecord } from '../../mailbox/mail-store.ts';
import { parseDate } from '../../mime/date.ts';
import { decodeHeaderText } from '../../mime/encoded-word.ts';
import type { MessagePart } from '../../mime/message-part.ts';
import { hasFlag } from '../flags.ts';
import { emailIdOf } from '../message/word-items.ts';
import { includes, type Ranges } from '../number-ranges.ts';
import { dayLength, parseDay } from '../wire/dates.ts';
import type { DateCompare, DateKind, SearchKey } from '../wire/search-keys.ts';

export type TextKey = Extract<SearchKey, { kind: 'body' | 'text' }>;

export interface SearchFacts {
  readonly uid: number;
  readonly recent: boolean;
  /** When the search began. */
  readonly now: Instant;
  /** The sets of the search, as UIDs. */
  readonly sets: ReadonlyMap<SearchKey, Ranges>;
  readonly record?: MessageRecord;
  /** The message's own header. */
  readonly fields?: MessagePart['fields'];
  /** Threads of messages, by content; there when the search names one. */
  readonly threads?: ReadonlyMap<number, string>;
  /** Header keys whose text stands in no field of the head. */
  readonly absentInHead?: ReadonlySet<SearchKey>;
  /** Which of the text keys cannot be found. */
  readonly absent?: ReadonlySet<TextKey>;
  /** Which of the body keys were found. */
  readonly found?: ReadonlySet<TextKey>;
}

export type Verdict = boolean | undefined;

export function judge(key: SearchKey, facts: SearchFacts): Verdict {
  switch (key.kind) {
    case 'all':
      return true;
    case 'and':
      return combine(key.keys, facts, false);
    case 'or':
      return combine(key.keys, facts, true);
    case 'not':
      return negate(judge(key.key, facts));
    case 'set':
      return includes(facts.sets.get(key) ?? [], facts.uid);
    case 'recent':
      return facts.recent;
    case 'header':
      if (facts.absentInHead?.has(key)) return false;
      return facts.fields && hasInHeader(facts.fields, key.name, key.text);
    case 'text':
    case 'body':
      return judgeText(key, facts);
    case 'date':
      return judgeDate(key, facts);
    case 'thread-id':
      return facts.record && facts.threads?.get(facts.record.contentId) === key.id;
    default:
      return facts.record && judgeRecord(key, facts.record, facts.now);
  }
}

/** `decisive` is the verdict that settles the whole: false for and, true for or. */
function combine(keys: readonly SearchKey[], facts: SearchFacts, decisive: boolean): Verdict {
  let open = false;
  for (const key of keys) {
    const verdict = judge(key, facts);
    if (verdict === decisive) return decisive;
    if (verdict === undefined) open = true;
  }
  return open ? undefined : !decisive;
}

const negate = (verdict: Verdict): Verdict => (verdict === undefined ? undefined : !verdict);

type RecordKey = Exclude<
  SearchKey,
  {
    kind: 'all' | 'and' | 'or' | 'not' | 'set' | 'recent' | 'header' | 'text' | 'body' | 'date' | 'thread-id';
  }
>;

function judgeRecord(key: RecordKey, record: MessageRecord, now: Instant): boolean {
  switch (key.kind) {
    case 'flag':
      return hasFlag(record.flags, key.flag);
    case 'larger':
      return record.size > key.bytes;
    case 'smaller':
      return record.size < key.bytes;
    case 'younger':
      return record.internalDate >= now - key.seconds * 1000;
    case 'older':
      return record.internalDate <= now - key.seconds * 1000;
    case 'modseq':
      return record.modseq >= key.least;
    case 'email-id':
      return emailIdOf(record) === key.id;
  }
}

function judgeText(key: TextKey, { fields, absent, found }: SearchFacts): Verdict {
  if (key.text === '') return true;
  if (absent?.has(key)) return false;
  if (key.kind === 'text' && fields !== undefined && hasAnywhereInHeader(fields, key.text)) return true;
  return found?.has(key);
}

type DateKey = Extract<SearchKey, { kind: 'date' }>;

function judgeDate(key: DateKey, facts: SearchFacts): Verdict {
  const day = dayOf(key.of, facts);
  if (day === 'unknown') return undefined;
  return day !== undefined && compareDays(day, key.compare, key.day);
}

/** The day's midnight UTC; undefined when the message has no such date. */
function dayOf(kind: DateKind, { record, fields }: SearchFacts): Instant | undefined | 'unknown' {
  if (kind === 'sent') return fields === undefined ? 'unknown' : sentDayOf(fields);
  if (record === undefined) return 'unknown';
  const at = kind === 'saved' ? record.savedAt : record.internalDate;
  return at - (((at % dayLength) + dayLength) % dayLength);
}

/** The day as written in Date, whatever its zone (RFC 3501 §6.4.4 SENTON). */
export function sentDayOf(fields: MessagePart['fields']): Instant | undefined {
  const value = fields.find(([name]) => lowerAscii(name) === 'date')?.[1];
  if (value === undefined) return undefined;
  const written = /(?:^|[\s,])(\d{1,2})\s+([A-Za-z]{3})[a-z]*\s+(\d{4})\b/.exec(value);
  try {
    if (written !== null) return parseDay(`${written[1]}-${written[2]}-${written[3]}`);
  } catch {
    // Not a day of the calendar: what the tolerant reader makes of it.
  }
  const at = parseDate(value);
  return at === undefined ? undefined : Math.floor(at / dayLength) * dayLength;
}

function compareDays(day: Instant, compare: DateCompare, wanted: Instant): boolean {
  if (compare === 'before') return day < wanted;
  return compare === 'on' ? day === wanted : day >= wanted;
}

function hasInHeader(fields: MessagePart['fields'], lowerName: string, text: string): boolean {
  const needle = foldText(text);
  return fields.some(
    ([name, value]) => lowerAscii(name) === lowerName && foldText(decodeHeaderText(value)).includes(needle),
  );
}

/** As TEXT sees a header: names and values. */
export function hasAnywhereInHeader(fields: MessagePart['fields'], text: string): boolean {
  const needle = foldText(text);
  return fields.some(([name, value]) => foldText(`${name}: ${decodeHeaderText(value)}`).includes(needle));
}
