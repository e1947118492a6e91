/** Folders by login, their access control lists and annotations, one transaction a method. */
import { keyOf } from '../accounts/address-key.ts';
import type { Database, Transaction } from '../db/database.ts';
import type { Clock } from '../lib/time.ts';
import {
  findMailboxesOf,
  findVisible,
  findVisibleById,
  listVisible,
  readAcl,
  removeAclEntry,
  requireIdentifier,
  writeAclEntry,
} from './access.ts';
import { readAnnotations, writeAnnotations } from './annotations.ts';
import { ensureFolders } from './first-folders.ts';
import { requireFolder } from './folder-rows.ts';
import type { MailStore } from './mail-store.ts';
import { noteChange } from './notices.ts';
import { changeRights } from './rights.ts';

/** The owner's sessions hear of it, and those of whom the entry is about. Of `anyone` all hear when they look next. */
async function noteAccess(tx: Transaction, ownerId: number, identifier: string): Promise<void> {
  const mailboxes = await findMailboxesOf(tx, identifier.replace(/^-/, ''));
  for (const mailboxId of new Set([ownerId, ...mailboxes])) noteChange(tx, mailboxId);
}

type AccessMethods = Pick<
  MailStore,
  | 'findVisible'
  | 'findVisibleById'
  | 'findVisibleById'
  | 'listVisible'
  | 'acl'
  | 'changeAcl'
  | 'removeAcl'
  | 'annotations'
  | 'setAnnotations'
>;

export function createAccessMethods({ db, clock }: { db: Database; clock: Clock }): AccessMethods {
  return {
    findVisible: async (viewer, name) => {
      await ensureFolders({ db, clock }, viewer.mailboxId);
      return db.read((tx) => findVisible(tx, viewer, name));
    },
    findVisibleById: (viewer, folderId) => db.read((tx) => findVisibleById(tx, viewer, folderId)),
    listVisible: async (viewer) => {
      await ensureFolders({ db, clock }, viewer.mailboxId);
      return db.read((tx) => listVisible(tx, viewer));
    },
    acl: (folderId) =>
      db.read(async (tx) => {
        await requireFolder(tx, folderId);
        return readAcl(tx, folderId);
      }),
    changeAcl: (folderId, written, { operation, rights }) =>
      db.transact(async (tx) => {
        const folder = await requireFolder(tx, folderId);
        const whom = await requireIdentifier(tx, written);
        const current = (await readAcl(tx, folderId)).find(
          ({ identifier, mailboxId }) => identifier === whom.identifier && mailboxId === whom.mailboxId,
        );
        const changed = changeRights(current?.rights ?? '', operation, rights);
        await writeAclEntry(tx, folderId, { ...whom, rights: changed });
        await noteAccess(tx, folder.mailbox_id, whom.identifier);
      }),
    annotations: (subject) => db.read((tx) => readAnnotations(tx, subject)),
    setAnnotations: (subject, changes) => db.transact((tx) => writeAnnotations(tx, subject, changes)),
    removeAcl: (folderId, written) =>
      db.transact(async (tx) => {
        const folder = await requireFolder(tx, folderId);
        const identifier = keyOf(written);
        if (!(await removeAclEntry(tx, folderId, identifier))) return;
        await noteAccess(tx, folder.mailbox_id, identifier);
      }),
  };
}
