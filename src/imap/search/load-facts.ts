/** Headers of the messages a search found, as keys for sorting and threading. */
import { StoredMessage } from '../message/stored-message.ts';
import type { Progress } from '../progress.ts';
import type { Session } from '../session.ts';
import { headerKeysOf, type KeyKind } from './header-keys.ts';
import type { MessageFacts } from './message-facts.ts';
import type { SearchResult } from './run-search.ts';

const windowSize = 1000;

export interface FactsWanted {
  /** Without any, no header is read. */
  readonly kinds: readonly KeyKind[];
  readonly progress?: Progress;
}

/** In the order of the folder. */
export async function loadFacts(
  session: Session,
  result: SearchResult,
  { kinds, progress }: FactsWanted,
): Promise<MessageFacts[]> {
  if (progress !== undefined) {
    progress.done = 0;
    progress.goal = result.records?.size;
  }
  const records = [...(result.records?.values() ?? [])];
  const cache = headerKeysOf(session.store);
  const facts = records.map((record) => ({ record, keys: cache.find(record.contentId, kinds) }));
  const open = facts.filter(({ keys }) => keys === undefined);
  if (progress !== undefined) progress.done = facts.length - open.length;
  for (let from = 0; from < open.length; from += windowSize) {
    session.out.assertOpen();
    const window = open.slice(from, from + windowSize);
    const heads = await session.store.heads(window.map(({ record }) => record.contentId));
    for (const each of window) {
      const { contentId } = each.record;
      const fields =
        heads.get(contentId) ?? (await new StoredMessage(session.store, each.record).structure()).fields;
      each.keys = cache.make(contentId, fields, kinds);
    }
    if (progress !== undefined) progress.done += window.length;
  }
  return facts as MessageFacts[];
}
