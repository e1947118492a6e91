/** What SORT and THREAD compare of a message: its record, and keys of its header. */
import type { Instant } from '../../lib/time.ts';
import type { MessageRecord } from '../../mailbox/mail-store.ts';
import type { KnownKeys } from './header-keys.ts';

export interface MessageFacts {
  readonly record: MessageRecord;
  /** Those that were asked for. */
  readonly keys: KnownKeys;
}

/** Date as an instant; without one, the day of arrival (RFC 5256 §2.2). */
export function sentAt({ record, keys }: MessageFacts): Instant {
  return keys.sent ?? record.internalDate;
}
