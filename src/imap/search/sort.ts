/** Sorting by the criteria of RFC 5256 and RFC 5957. */
import type { Arguments } from '../wire/arguments.ts';
import { SyntaxProblem } from '../wire/syntax.ts';
import type { KeyKind } from './header-keys.ts';
import { type MessageFacts, sentAt } from './message-facts.ts';
import { recallOrder, rememberOrder } from './text-places.ts';

type SortValue = string | number;

interface Criterion {
  readonly valueOf: (facts: MessageFacts) => SortValue;
  /** The key of the header it is about; undefined: it stands in the record. */
  readonly kind?: KeyKind;
}

export interface SortKey extends Criterion {
  readonly reverse: boolean;
}

const byText = (kind: 'from' | 'to' | 'cc' | 'displayFrom' | 'displayTo'): Criterion => ({
  valueOf: ({ keys }) => keys[kind] ?? '',
  kind,
});

const criteria: ReadonlyMap<string, Criterion> = new Map<string, Criterion>([
  ['ARRIVAL', { valueOf: ({ record }) => record.internalDate }],
  ['SIZE', { valueOf: ({ record }) => record.size }],
  ['CC', byText('cc')],
  ['DATE', { valueOf: sentAt, kind: 'sent' }],
  ['FROM', byText('from')],
  ['SUBJECT', { valueOf: ({ keys }) => keys.subject?.text ?? '', kind: 'subject' }],
  ['TO', byText('to')],
  ['DISPLAYFROM', byText('displayFrom')],
  ['DISPLAYTO', byText('displayTo')],
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

/** The keys of headers that must be known to sort by these. */
export function kindsOf(keys: readonly SortKey[]): KeyKind[] {
  return keys.flatMap(({ kind }) => (kind === undefined ? [] : [kind]));
}

/** A message with what it is sorted by. */
export interface SortRow {
  readonly uid: number;
  readonly values: readonly SortValue[];
}

/** In sorted order; equals stay in the order of the folder. */
export function sortMessages(messages: readonly MessageFacts[], keys: readonly SortKey[]): SortRow[] {
  const [only] = keys;
  if (keys.length === 1 && only !== undefined) return sortByOne(messages, only);
  const rows = messages.map(
    (facts): SortRow => ({
      uid: facts.record.uid,
      values: keys.map((key) => key.valueOf(facts)),
    }),
  );
  return rows.sort((a, b) => compareRows(a, b, keys));
}

/** Messages come in the order of the folder, and sorting keeps equals as they come. */
function sortByOne(messages: readonly MessageFacts[], key: SortKey): SortRow[] {
  const { kind, reverse } = key;
  const toRow = (facts: MessageFacts): SortRow => ({ uid: facts.record.uid, values: [key.valueOf(facts)] });
  const ofText = kind === 'sent' ? undefined : kind;
  const order = ofText === undefined ? undefined : recallOrder(messages, ofText, reverse);
  if (order !== undefined) return order.map((index) => toRow(messages[index] as MessageFacts));
  const sign = reverse ? -1 : 1;
  const rows = messages.map((facts) => ({ facts, value: key.valueOf(facts) }));
  rows.sort((a, b) => sign * compare(a.value, b.value));
  if (ofText !== undefined) {
    const ascending = rows.map(({ facts }) => facts);
    rememberOrder(reverse ? ascending.reverse() : ascending, ofText, key.valueOf);
  }
  return rows.map(({ facts }) => toRow(facts));
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
