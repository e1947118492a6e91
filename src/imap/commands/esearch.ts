/** ESEARCH (RFC 7377): one search over several folders, selected or not. */
import type { VisibleFolder } from '../../mailbox/mail-store.ts';
import { StoreError } from '../../mailbox/store-error.ts';
import { authenticated, type Completion, type PlainCommand } from '../command.ts';
import { readMailbox } from '../folders.ts';
import { valuesOf } from '../number-ranges.ts';
import { withProgress } from '../progress.ts';
import { answerExtended } from '../search/answer.ts';
import { keepUpdated, prepareUpdate } from '../search/keep-updated.ts';
import { mentions, runSearch } from '../search/run-search.ts';
import { lookInto, type SearchScope } from '../search/scope.ts';
import type { Session } from '../session.ts';
import type { Arguments } from '../wire/arguments.ts';
import { type FolderFilter, isMeant, readFolderFilter } from '../wire/folder-filter.ts';
import { type ReturnOptions, readReturnOptions } from '../wire/return-options.ts';
import { readSearchProgram, type SearchKey } from '../wire/search-keys.ts';
import { SyntaxProblem } from '../wire/syntax.ts';

interface Sources {
  readonly selected: boolean;
  readonly filters: readonly FolderFilter[];
}

interface Request extends Sources {
  readonly options: ReturnOptions;
  readonly key: SearchKey;
}

/** RFC 7377 §2.1: without result options ALL is meant. */
const wantsAll: ReturnOptions = { items: new Set(['ALL']), partial: undefined, update: undefined };

/** `IN (filter …) `; without it the selected folder. @throws {SyntaxProblem} */
function readSources(args: Arguments, session: Session): Sources {
  if (!args.tryText('IN (')) return { selected: true, filters: [] };
  let selected = false;
  const filters: FolderFilter[] = [];
  do {
    const word = args.keyword();
    if (word === 'SELECTED') selected = true;
    else filters.push(readFolderFilter(args, word, () => readMailbox(args, session)));
  } while (args.tryText(' '));
  args.text(')');
  args.space();
  return { selected, filters };
}

function readRequest(args: Arguments, session: Session): Request {
  args.space();
  const sources = readSources(args, session);
  const options = readReturnOptions(args) ?? wantsAll;
  const key = readSearchProgram(args, session.has('UTF8=ACCEPT'));
  args.end();
  const needsSelected = sources.selected || options.update !== undefined;
  if (needsSelected && session.state !== 'selected') throw new SyntaxProblem('Select a folder first');
  if (options.items.has('SAVE') && sources.filters.length > 0) {
    throw new SyntaxProblem('SAVE is for the selected folder alone');
  }
  return { ...sources, options, key };
}

/** Each folder once; those the login may not read are passed over (RFC 7377 §2.2). */
async function chooseFolders(session: Session, { selected, filters }: Request): Promise<VisibleFolder[]> {
  const chosen = new Map<number, VisibleFolder>();
  if (selected) chosen.set(session.view.folder.id, session.view.folder);
  if (filters.length === 0) return [...chosen.values()];
  for (const folder of await session.store.listVisible(session.login)) {
    if (filters.some((filter) => isMeant(filter, folder))) chosen.set(folder.id, folder);
  }
  // Who knows the name of a folder need not be able to look it up.
  for (const name of filters.flatMap((filter) => (filter.kind === 'mailboxes' ? filter.names : []))) {
    const folder = await session.store.findVisible(session.login, name);
    if (folder !== undefined) chosen.set(folder.id, folder);
  }
  return [...chosen.values()].filter(({ rights }) => rights.includes('r'));
}

/** Undefined for a folder that was deleted since they were listed. */
async function lookIntoIfThere(session: Session, folder: VisibleFolder): Promise<SearchScope | undefined> {
  try {
    return await lookInto(session, folder);
  } catch (error) {
    if (error instanceof StoreError && error.reason === 'nonexistent') return undefined;
    throw error;
  }
}

async function searchFolder(
  session: Session,
  request: Request & { readonly tag: string },
  folder: VisibleFolder,
): Promise<void> {
  const { tag, key, options } = request;
  const isSelected = session.state === 'selected' && session.view.folder.id === folder.id;
  const scope = isSelected ? session : await lookIntoIfThere(session, folder);
  if (scope === undefined) return;
  const update = isSelected ? prepareUpdate(session, { tag, byUid: true, key }, options) : undefined;
  const { uids, records } = await withProgress(session, tag, (progress) =>
    runSearch(scope, key, { progress }),
  );
  const found = { uids: [...valuesOf(uids)], records };
  const call = { tag, byUid: true, withModseq: mentions(key, 'modseq'), sorted: false, folder };
  // RFC 7377 §2.1: folders without a match are not spoken of; what is kept for `$` is kept all the same.
  if (found.uids.length > 0) answerExtended(session, call, found, options);
  else if (options.items.has('SAVE')) session.savedSearch = [];
  keepUpdated(session, update, found.uids);
  if (session.out.full) await session.out.drained();
}

async function searchAll(session: Session, request: Request, tag: string): Promise<Completion | undefined> {
  for (const folder of await chooseFolders(session, request)) {
    await searchFolder(session, { ...request, tag }, folder);
  }
  return undefined;
}

export const esearch: PlainCommand = {
  name: 'ESEARCH',
  states: authenticated,
  announcing: 'no-expunge',
  read: (args, session) => {
    const request = readRequest(args, session);
    return (_, { tag }) => searchAll(session, request, tag);
  },
};
