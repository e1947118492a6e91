/** What an extract says of itself: by whom, when, and what was asked for. */
import type { Instant } from '../../lib/time.ts';
import { romeTime } from '../../mime/date.ts';
import type { LogSearch } from '../search.ts';
import type { ExtractEntry } from './entry.ts';

export interface ExtractFrame {
  /** Name of the provider. */
  readonly provider: string;
  /** When it was written. */
  readonly at: Instant;
  readonly search: LogSearch;
}

/** One of the forms an extract comes in: bytes in order, one entry at a time, never all at once. */
export type WriteExtract = (
  frame: ExtractFrame,
  entries: AsyncIterable<ExtractEntry>,
) => AsyncGenerator<Uint8Array>;

/** `21/11/2026 10:11:12 (+0100)`. */
export function writeLegalTime(at: Instant): string {
  const { day, time, zone } = romeTime(at);
  return `${day} ${time} (${zone})`;
}

/** What was asked for, as pairs of Italian words. */
export function describeSearch(search: LogSearch): readonly (readonly [name: string, value: string])[] {
  const { sender, recipient, mailbox, identificativo, msgid, from, to, types } = search;
  const asked: readonly (readonly [string, string | undefined])[] = [
    ['casella', mailbox],
    ['mittente', sender],
    ['destinatario', recipient],
    ['identificativo', identificativo],
    ['msgid', msgid],
    ['dal', from === undefined ? undefined : writeLegalTime(from)],
    ['fino al (escluso)', to === undefined ? undefined : writeLegalTime(to)],
    ['eventi', types?.join(', ')],
  ];
  return asked.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
}
