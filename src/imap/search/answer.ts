/** Answers to SEARCH: the old list of numbers, or ESEARCH when RETURN was asked for (RFC 4731). */
import { namesOf } from '../message-sets.ts';
import { countOf, formatRanges, type Ranges, valuesOf } from '../number-ranges.ts';
import type { Session } from '../session.ts';
import type { Arguments } from '../wire/arguments.ts';
import { formatString } from '../wire/format.ts';
import { SyntaxProblem } from '../wire/syntax.ts';
import type { SearchResult } from './run-search.ts';

export type ReturnOption = 'MIN' | 'MAX' | 'ALL' | 'COUNT';
const returnOptions: readonly string[] = ['MIN', 'MAX', 'ALL', 'COUNT'] satisfies ReturnOption[];

export interface SearchCall {
  readonly tag: string;
  readonly byUid: boolean;
  /** The search names modseqs: the highest one is told (RFC 7162 §3.1.5). */
  readonly withModseq: boolean;
}

/** `RETURN (…) `; undefined when it is not there. @throws {SyntaxProblem} */
export function readReturnOptions(args: Arguments): Set<ReturnOption> | undefined {
  if (!args.tryText('RETURN ')) return undefined;
  const options = new Set<ReturnOption>();
  args.list(() => {
    const option = args.keyword();
    if (!returnOptions.includes(option)) throw new SyntaxProblem(`There is no RETURN option ${option}`);
    options.add(option as ReturnOption);
  });
  args.space();
  // RFC 4731 §3.1: an empty list asks for ALL.
  return options.size === 0 ? new Set(['ALL']) : options;
}

export function answerSearch(session: Session, call: SearchCall, result: SearchResult): void {
  const names = namesOf(session, result.uids, call.byUid);
  const numbers = [...valuesOf(names)];
  const modseq =
    call.withModseq && numbers.length > 0 ? ` (MODSEQ ${highestModseq(result, result.uids)})` : '';
  session.untagged(['SEARCH', ...numbers].join(' ') + modseq);
}

export function answerExtended(
  session: Session,
  call: SearchCall,
  result: SearchResult,
  options: ReadonlySet<ReturnOption>,
): void {
  const names = namesOf(session, result.uids, call.byUid);
  const items = [`ESEARCH (TAG ${formatString(call.tag)})`];
  if (call.byUid) items.push('UID');
  const first = names[0]?.[0];
  const last = names.at(-1)?.[1];
  if (options.has('MIN') && first !== undefined) items.push(`MIN ${first}`);
  if (options.has('MAX') && last !== undefined) items.push(`MAX ${last}`);
  if (options.has('ALL') && names.length > 0) items.push(`ALL ${formatRanges(names)}`);
  if (options.has('COUNT')) items.push(`COUNT ${countOf(names)}`);
  if (call.withModseq && names.length > 0) {
    items.push(`MODSEQ ${highestModseq(result, toldUids(result.uids, options))}`);
  }
  session.untagged(items.join(' '));
}

/** RFC 4731 §3.2: with only MIN or MAX asked, the modseq is that of the messages told. */
function toldUids(uids: Ranges, options: ReadonlySet<ReturnOption>): Ranges {
  if (options.has('ALL') || options.has('COUNT')) return uids;
  const first = uids[0]?.[0] ?? 0;
  const last = uids.at(-1)?.[1] ?? 0;
  if (options.has('MIN') && options.has('MAX'))
    return [
      [first, first],
      [last, last],
    ];
  return options.has('MIN') ? [[first, first]] : [[last, last]];
}

function highestModseq({ records }: SearchResult, uids: Ranges): number {
  let highest = 0;
  for (const uid of valuesOf(uids)) highest = Math.max(highest, records?.get(uid)?.modseq ?? 0);
  return highest;
}
