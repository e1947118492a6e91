/**
 * Looking for texts in the body of a stored message: all its text parts, decoded, and the headers of parts
 * and enclosed messages. Reads the bytes once, in order, and never holds more than a chunk.
 */
import type { MessagePart } from '../../mime/message-part.ts';
import { walkParts } from '../../mime/part-walk.ts';
import { TransferDecoder } from '../../mime/transfer.ts';
import type { StoredMessage } from '../message/stored-message.ts';
import { foldText } from './fold.ts';
import { hasAnywhereInHeader, type TextKey } from './judge.ts';

/** The keys whose text is in the body; for `text` keys the caller has looked into the header. */
export async function findInBody(message: StoredMessage, keys: readonly TextKey[]): Promise<Set<TextKey>> {
  const search = new NeedleSearch(keys);
  const root = await message.structure();
  for (const part of walkParts(root)) {
    if (search.complete) break;
    // The message's own header is no part of its body.
    if (part !== root) search.lookIntoHeader(part);
    if (part.type === 'text') await searchPart(message, part, search);
  }
  return search.found;
}

async function searchPart(message: StoredMessage, part: MessagePart, search: NeedleSearch): Promise<void> {
  const transfer = new TransferDecoder(part.transferEncoding);
  const charset = decoderFor(part.parameters.charset);
  search.beginText();
  for await (const chunk of message.read({ start: part.bodyStart, end: part.bodyEnd })) {
    search.lookInto(charset.decode(transfer.push(chunk), { stream: true }));
    if (search.complete) return;
  }
  search.lookInto(charset.decode(transfer.end()));
}

/** A charset nobody knows is read as Windows-1252, the superset of Latin-1 mail really uses. */
function decoderFor(charset: string | undefined): TextDecoder {
  try {
    return new TextDecoder(charset ?? 'utf-8');
  } catch {
    return new TextDecoder('windows-1252');
  }
}

/** Finds several needles in a text that comes in pieces. */
export class NeedleSearch {
  readonly found = new Set<TextKey>();
  #open: { readonly key: TextKey; readonly needle: string }[];
  readonly #overlap: number;
  #tail = '';

  constructor(keys: readonly TextKey[]) {
    this.#open = keys.map((key) => ({ key, needle: foldText(key.text) }));
    this.#overlap = Math.max(0, ...this.#open.map(({ needle }) => needle.length - 1));
  }

  get complete(): boolean {
    return this.#open.length === 0;
  }

  /** Nothing is found across the border of two texts. */
  beginText(): void {
    this.#tail = '';
  }

  lookInto(piece: string): void {
    const text = this.#tail + foldText(piece);
    this.#settle(({ needle }) => text.includes(needle));
    this.#tail = this.#overlap === 0 ? '' : text.slice(-this.#overlap);
  }

  lookIntoHeader({ fields }: MessagePart): void {
    this.#settle(({ key }) => hasAnywhereInHeader(fields, key.text));
  }

  #settle(has: (open: { key: TextKey; needle: string }) => boolean): void {
    const hits = this.#open.filter(has);
    if (hits.length === 0) return;
    for (const { key } of hits) this.found.add(key);
    this.#open = this.#open.filter((open) => !hits.includes(open));
  }
}
