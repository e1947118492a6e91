/** Folders as commands name them: reading a name, finding its folder, refusing with the right code. */
import type { VisibleFolder } from '../mailbox/mail-store.ts';
import { otherUsers } from '../mailbox/shared-name.ts';
import { Refusal } from './refusal.ts';
import { explainRight, requireRight } from './rights.ts';
import type { Session } from './session.ts';
import type { Arguments } from './wire/arguments.ts';
import { decodeMailboxName } from './wire/mailbox-name.ts';

/** SP-less mailbox production: an astring, decoded. */
export function readMailbox(args: Arguments, session: Session): string {
  const supplied = args.astring();
  const name = decodeMailboxName(supplied, session.utf8);
  session.noteNamed({ supplied, name });
  return name;
}

/**
 * The folder, if the login has each of the rights to it (RFC 4314 §4). Who may not look it up is not told that it
 * is there (§6).
 * @throws {Refusal} NONEXISTENT, NOPERM
 */
export async function findFolder(session: Session, name: string, rights: string): Promise<VisibleFolder> {
  const folder = await session.store.findVisible(session.login, name);
  if (folder === undefined || isHidden(folder, rights)) {
    throw new Refusal('NONEXISTENT', `There is no folder ${name}`);
  }
  for (const right of rights) requireRight(folder, right);
  return folder;
}

/** The folder messages go to. @throws {Refusal} TRYCREATE (RFC 3501 §6.3.11), also for names that cannot be. */
export async function findTarget(session: Session, name: string): Promise<VisibleFolder> {
  const folder = await session.store.findVisible(session.login, name);
  if (folder === undefined || isHidden(folder, 'i')) {
    if (name.startsWith(otherUsers)) throw new Refusal('NONEXISTENT', `There is no folder ${name}`);
    throw new Refusal('TRYCREATE', `There is no folder ${name}; create it first`);
  }
  requireRight(folder, 'i');
  return folder;
}

const isHidden = ({ rights }: VisibleFolder, wanted: string) =>
  !rights.includes('l') && [...wanted].some((right) => !rights.includes(right));

/** Where a folder is to be made: whose mailbox, and its name in there. */
export interface NewPlace {
  readonly mailboxId: number;
  readonly path: string;
}

/**
 * The nearest folder above that stands decides who may make one (RFC 4314 §4 CREATE); at the top of the mailbox
 * its own logins that may write.
 * @throws {Refusal} NOPERM
 */
export async function findNewPlace(session: Session, name: string): Promise<NewPlace> {
  const { login } = session;
  const levels = name.split('/');
  for (let count = levels.length - 1; count > 0; count--) {
    const above = levels.slice(0, count).join('/');
    const parent = await session.store.findVisible(login, above);
    if (parent === undefined || isHidden(parent, 'k')) continue;
    requireRight(parent, 'k');
    return { mailboxId: parent.mailboxId, path: `${parent.path}${name.slice(above.length)}` };
  }
  if (name.startsWith(otherUsers)) {
    throw new Refusal(
      'NOPERM',
      `Only the owner makes folders here; below a shared folder ${explainRight('k')}`,
    );
  }
  if (!login.rights.write) throw new Refusal('NOPERM', 'This login may read but not change the mailbox');
  return { mailboxId: login.mailboxId, path: name };
}

/** The name of a folder to make: a trailing separator only says that folders will follow (RFC 3501 §6.3.3). */
export function newFolderName(name: string): string {
  return name.length > 1 && name.endsWith('/') ? name.slice(0, -1) : name;
}
