/** The form of an export: what a Maildir, mboxes and a ZIP archive have in common. */
import type { SnapshotFolder, SnapshotMessage } from './mailbox-snapshot.ts';
import type { ReadableMessage } from './readable-message.ts';

export interface ExportWriter {
  /** Before the first message of the folder. */
  beginFolder(folder: SnapshotFolder): Promise<void>;
  /**
   * Where the message stands in the export, a path with `/`. When reading it fails half-way nothing of it is left and
   * the error is passed on.
   */
  addMessage(message: SnapshotMessage, content: ReadableMessage): Promise<string>;
  endFolder(): Promise<void>;
  /** The list of all messages comes last. */
  finish(list: Uint8Array): Promise<void>;
}

export const listName = 'messages.csv';
