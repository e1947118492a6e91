/** SEARCH and UID SEARCH (RFC 3501 §6.4.4, ESEARCH of RFC 4731, SEARCHRES of RFC 5182). */
import { type Action, type PlainCommand, selected } from '../command.ts';
import { becomeCondstoreAware } from '../condstore.ts';
import { valuesOf } from '../number-ranges.ts';
import { type Progress, withProgress } from '../progress.ts';
import { Refusal } from '../refusal.ts';
import { answerExtended, answerPlainly } from '../search/answer.ts';
import { keepUpdated, prepareUpdate } from '../search/keep-updated.ts';
import { mentions, runSearch } from '../search/run-search.ts';
import type { Session } from '../session.ts';
import type { Arguments } from '../wire/arguments.ts';
import { type ReturnOptions, readReturnOptions } from '../wire/return-options.ts';
import { readSearchProgram, type SearchKey } from '../wire/search-keys.ts';

/** What IMAP4rev2 gives who asks for nothing in particular (RFC 9051 §6.4.4). */
const wantsAll: ReturnOptions = { items: new Set(['ALL']), partial: undefined, update: undefined };

function readSearch(args: Arguments, session: Session, byUid: boolean): Action {
  args.space();
  const options = readReturnOptions(args);
  const saves = options?.items.has('SAVE') === true;
  const key = readProgram(args, session, saves);
  args.end();
  return async (_, { tag }) => {
    const withModseq = mentions(key, 'modseq');
    if (withModseq) becomeCondstoreAware(session);
    const call = { tag, byUid, withModseq, sorted: false };
    const update = prepareUpdate(session, { tag, byUid, key }, options);
    const { uids, records } = await withProgress(session, tag, (progress) =>
      searchOrForget(session, key, { saves, progress }),
    );
    const found = { uids: [...valuesOf(uids)], records };
    if (options === undefined && !session.has('IMAP4rev2')) answerPlainly(session, call, found);
    else answerExtended(session, call, found, options ?? wantsAll);
    keepUpdated(session, update, found.uids);
    return undefined;
  };
}

/** A charset that is refused is a failed search, too. */
function readProgram(args: Arguments, session: Session, saves: boolean): SearchKey {
  try {
    return readSearchProgram(args, session.has('UTF8=ACCEPT'));
  } catch (error) {
    if (saves && error instanceof Refusal) session.savedSearch = [];
    throw error;
  }
}

/** A search that fails leaves `$` empty (RFC 5182 §2.1). */
async function searchOrForget(
  session: Session,
  key: SearchKey,
  { saves, progress }: { saves: boolean; progress: Progress },
) {
  try {
    return await runSearch(session, key, { progress });
  } catch (error) {
    if (saves) session.savedSearch = [];
    throw error;
  }
}

export const searchCommand: PlainCommand = {
  name: 'SEARCH',
  states: selected,
  announcing: 'no-expunge',
  read: (args, session) => readSearch(args, session, false),
};

export const uidSearch: PlainCommand = {
  name: 'UID SEARCH',
  states: selected,
  announcing: 'all',
  read: (args, session) => readSearch(args, session, true),
};
