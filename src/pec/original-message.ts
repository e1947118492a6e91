import { concatBytes, fromLatin1, isAsciiText } from '../lib/bytes.ts';
import { parseAddressList } from '../mime/address.ts';
import { decodeRawText } from '../mime/charset.ts';
import { decodeHeaderText } from '../mime/encoded-word.ts';
import {
  findFields,
  firstField,
  type HeaderBlock,
  type HeaderField,
  parseHeaderBlock,
  unfold,
} from '../mime/header.ts';
import type { ReceiptKind } from './facts.ts';
import { readReceiptKind } from './receipt-kind.ts';
import { writeReference } from './signed-entity.ts';
import { headerNames } from './wire-names.ts';

/**
 * The original message (messaggio originale). It goes into the envelope byte for byte but for its identifiers
 * (RFC 6109 §2.2.1): its Message-ID becomes the PEC one, the client's own is appended as a reference.
 */
export interface RewrittenHead {
  /** The new header block, through its blank line. */
  readonly head: Uint8Array;
  /** The client's Message-ID as it wrote it, with its angle brackets; undefined when it wrote none. */
  readonly msgid: string | undefined;
}

/**
 * Every Message-ID field gets the new value in its place, name and position as they were; then the reference,
 * or the Message-ID itself where there was none, is the last field. All other bytes stay.
 *
 * @param head the header block through the blank line, or a whole message without a body
 */
export function rewriteOriginalHead(head: Uint8Array, identificativo: string): RewrittenHead {
  const block = parseHeaderBlock(head);
  const ids = findFields(block, 'Message-ID');
  const msgid = readMsgid(block);
  const id = `<${identificativo}>`;
  const pieces: Uint8Array[] = [];
  let done = 0;
  for (const field of ids) {
    pieces.push(head.subarray(done, field.start), fromLatin1(`${field.name}: ${id}\r\n`));
    done = field.end;
  }
  const end = fieldsEnd(block);
  pieces.push(head.subarray(done, end));
  if (done < end && head[end - 1] !== 0x0a) pieces.push(fromLatin1('\r\n'));
  pieces.push(fromLatin1((ids.length === 0 ? `Message-ID: ${id}\r\n` : '') + writeReference(msgid)));
  pieces.push(end < block.bodyStart ? head.subarray(end) : fromLatin1('\r\n'));
  return { head: concatBytes(pieces), msgid };
}

/** Where the last field ends: the blank line begins there. */
function fieldsEnd(block: HeaderBlock): number {
  return block.fields.at(-1)?.end ?? 0;
}

/** The client's Message-ID on one line; undefined when there is none or it is empty. */
export function readMsgid(block: HeaderBlock): string | undefined {
  const raw = firstField(block, 'Message-ID');
  const value = raw === undefined ? '' : unfold(raw.value);
  if (value === '') return undefined;
  return isAsciiText(value) ? value : decodeRawText(value);
}

/** What the access point reads from the original's header, once. */
export interface OriginalReading {
  readonly msgid: string | undefined;
  /** Decoded; empty when there is none. */
  readonly subject: string;
  /** Reply-To, decoded, as it stands; undefined when absent or empty. */
  readonly replyTo: string | undefined;
  readonly receiptKind: ReceiptKind;
  /** Bare addresses of all To and Cc fields. */
  readonly to: readonly string[];
  readonly cc: readonly string[];
}

/** Reads the header of an original, or of the one enclosed in a transport envelope. Never throws. */
export function readOriginal(header: HeaderBlock): OriginalReading {
  const text = (name: string) => decodeHeaderText(firstField(header, name)?.value ?? '').trim();
  return {
    msgid: readMsgid(header),
    subject: text('Subject'),
    replyTo: text('Reply-To') || undefined,
    receiptKind: readReceiptKind(firstField(header, headerNames.receiptKind)?.value),
    to: readAddresses(findFields(header, 'To')),
    cc: readAddresses(findFields(header, 'Cc')),
  };
}

function readAddresses(fields: readonly HeaderField[]): string[] {
  return fields.flatMap(({ value }) => parseAddressList(value).addresses.map(({ address }) => address));
}
