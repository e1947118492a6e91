/** A provider's disk, looked at when nothing runs any more: its log, its rows, the bytes in its mailboxes. */
import { readFailure } from '../../src/blob/blob-failure.ts';
import type { BlobStore, ByteRange } from '../../src/blob/blob-store.ts';
import { collectSegments } from '../../src/blob/read-segments.ts';
import { loadContent } from '../../src/content/content.ts';
import type { Database, ReadTransaction, SqlValue, Transaction } from '../../src/db/database.ts';
import { type LoggedEvent, readStream } from '../../src/message-log/find.ts';
import { firstField, parseHeaderBlock, unfold } from '../../src/mime/header.ts';
import type { BlobDisk } from '../blobs.ts';
import type { SimulatedProvider } from '../provider.ts';
import type { Rows } from '../rows.ts';

/** A message as it lies in a mailbox. */
export interface StoredMail {
  readonly mailbox: string;
  readonly folder: string;
  readonly bytes: Uint8Array;
  /** With angle brackets; empty when there is none. */
  readonly messageId: string;
  /** X-Trasporto, lower case; empty when there is none. */
  readonly transport: string;
}

export interface View {
  readonly provider: SimulatedProvider;
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly events: readonly LoggedEvent[];
  readonly mails: readonly StoredMail[];
}

/** @throws {Error} when a message in a mailbox cannot be read. */
export async function openView(provider: SimulatedProvider): Promise<View> {
  provider.rows.rollBack();
  const db = lookAt(provider.rows);
  const blobs = readOnly(provider.disk);
  const events = await db.read((tx) => readStream(tx, { node: 'n1', after: 0, limit: 10_000_000 }));
  return { provider, db, blobs, events, mails: await readMails(provider, db, blobs) };
}

async function readMails(provider: SimulatedProvider, db: Database, blobs: BlobStore): Promise<StoredMail[]> {
  const rows = provider.rows.all<{ address: string; folder: string; content: number; size: number }>(
    `SELECT b.address, f.name AS folder, m.content_id AS content, m.size FROM message m
       JOIN folder f ON f.id = m.folder_id JOIN mailbox b ON b.id = f.mailbox_id
      WHERE b.removed_at IS NULL ORDER BY f.id, m.uid`,
  );
  const mails: StoredMail[] = [];
  for (const { address, folder, content, size } of rows) {
    try {
      const { segments } = await db.read((tx) => loadContent(tx, content));
      const bytes = await collectSegments(blobs, segments, 1e9);
      if (bytes.length !== size) throw new Error(`it has ${bytes.length} bytes instead of ${size}`);
      const header = parseHeaderBlock(bytes);
      const value = (name: string) => unfold(firstField(header, name)?.value ?? '');
      const messageId = value('Message-ID');
      const transport = value('X-Trasporto').toLowerCase();
      mails.push({ mailbox: address, folder, bytes, messageId, transport });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : `${error}`;
      provider.world.report(provider, `a message in ${folder} of ${address} cannot be read: ${cause}`);
    }
  }
  return mails;
}

/** Everything at once, and nothing fails. */
export function lookAt(rows: Rows): Database {
  const tx: Transaction = {
    get: async <T>(sql: string, ...values: SqlValue[]) => rows.get<T>(sql, values),
    all: async <T>(sql: string, ...values: SqlValue[]) => rows.all<T>(sql, values),
    run: async (sql: string, ...values: SqlValue[]) => ({ changes: rows.run(sql, values) }),
    afterCommit: () => undefined,
    notify: () => undefined,
  };
  return {
    dialect: 'sqlite',
    read: <T>(fn: (tx: ReadTransaction) => Promise<T>) => fn(tx),
    transact: <T>(fn: (tx: Transaction) => Promise<T>) => fn(tx),
    listen: () => () => undefined,
    close: async () => undefined,
  };
}

function readOnly(disk: BlobDisk): BlobStore {
  return {
    put: () => Promise.reject(new Error('nothing is written any more')),
    delete: () => Promise.reject(new Error('nothing is removed any more')),
    async *get(blob: string, range?: ByteRange) {
      const kept = disk.kept.get(blob);
      if (kept === undefined) throw readFailure(`blob ${blob} is missing`);
      const { offset, length } = range ?? { offset: 0, length: kept.bytes.length };
      if (offset + length > kept.bytes.length) throw readFailure(`blob ${blob} is too short`);
      yield kept.bytes.subarray(offset, offset + length);
    },
    async *list() {
      for (const [blob, { bytes, storedAt }] of disk.kept) yield { blob, size: bytes.length, storedAt };
    },
  };
}
