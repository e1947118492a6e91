/** The records of many messages, a window at a time. */
import type { MessageRecord } from '../mailbox/mail-store.ts';
import { countOf, type Ranges, windowsOf } from './number-ranges.ts';
import type { Session } from './session.ts';

/** At most `most` at a time, in order; who asks for most of the folder has it read once. */
export async function* loadWindows(
  { store, view }: Pick<Session, 'store' | 'view'>,
  uids: Ranges,
  most: number,
): AsyncGenerator<readonly MessageRecord[]> {
  const { folder, count } = view;
  const wanted = countOf(uids);
  if (wanted > most && wanted * 2 >= count) await store.keepRecords(folder.id);
  for (const window of windowsOf(uids, most)) yield await store.messages(folder.id, window);
}
