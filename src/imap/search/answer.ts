/**
 * Answers to SEARCH and SORT: the old list of numbers, or ESEARCH when RETURN was asked for (RFC 4731, ESORT
 * of RFC 5267), and the result kept for `$` (RFC 5182).
 */
import type { Folder } from '../../mailbox/mail-store.ts';
import { formatRanges, rangesOf } from '../number-ranges.ts';
import type { Session } from '../session.ts';
import { formatString } from '../wire/format.ts';
import { type ReturnOptions, slicePartial } from '../wire/return-options.ts';
import type { SearchResult } from './run-search.ts';

export interface SearchCall {
  readonly tag: string;
  readonly byUid: boolean;
  /** The search names modseqs: the highest one is told (RFC 7162 §3.1.5). */
  readonly withModseq: boolean;
  /** Says which folder the results are of (RFC 7377 §2.1); undefined: the selected one. */
  readonly folder?: Folder;
  /** The results have an order of their own. */
  readonly sorted: boolean;
}

/** What was found, UIDs in the order of the answer. */
export interface Found extends Pick<SearchResult, 'records'> {
  readonly uids: readonly number[];
}

/** `SEARCH 2 84 882` or `SORT …`. */
export function answerPlainly(session: Session, call: SearchCall, found: Found): void {
  const modseq =
    call.withModseq && found.uids.length > 0 ? ` (MODSEQ ${highestModseq(found, found.uids)})` : '';
  const name = call.sorted ? 'SORT' : 'SEARCH';
  session.untagged([name, ...namesOfUids(session, call, found.uids)].join(' ') + modseq);
}

/** ESEARCH, unless nothing but keeping was asked for. */
export function answerExtended(
  session: Session,
  call: SearchCall,
  found: Found,
  options: ReturnOptions,
): void {
  const { items, partial } = options;
  if (items.has('SAVE')) session.savedSearch = rangesOf(chooseSaved(found.uids, options));
  if (items.has('SAVE') && items.size === 1 && partial === undefined) return;
  const names = namesOfUids(session, call, found.uids);
  const parts = [`ESEARCH (TAG ${formatString(call.tag)}${formatFolder(session, call.folder)})`];
  if (call.byUid) parts.push('UID');
  if (items.has('MIN') && names.length > 0) parts.push(`MIN ${names[0]}`);
  if (items.has('MAX') && names.length > 0) parts.push(`MAX ${names.at(-1)}`);
  if (items.has('ALL') && names.length > 0) parts.push(`ALL ${formatNames(call, names)}`);
  if (partial !== undefined) {
    const slice = slicePartial(names, partial);
    parts.push(`PARTIAL (${partial.text} ${slice.length === 0 ? 'NIL' : formatNames(call, slice)})`);
  }
  if (items.has('COUNT')) parts.push(`COUNT ${names.length}`);
  if (call.withModseq && names.length > 0)
    parts.push(`MODSEQ ${highestModseq(found, chooseSaved(found.uids, options))}`);
  session.untagged(parts.join(' '));
}

/**
 * The results an answer with these options is about: all, or with only MIN, MAX or PARTIAL asked those told.
 * `$` and MODSEQ follow the same rule (RFC 5182 §2.4, RFC 4731 §3.2, RFC 9394 §3.2).
 */
function chooseSaved(uids: readonly number[], { items, partial }: ReturnOptions): number[] {
  const narrowed = items.has('MIN') || items.has('MAX') || partial !== undefined;
  if (!narrowed || items.has('ALL') || items.has('COUNT')) return [...uids].sort((a, b) => a - b);
  const chosen = new Set(partial === undefined ? [] : slicePartial(uids, partial));
  const [first] = uids;
  const last = uids.at(-1);
  if (items.has('MIN') && first !== undefined) chosen.add(first);
  if (items.has('MAX') && last !== undefined) chosen.add(last);
  return [...chosen].sort((a, b) => a - b);
}

function formatFolder(session: Session, folder: Folder | undefined): string {
  if (folder === undefined) return '';
  return ` MAILBOX ${session.formatMailbox(folder.name)} UIDVALIDITY ${folder.uidValidity}`;
}

function namesOfUids(session: Session, { byUid }: SearchCall, uids: readonly number[]): readonly number[] {
  return byUid ? uids : uids.map((uid) => session.view.sequenceOf(uid) as number);
}

/** In the order of a sort no two numbers may be joined to a range. */
function formatNames({ sorted }: SearchCall, names: readonly number[]): string {
  return sorted ? names.join(',') : formatRanges(rangesOf(names));
}

function highestModseq({ records }: Found, uids: readonly number[]): number {
  return uids.reduce((highest, uid) => Math.max(highest, records?.get(uid)?.modseq ?? 0), 0);
}
