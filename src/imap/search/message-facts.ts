/** What SORT and THREAD compare of a message, taken from its header once. */

import { foldText } from '../../lib/fold.ts';
import type { Instant } from '../../lib/time.ts';
import type { MessageRecord } from '../../mailbox/mail-store.ts';
import { type Address, parseAddressList } from '../../mime/address.ts';
import { parseDate } from '../../mime/date.ts';
import { decodeHeaderText } from '../../mime/encoded-word.ts';
import type { MessagePart } from '../../mime/message-part.ts';
import { findField } from '../message/envelope.ts';
import { type BaseSubject, findBaseSubject } from './base-subject.ts';

export interface MessageFacts {
  readonly record: MessageRecord;
  readonly fields: MessagePart['fields'];
}

/** Date as an instant; without one, the day of arrival (RFC 5256 §2.2). */
export function sentAt({ record, fields }: MessageFacts): Instant {
  const value = findField(fields, 'date');
  return (value === undefined ? undefined : parseDate(value)) ?? record.internalDate;
}

/** The base subject, folded for comparison. */
export function subjectOf({ fields }: MessageFacts): BaseSubject {
  const { text, isReply } = findBaseSubject(decodeHeaderText(findField(fields, 'subject') ?? ''));
  return { text: foldText(text), isReply };
}

/** addr-mailbox of the first address (RFC 5256 §3): its local part, or the name of the group it opens. */
export function mailboxOf({ fields }: MessageFacts, lowerName: string): string {
  const { addresses, groups } = parseAddressList(findField(fields, lowerName) ?? '');
  const [group] = groups;
  return foldText((group?.first === 0 ? group.name : addresses[0]?.local) ?? '');
}

/** The name a person sees, else the address (RFC 5957 §3). */
export function displayOf(facts: MessageFacts, lowerName: string): string {
  const address = firstAddress(facts, lowerName);
  return foldText(address?.display ?? address?.address ?? '');
}

function firstAddress({ fields }: MessageFacts, lowerName: string): Address | undefined {
  const value = findField(fields, lowerName);
  return value === undefined ? undefined : parseAddressList(value).addresses[0];
}

/** Message ids without angle brackets and quotes, in order (RFC 5256 §3 THREAD, note on normal form). */
export function messageIdsOf({ fields }: MessageFacts, lowerName: string): string[] {
  const ids = findField(fields, lowerName)?.match(/<[^<>\s]+>/g) ?? [];
  return ids.map((id) => id.slice(1, -1).replace(/^"([^"\\]*)"@/, '$1@'));
}
