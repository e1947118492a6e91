/**
 * PREVIEW (RFC 8970): the first words a person would read, from the first text of the message. Looks at the
 * beginning of one part only.
 */

import { concatBytes } from '../../lib/bytes.ts';
import { decodeCharset } from '../../mime/charset.ts';
import type { MessagePart } from '../../mime/message-part.ts';
import { walkParts } from '../../mime/part-walk.ts';
import { TransferDecoder } from '../../mime/transfer.ts';
import type { StoredMessage } from './stored-message.ts';

/** RFC 8970 §3.1: at most 256 characters, 200 are recommended. */
const longestPreview = 200;
const lookedAt = 16 * 1024;

/** Unicode on one line; empty when there is no text to read. */
export async function makePreview(message: StoredMessage): Promise<string> {
  const part = findText(await message.structure());
  if (part === undefined) return '';
  const end = Math.min(part.bodyEnd, part.bodyStart + lookedAt);
  const decoder = new TransferDecoder(part.transferEncoding);
  const bytes = concatBytes([
    decoder.push(await message.collect({ start: part.bodyStart, end })),
    decoder.end(),
  ]);
  const text = decodeCharset(bytes, part.parameters.charset ?? '');
  const plain = part.subtype === 'html' ? stripTags(text) : text;
  const line = plain.replace(/[\s\p{Cc}\uFFFD]+/gu, ' ').trim();
  return [...line.slice(0, longestPreview * 2)].slice(0, longestPreview).join('');
}

/** The first plain text, else the first HTML. */
function findText(root: MessagePart): MessagePart | undefined {
  let html: MessagePart | undefined;
  for (const part of walkParts(root)) {
    if (part.type !== 'text' || part.disposition?.type === 'attachment') continue;
    if (part.subtype !== 'html') return part;
    html ??= part;
  }
  return html;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', nbsp: ' ' };

/** Good enough for a glance: no script, no style, no tags, the commonest entities. */
function stripTags(html: string): string {
  return html
    .replace(/<(script|style|head)\b[^>]*>[\s\S]*?(?:<\/\1>|$)/gi, ' ')
    .replace(/<[^>]*(?:>|$)/g, ' ')
    .replace(/&(amp|lt|gt|quot|nbsp);/g, (_all, name: string) => entities[name] ?? ' ')
    .replace(/&#(\d{1,7});/g, (_all, code: string) => codePoint(Number(code)));
}

const codePoint = (code: number) => (code > 31 && code < 0x110000 ? String.fromCodePoint(code) : ' ');
