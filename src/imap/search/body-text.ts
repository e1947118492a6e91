/**
 * Looking for texts in the body of a stored message: all its text parts, decoded, and the headers of parts
 * and enclosed messages. Reads the bytes once, in order, and never holds more than a chunk.
 */

import { foldText } from '../../lib/fold.ts';
import type { MessagePart } from '../../mime/message-part.ts';
import { walkParts } from '../../mime/part-walk.ts';
import { readText } from '../../mime/text-part.ts';
import type { StoredMessage } from '../message/stored-message.ts';
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
  search.beginText();
  for await (const piece of readText(part, message.read({ start: part.bodyStart, end: part.bodyEnd }))) {
    search.lookInto(piece);
    if (search.complete) return;
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
