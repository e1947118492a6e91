/** A mailbox as a backup holds it, whichever kind of backup it is. */
import type { AccountRows } from '../../accounts/account-rows.ts';
import type { FolderExtras } from '../../mailbox/folder-extras.ts';
import type { SnapshotFolder, SnapshotMessage } from '../export/mailbox-snapshot.ts';

export interface ArchivedMessage extends Omit<SnapshotMessage, 'contentId'> {
  /** Lower-case hexadecimal; undefined where the backup does not say. */
  readonly sha256?: string;
  /** All bytes. @throws {Error} when they are not what they were, at the end at the latest. */
  read(): AsyncIterable<Uint8Array>;
}

export interface ArchivedFolder extends Omit<SnapshotFolder, 'id' | 'messages'> {
  readonly subscribed: boolean;
  readonly extras: FolderExtras;
  readonly messages: readonly ArchivedMessage[];
}

export interface ArchivedMailbox {
  readonly address: string;
  readonly account: AccountRows;
  readonly folders: readonly ArchivedFolder[];
}
