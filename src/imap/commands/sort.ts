/** SORT and UID SORT (RFC 5256; RETURN of ESORT, RFC 5267). */
import { type Action, type PlainCommand, selected } from '../command.ts';
import { becomeCondstoreAware } from '../condstore.ts';
import { withProgress } from '../progress.ts';
import { answerExtended, answerPlainly } from '../search/answer.ts';
import { keepUpdated, prepareUpdate } from '../search/keep-updated.ts';
import { loadFacts } from '../search/load-facts.ts';
import { mentions, runSearch } from '../search/run-search.ts';
import { kindsOf, readSortKeys, sortMessages } from '../search/sort.ts';
import type { Arguments } from '../wire/arguments.ts';
import { readReturnOptions } from '../wire/return-options.ts';
import { readSearchKeys } from '../wire/search-keys.ts';

function readSort(args: Arguments, byUid: boolean): Action {
  args.space();
  const options = readReturnOptions(args);
  const sortKeys = readSortKeys(args);
  args.space();
  const charset = args.astring();
  args.space();
  const key = readSearchKeys(args, charset);
  args.end();
  return async (session, { tag }) => {
    const withModseq = mentions(key, 'modseq');
    if (withModseq) becomeCondstoreAware(session);
    const update = prepareUpdate(session, { tag, byUid, key, sortKeys }, options);
    const { rows, records } = await withProgress(session, tag, async (progress) => {
      const result = await runSearch(session, key, { keepRecords: true, progress });
      const facts = await loadFacts(session, result, { kinds: kindsOf(sortKeys), progress });
      return { rows: sortMessages(facts, sortKeys), records: result.records };
    });
    const found = { uids: rows.map(({ uid }) => uid), records };
    const call = { tag, byUid, withModseq, sorted: true };
    if (options === undefined) answerPlainly(session, call, found);
    else answerExtended(session, call, found, options);
    keepUpdated(session, update, found.uids, rows);
    return undefined;
  };
}

export const sortCommand: PlainCommand = {
  name: 'SORT',
  states: selected,
  announcing: 'no-expunge',
  read: (args) => readSort(args, false),
};

export const uidSort: PlainCommand = {
  name: 'UID SORT',
  states: selected,
  announcing: 'all',
  read: (args) => readSort(args, true),
};
