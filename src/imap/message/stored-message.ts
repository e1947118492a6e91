/** One message while it is being answered about: its record, and structure and bytes when they are needed. */
import type { MailStore, MessageRecord } from '../../mailbox/mail-store.ts';
import type { MessagePart } from '../../mime/message-part.ts';
import type { ByteSpan } from './sections.ts';

async function* onlyPiece(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/**
 * Reading together is a saving: when it fails, each is asked for by itself, and only what cannot be read is refused.
 */
export async function readTogether<T>(
  reading: Promise<ReadonlyMap<number, T>>,
): Promise<ReadonlyMap<number, T>> {
  try {
    return await reading;
  } catch {
    return new Map();
  }
}

const largestSmall = 64 * 1024;
const mostTogether = 4 * 1024 * 1024;

/** Bytes of small messages, by content, as many as may be held together: few statements instead of one each. */
export function loadSmall(
  store: MailStore,
  records: readonly MessageRecord[],
): Promise<ReadonlyMap<number, Uint8Array>> {
  let total = 0;
  const small = new Set<number>();
  for (const { size, contentId } of records) {
    if (size > largestSmall || total + size > mostTogether) continue;
    total += size;
    small.add(contentId);
  }
  return readTogether(store.smallContents([...small]));
}

export class StoredMessage {
  readonly record: MessageRecord;
  readonly #store: MailStore;
  #structure: Promise<MessagePart> | undefined;
  #held: Uint8Array | undefined;

  constructor(store: MailStore, record: MessageRecord) {
    this.#store = store;
    this.record = record;
  }

  /** Hands in what was read with that of others. */
  know(structure: MessagePart | undefined, bytes?: Uint8Array): void {
    // One that is not as long as it should be is for the store to tell about.
    if (bytes?.length === this.record.size) this.#held = bytes;
    if (structure !== undefined) this.#structure = Promise.resolve(structure);
  }

  /** The part tree; asked of the store once. @throws {MailError} */
  structure(): Promise<MessagePart> {
    this.#structure ??= this.#store.structure(this.record.contentId);
    return this.#structure;
  }

  /** All its bytes, if they are at hand. */
  get bytes(): Uint8Array | undefined {
    return this.#held;
  }

  /** The bytes of the span as the store reads them. */
  read({ start, end }: ByteSpan): AsyncIterable<Uint8Array> {
    if (this.#held !== undefined) return onlyPiece(this.#held.subarray(start, end));
    return this.#store.read(this.record.contentId, { offset: start, length: end - start });
  }

  /** The bytes of a span that is known to be small. */
  async collect(span: ByteSpan): Promise<Uint8Array> {
    if (span.start >= span.end) return new Uint8Array();
    if (this.#held !== undefined) return this.#held.subarray(span.start, span.end);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.read(span)) chunks.push(chunk);
    return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
  }
}
