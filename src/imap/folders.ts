/** Folders as commands name them: reading a name, finding its folder, refusing with the right code. */
import type { Folder } from '../mailbox/mail-store.ts';
import { Refusal } from './refusal.ts';
import type { Session } from './session.ts';
import type { Arguments } from './wire/arguments.ts';
import { decodeMailboxName } from './wire/mailbox-name.ts';

/** SP-less mailbox production: an astring, decoded. */
export function readMailbox(args: Arguments, session: Session): string {
  return decodeMailboxName(args.astring(), session.utf8);
}

/** @throws {Refusal} NONEXISTENT */
export async function findFolder(session: Session, name: string): Promise<Folder> {
  const folder = await session.store.findFolder(session.login.mailboxId, name);
  if (folder === undefined) throw new Refusal('NONEXISTENT', `There is no folder ${name}`);
  return folder;
}

/** The folder messages go to. @throws {Refusal} TRYCREATE (RFC 3501 §6.3.11), also for names that cannot be. */
export async function findTarget(session: Session, name: string): Promise<Folder> {
  const folder = await session.store.findFolder(session.login.mailboxId, name);
  if (folder === undefined) throw new Refusal('TRYCREATE', `There is no folder ${name}; create it first`);
  return folder;
}

/** The name of a folder to make: a trailing separator only says that folders will follow (RFC 3501 §6.3.3). */
export function newFolderName(name: string): string {
  return name.length > 1 && name.endsWith('/') ? name.slice(0, -1) : name;
}
