/** Headers of the messages a search found, for sorting and threading. */
import { StoredMessage } from '../message/stored-message.ts';
import type { Progress } from '../progress.ts';
import type { Session } from '../session.ts';
import type { MessageFacts } from './message-facts.ts';
import type { SearchResult } from './run-search.ts';

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
  for (const record of result.records?.values() ?? []) {
    const fields = withHeaders ? (await new StoredMessage(session.store, record).structure()).fields : [];
    facts.push({ record, fields });
    if (progress !== undefined) progress.done++;
  }
  return facts;
}
