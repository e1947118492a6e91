/** One message while it is being answered about: its record, and structure and bytes when they are needed. */
import type { MailStore, MessageRecord } from '../../mailbox/mail-store.ts';
import type { MessagePart } from '../../mime/message-part.ts';
import type { ByteSpan } from './sections.ts';

export class StoredMessage {
  readonly record: MessageRecord;
  readonly #store: MailStore;
  #structure: Promise<MessagePart> | undefined;
  #head: MessagePart['fields'] | undefined;

  constructor(store: MailStore, record: MessageRecord) {
    this.#store = store;
    this.record = record;
  }

  /** Hands in what was read with that of others. */
  know(structure: MessagePart | undefined, head: MessagePart['fields'] | undefined): void {
    if (structure !== undefined) this.#structure = Promise.resolve(structure);
    this.#head = head;
  }

  /** The fields of the header that lists are about; undefined when they were not handed in. */
  get head(): MessagePart['fields'] | undefined {
    return this.#head;
  }

  /** The part tree; asked of the store once. @throws {MailError} */
  structure(): Promise<MessagePart> {
    this.#structure ??= this.#store.structure(this.record.contentId);
    return this.#structure;
  }

  /** The bytes of the span as the store reads them. */
  read({ start, end }: ByteSpan): AsyncIterable<Uint8Array> {
    return this.#store.read(this.record.contentId, { offset: start, length: end - start });
  }

  /** The bytes of a span that is known to be small. */
  async collect(span: ByteSpan): Promise<Uint8Array> {
    if (span.start >= span.end) return new Uint8Array();
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.read(span)) chunks.push(chunk);
    return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
  }
}
