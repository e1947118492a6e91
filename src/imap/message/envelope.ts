/**
 * ENVELOPE (RFC 3501 §7.4.2): the parsed header, values as they stand in the message; encoded words are the
 * client's to decode.
 */
import { lowerAscii } from '../../lib/bytes.ts';
import { type Address, parseAddressList } from '../../mime/address.ts';
import { unfold } from '../../mime/header.ts';
import type { MessagePart } from '../../mime/message-part.ts';
import { formatNstring } from '../wire/format.ts';
import { toByteString } from '../wire/syntax.ts';

type Fields = MessagePart['fields'];

/** The raw value of the first field of that name (lower case). */
export function findField(fields: Fields, lowerName: string): string | undefined {
  return fields.find(([name]) => name.length === lowerName.length && lowerAscii(name) === lowerName)?.[1];
}

/** An nstring of an unstructured value. */
export function formatField(fields: Fields, lowerName: string): string {
  const value = findField(fields, lowerName);
  return formatNstring(value === undefined ? undefined : cleanValue(value));
}

/** On one line, without the bytes no response may hold. */
function cleanValue(value: string): string {
  return unfold(value).replace(/[\r\n\0]/g, ' ');
}

const nstringOf = (text: string | undefined) =>
  formatNstring(text === undefined ? undefined : cleanValue(toByteString(text)));

function formatAddress({ phrase, local, domain }: Address): string {
  return `(${nstringOf(phrase)} NIL ${nstringOf(local)} ${nstringOf(domain)})`;
}

/** Groups are framed by addresses without a host: one with the group's name, one with nothing. */
function formatAddresses(value: string | undefined): string {
  const { addresses, groups } = parseAddressList(value ?? '');
  const items = addresses.map(formatAddress);
  // From the back, so that the places in front stay where they are.
  for (const { name, first, count } of [...groups].reverse()) {
    items.splice(first + count, 0, '(NIL NIL NIL NIL)');
    items.splice(first, 0, `(NIL NIL ${nstringOf(name)} NIL)`);
  }
  return items.length === 0 ? 'NIL' : `(${items.join('')})`;
}

/** `(date subject from sender reply-to to cc bcc in-reply-to message-id)` of a message's header. */
export function formatEnvelope(fields: Fields): string {
  const from = formatAddresses(findField(fields, 'from'));
  const orFrom = (name: string) => {
    const addresses = formatAddresses(findField(fields, name));
    // RFC 3501 §7.4.2: the server fills Sender and Reply-To in from From.
    return addresses === 'NIL' ? from : addresses;
  };
  const parts = [
    formatField(fields, 'date'),
    formatField(fields, 'subject'),
    from,
    orFrom('sender'),
    orFrom('reply-to'),
    ...['to', 'cc', 'bcc'].map((name) => formatAddresses(findField(fields, name))),
    formatField(fields, 'in-reply-to'),
    formatField(fields, 'message-id'),
  ];
  return `(${parts.join(' ')})`;
}
