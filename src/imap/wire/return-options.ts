/** RETURN options of SEARCH and SORT (RFC 4731; SAVE of RFC 5182; PARTIAL of RFC 9394; CONTEXT, UPDATE of RFC 5267). */
import type { Arguments } from './arguments.ts';
import { type FetchRequest, readFetchItem } from './fetch-items.ts';
import { SyntaxProblem } from './syntax.ts';

/** The n-th results; negative numbers count from the last. First is not beyond last in that direction. */
export interface PartialRange {
  readonly fromEnd: boolean;
  readonly first: number;
  readonly last: number;
  /** As the client wrote it, for the answer. */
  readonly text: string;
}

export type ReturnItem = 'MIN' | 'MAX' | 'ALL' | 'COUNT' | 'SAVE';

export interface ReturnOptions {
  readonly items: ReadonlySet<ReturnItem>;
  readonly partial: PartialRange | undefined;
  /** The result is kept up to date; with these items of new messages (RFC 5465 §7). */
  readonly update: { readonly items: readonly FetchRequest[] } | undefined;
}

const knownItems: readonly string[] = ['MIN', 'MAX', 'ALL', 'COUNT', 'SAVE'] satisfies ReturnItem[];

/** `RETURN (…) `; undefined when it is not there. @throws {SyntaxProblem} */
export function readReturnOptions(args: Arguments): ReturnOptions | undefined {
  if (!args.tryText('RETURN ')) return undefined;
  const items = new Set<ReturnItem>();
  let partial: PartialRange | undefined;
  let update: ReturnOptions['update'];
  args.list(() => {
    const name = args.keyword();
    if (name === 'PARTIAL' && partial === undefined) {
      args.space();
      partial = readPartialRange(args);
    } else if (name === 'UPDATE') update = { items: args.tryText(' (') ? readUpdateItems(args) : [] };
    else if (knownItems.includes(name)) items.add(name as ReturnItem);
    // RFC 5267 §4.2: a hint that this server makes nothing of.
    else if (name === 'CONTEXT') return;
    else throw new SyntaxProblem(`There is no RETURN option ${name}`);
  });
  args.space();
  if (partial !== undefined && items.has('ALL'))
    throw new SyntaxProblem('PARTIAL and ALL exclude each other');
  // RFC 4731 §3.1: an empty list asks for ALL.
  if (items.size === 0 && partial === undefined) items.add('ALL');
  return { items, partial, update };
}

/** The rest of a list of items, after its parenthesis. */
function readUpdateItems(args: Arguments): FetchRequest[] {
  const items = [readFetchItem(args)];
  while (args.tryText(' ')) items.push(readFetchItem(args));
  args.text(')');
  return items;
}

/** `1:500` or `-1:-100`. @throws {SyntaxProblem} */
export function readPartialRange(args: Arguments): PartialRange {
  const found = args.match(/(-?)([1-9]\d{0,9}):(-?)([1-9]\d{0,9})/y);
  if (found === undefined || found[1] !== found[3]) {
    throw new SyntaxProblem('A range of results is expected, such as 1:500 or -1:-100');
  }
  const [one, other] = [Number(found[2]), Number(found[4])];
  return {
    fromEnd: found[1] === '-',
    first: Math.min(one, other),
    last: Math.max(one, other),
    text: found[0],
  };
}

/** The part of a list that a range names. */
export function slicePartial<T>(list: readonly T[], { fromEnd, first, last }: PartialRange): readonly T[] {
  if (!fromEnd) return list.slice(first - 1, last);
  return list.slice(Math.max(list.length - last, 0), Math.max(list.length - first + 1, 0));
}
