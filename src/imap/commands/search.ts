/** SEARCH and UID SEARCH (RFC 3501 §6.4.4, ESEARCH of RFC 4731). */
import { type Action, type PlainCommand, selected } from '../command.ts';
import { becomeCondstoreAware } from '../condstore.ts';
import { answerExtended, answerSearch, readReturnOptions } from '../search/answer.ts';
import { mentions, runSearch } from '../search/run-search.ts';
import type { Arguments } from '../wire/arguments.ts';
import { readSearchProgram } from '../wire/search-keys.ts';

function readSearch(args: Arguments, byUid: boolean): Action {
  args.space();
  const options = readReturnOptions(args);
  const key = readSearchProgram(args);
  args.end();
  return async (session, { tag }) => {
    const withModseq = mentions(key, 'modseq');
    if (withModseq) becomeCondstoreAware(session);
    const call = { tag, byUid, withModseq };
    const result = await runSearch(session, key);
    if (options === undefined) answerSearch(session, call, result);
    else answerExtended(session, call, result, options);
    return undefined;
  };
}

export const searchCommand: PlainCommand = {
  name: 'SEARCH',
  states: selected,
  announcing: 'no-expunge',
  read: (args) => readSearch(args, false),
};

export const uidSearch: PlainCommand = {
  name: 'UID SEARCH',
  states: selected,
  announcing: 'all',
  read: (args) => readSearch(args, true),
};
