/** Writes FETCH responses, one message at a time, at the pace of the client. */
import type { MessageRecord } from '../../mailbox/mail-store.ts';
import type { MessagePart } from '../../mime/message-part.ts';
import { formatFetchHead } from '../announce.ts';
import type { Session } from '../session.ts';
import type { FetchRequest } from '../wire/fetch-items.ts';
import { type FetchValue, produceAtOnce, produceValue, type StreamedValue } from './fetch-value.ts';
import { loadSmall, readTogether, StoredMessage } from './stored-message.ts';
import { findWordItem, type Prepared } from './word-items.ts';

const nothing: Prepared = new Map();

/** The whole message needs no look at its structure, nor do fields of its header: see fetch-value.ts. */
function needsStructure(item: FetchRequest): boolean {
  if (item.kind !== 'section' || item.section.path.length > 0) return true;
  return item.section.text !== undefined && item.section.fields === undefined;
}

export class FetchWriter {
  readonly #session: Session;
  readonly #items: readonly FetchRequest[];
  /** The items, and what must be told when the fetch changed the flags (RFC 3501 §6.4.5, RFC 7162 §3.2.4). */
  readonly #itemsWithFlags: readonly FetchRequest[];
  readonly #prepared = new Map<string, Prepared>();
  #structures: ReadonlyMap<number, MessagePart> = new Map();
  readonly #needsStructure: boolean;
  #bytes: ReadonlyMap<number, Uint8Array> = new Map();
  readonly #needsBytes: boolean;
  #failure: unknown;
  #failed = false;

  constructor(session: Session, items: readonly FetchRequest[]) {
    this.#session = session;
    this.#items = items;
    this.#needsStructure = items.some((item) =>
      item.kind === 'word' ? findWordItem(item.name).needsStructure : needsStructure(item),
    );
    this.#needsBytes = items.some((item) => item.kind !== 'word');
    const wanted = session.has('CONDSTORE') ? ['UID', 'FLAGS', 'MODSEQ'] : ['FLAGS'];
    const missing = wanted.filter(
      (name) => !items.some((item) => item.kind === 'word' && item.name === name),
    );
    this.#itemsWithFlags = [...missing.map((name) => ({ kind: 'word', name }) as const), ...items];
  }

  /** Asks the store for what these messages need together; before {@link write}. */
  async prepare(records: readonly MessageRecord[]): Promise<void> {
    const { store } = this.#session;
    const contents = [...new Set(records.map(({ contentId }) => contentId))];
    this.#structures = this.#needsStructure ? await readTogether(store.structures(contents)) : new Map();
    this.#bytes = this.#needsBytes ? await loadSmall(store, records) : new Map();
    for (const item of this.#items) {
      if (item.kind !== 'word') continue;
      const prepared = await findWordItem(item.name).prepare?.(this.#session, records);
      if (prepared !== undefined) this.#prepared.set(item.name, prepared);
    }
  }

  /**
   * Answers about one message, or about nothing when its parts cannot be read: then the others are still
   * answered and {@link throwFailure} tells. What is at hand is written at once and there is nothing to wait for.
   * @param flagsChanged the fetch itself set \Seen
   */
  write(record: MessageRecord, flagsChanged: boolean): Promise<void> | undefined {
    const { out } = this.#session;
    out.assertOpen();
    const head = formatFetchHead(this.#session, record.uid);
    if (head === undefined) return undefined;
    const values = this.#produce(record, flagsChanged ? this.#itemsWithFlags : this.#items);
    if (values.some((value) => value instanceof Promise)) return this.#writeLater(head, values);
    out.line(`* ${head} (${values.join(' ')})`);
    return out.full ? out.drained() : undefined;
  }

  async #writeLater(head: string, pending: readonly (FetchValue | Promise<FetchValue>)[]): Promise<void> {
    const { out } = this.#session;
    const values: FetchValue[] = [];
    try {
      for (const value of pending) values.push(await value);
    } catch (error) {
      if (!this.#failed) this.#failure = error;
      this.#failed = true;
      return;
    }
    out.text(`* ${head} (`);
    for (const [index, value] of values.entries()) {
      if (index > 0) out.text(' ');
      if (typeof value === 'string') out.text(value);
      else await this.#stream(value);
    }
    out.line(')');
    if (out.full) await out.drained();
  }

  /** @throws what kept the first failed message from being answered. */
  throwFailure(): void {
    if (this.#failed) throw this.#failure;
  }

  #produce(record: MessageRecord, items: readonly FetchRequest[]): (FetchValue | Promise<FetchValue>)[] {
    const message = new StoredMessage(this.#session.store, record);
    message.know(this.#structures.get(record.contentId), this.#bytes.get(record.contentId));
    const values = items.map((item) => {
      if (item.kind !== 'word') return produceAtOnce(message, item) ?? produceValue(message, item);
      const prepared = this.#prepared.get(item.name) ?? nothing;
      const value = findWordItem(item.name).produce(message, this.#session, prepared);
      return typeof value === 'string'
        ? `${item.name} ${value}`
        : value.then((text) => `${item.name} ${text}`);
    });
    // Waited for one after the other: one that fails meanwhile is not unheard.
    for (const value of values) if (value instanceof Promise) value.catch(() => undefined);
    return values;
  }

  /**
   * Once the size is announced there is no way back: when the bytes cannot be had, or are not as many, the
   * connection is closed rather than the client given a wrong message.
   */
  async #stream({ label, size, binary, bytes }: StreamedValue): Promise<void> {
    const { out } = this.#session;
    out.text(`${label} ${binary ? '~' : ''}{${size}}\r\n`);
    let sent = 0;
    try {
      for await (const chunk of bytes) {
        sent += chunk.length;
        if (sent > size) break;
        out.bytes(chunk);
        if (out.full) await out.drained();
      }
    } catch (error) {
      throw new BrokenLiteral(error);
    }
    if (sent !== size) throw new BrokenLiteral(new Error(`${sent} bytes read where ${size} were announced`));
  }
}

/** The response cannot be completed; nothing sensible can follow it, so the connection is cut. */
export class BrokenLiteral extends Error {
  constructor(cause: unknown) {
    super('A message could not be read to its announced end', { cause });
    this.name = 'BrokenLiteral';
  }
}
