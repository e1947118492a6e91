/** Headers of the messages a search found, for sorting and threading. */
import { StoredMessage } from '../message/stored-message.ts';
import type { Progress } from '../progress.ts';
import type { Session } from '../session.ts';
import type { MessageFacts } from './message-facts.ts';
import type { SearchResult } from './run-search.ts';

const windowSize = 1000;
const noHeads: ReadonlyMap<number, MessageFacts['fields']> = new Map();

export interface FactsWanted {
  /** False leaves the fields empty and reads nothing. */
  readonly withHeaders: boolean;
  readonly progress?: Progress;
}

/** In the order of the folder. */
export async function loadFacts(
  session: Session,
  result: SearchResult,
  { withHeaders, progress }: FactsWanted,
): Promise<MessageFacts[]> {
  const facts: MessageFacts[] = [];
  if (progress !== undefined) {
    progress.done = 0;
    progress.goal = result.records?.size;
  }
  const records = [...(result.records?.values() ?? [])];
  for (let from = 0; from < records.length; from += windowSize) {
    session.out.assertOpen();
    const window = records.slice(from, from + windowSize);
    const heads = withHeaders ? await session.store.heads(window.map(({ contentId }) => contentId)) : noHeads;
    for (const record of window) {
      const known = withHeaders ? heads.get(record.contentId) : [];
      const fields = known ?? (await new StoredMessage(session.store, record).structure()).fields;
      facts.push({ record, fields });
    }
    if (progress !== undefined) progress.done += window.length;
  }
  return facts;
}
