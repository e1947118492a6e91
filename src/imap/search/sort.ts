/** Sorting by the criteria of RFC 5256 and RFC 5957. */
import type { Arguments } from '../wire/arguments.ts';
import { SyntaxProblem } from '../wire/syntax.ts';
import { displayOf, type MessageFacts, mailboxOf, sentAt, subjectOf } from './message-facts.ts';

type SortValue = string | number;

interface Criterion {
  readonly valueOf: (facts: MessageFacts) => SortValue;
  /** Can be told without the message's header. */
  readonly fromRecord?: boolean;
}

export interface SortKey extends Criterion {
  readonly reverse: boolean;
}

const criteria: ReadonlyMap<string, Criterion> = new Map<string, Criterion>([
  ['ARRIVAL', { valueOf: ({ record }) => record.internalDate, fromRecord: true }],
  ['SIZE', { valueOf: ({ record }) => record.size, fromRecord: true }],
  ['CC', { valueOf: (facts) => mailboxOf(facts, 'cc') }],
  ['DATE', { valueOf: sentAt }],
  ['FROM', { valueOf: (facts) => mailboxOf(facts, 'from') }],
  ['SUBJECT', { valueOf: (facts) => subjectOf(facts).text }],
  ['TO', { valueOf: (facts) => mailboxOf(facts, 'to') }],
  ['DISPLAYFROM', { valueOf: (facts) => displayOf(facts, 'from') }],
  ['DISPLAYTO', { valueOf: (facts) => displayOf(facts, 'to') }],
]);

/** `(REVERSE DATE SUBJECT)`. @throws {SyntaxProblem} */
export function readSortKeys(args: Arguments): SortKey[] {
  const keys = args.list((): SortKey => {
    let name = args.keyword();
    const reverse = name === 'REVERSE';
    if (reverse) {
      args.space();
      name = args.keyword();
    }
    const criterion = criteria.get(name);
    if (criterion === undefined) throw new SyntaxProblem(`There is no sort criterion ${name}`);
    return { ...criterion, reverse };
  });
  if (keys.length === 0) throw new SyntaxProblem('At least one sort criterion is expected');
  return keys;
}

/** True when headers must be read to sort by these keys. */
export function needsHeaders(keys: readonly SortKey[]): boolean {
  return keys.some((key) => key.fromRecord !== true);
}

/** A message with what it is sorted by. */
export interface SortRow {
  readonly uid: number;
  readonly values: readonly SortValue[];
}

/** In sorted order; equals stay in the order of the folder. */
export function sortMessages(messages: readonly MessageFacts[], keys: readonly SortKey[]): SortRow[] {
  const rows = messages.map(
    (facts): SortRow => ({
      uid: facts.record.uid,
      values: keys.map((key) => key.valueOf(facts)),
    }),
  );
  return rows.sort((a, b) => compareRows(a, b, keys));
}

export function compareRows(a: SortRow, b: SortRow, keys: readonly SortKey[]): number {
  for (const [index, { reverse }] of keys.entries()) {
    const order = compare(a.values[index] as SortValue, b.values[index] as SortValue);
    if (order !== 0) return reverse ? -order : order;
  }
  return a.uid - b.uid;
}

function compare(a: SortValue, b: SortValue): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
