/** A whole export: every message of the snapshot, each with all its bytes; a damaged one is told and the rest goes on. */
import type { ExportWriter } from './export-writer.ts';
import type { SnapshotFolder, SnapshotMessage } from './mailbox-snapshot.ts';
import { MessageList } from './message-list.ts';
import { type ContentStores, DamagedMessage, openMessage } from './readable-message.ts';

export interface DamagedEntry {
  readonly folder: string;
  readonly uid: number;
  readonly reason: string;
}

export interface ExportResult {
  readonly messages: number;
  readonly bytes: number;
  readonly damaged: readonly DamagedEntry[];
  /** Removed from the mailbox while the export ran. */
  readonly gone: number;
}

export interface ExportOrder {
  readonly folders: readonly SnapshotFolder[];
  readonly writer: ExportWriter;
  readonly onProgress: (done: number, total: number) => void;
}

/** @throws what the writer throws: a full disk, a reader that went away. */
export async function exportMailbox(stores: ContentStores, order: ExportOrder): Promise<ExportResult> {
  const { folders, writer, onProgress } = order;
  const run = new ExportRun(stores, writer);
  const total = folders.reduce((sum, { messages }) => sum + messages.length, 0);
  let done = 0;
  for (const folder of folders) {
    await writer.beginFolder(folder);
    for (const message of folder.messages) {
      await run.add(folder, message);
      done += 1;
      onProgress(done, total);
    }
    await writer.endFolder();
  }
  await writer.finish(run.list.toBytes());
  return { messages: run.messages, bytes: run.bytes, damaged: run.damaged, gone: run.gone };
}

class ExportRun {
  readonly list = new MessageList();
  readonly damaged: DamagedEntry[] = [];
  messages = 0;
  bytes = 0;
  gone = 0;
  readonly #stores: ContentStores;
  readonly #writer: ExportWriter;

  constructor(stores: ContentStores, writer: ExportWriter) {
    this.#stores = stores;
    this.#writer = writer;
  }

  async add(folder: SnapshotFolder, message: SnapshotMessage): Promise<void> {
    const listed = { folder: folder.name, message };
    try {
      const content = await openMessage(this.#stores, message);
      const file = await this.#writer.addMessage(message, content);
      this.list.add({ ...listed, file, sha256: content.sha256, problem: undefined });
      this.messages += 1;
      this.bytes += content.size;
    } catch (error) {
      if (!(error instanceof DamagedMessage)) throw error;
      if (!(await this.#isThere(folder.id, message))) {
        this.gone += 1;
        return;
      }
      this.damaged.push({ folder: folder.name, uid: message.uid, reason: error.message });
      this.list.add({ ...listed, file: undefined, sha256: undefined, problem: error.message });
    }
  }

  /** A message that somebody removed in the meantime may be gone with its bytes: that is no damage. */
  async #isThere(folderId: number, { uid, contentId }: SnapshotMessage): Promise<boolean> {
    const row = await this.#stores.db.read((tx) =>
      tx.get(
        'SELECT 1 FROM message WHERE folder_id = ? AND uid = ? AND content_id = ?',
        folderId,
        uid,
        contentId,
      ),
    );
    return row !== undefined;
  }
}
