/** Headers of the messages a search found, for sorting and threading. */
import { StoredMessage } from '../message/stored-message.ts';
import type { Session } from '../session.ts';
import type { MessageFacts } from './message-facts.ts';
import type { SearchResult } from './run-search.ts';

/**
 * In the order of the folder.
 * @param withHeaders false leaves the fields empty and reads nothing.
 */
export async function loadFacts(
  session: Session,
  result: SearchResult,
  withHeaders: boolean,
): Promise<MessageFacts[]> {
  const facts: MessageFacts[] = [];
  for (const record of result.records?.values() ?? []) {
    const fields = withHeaders ? (await new StoredMessage(session.store, record).structure()).fields : [];
    facts.push({ record, fields });
  }
  return facts;
}
