/** The items of STATUS (RFC 3501 §6.3.10 and extensions), one line each in the table. */
import type { Folder, FolderStatus } from '../mailbox/mail-store.ts';
import { becomeCondstoreAware } from './condstore.ts';
import { hasFlag } from './flags.ts';
import { windowsOf } from './number-ranges.ts';
import type { Session } from './session.ts';
import type { Arguments } from './wire/arguments.ts';
import { SyntaxProblem } from './wire/syntax.ts';

interface StatusSubject {
  readonly session: Session;
  readonly folder: Folder;
  readonly status: FolderStatus;
}

type StatusItem = (subject: StatusSubject) => number | string | Promise<number>;

const items: ReadonlyMap<string, StatusItem> = new Map<string, StatusItem>([
  ['MESSAGES', ({ status }) => status.messages],
  ['RECENT', ({ status }) => status.recent],
  ['UIDNEXT', ({ status }) => status.uidNext],
  ['UIDVALIDITY', ({ status }) => status.uidValidity],
  ['UNSEEN', ({ status }) => status.unseen],
  ['DELETED', ({ status }) => status.deleted],
  ['DELETED-STORAGE', (subject) => sumDeleted(subject)],
  ['SIZE', ({ status }) => status.size],
  ['HIGHESTMODSEQ', ({ status }) => status.highestModseq],
  ['MAILBOXID', ({ folder }) => `(${folder.objectId})`],
  ['APPENDLIMIT', ({ session }) => session.limits.messageBytes],
]);

/** RFC 9208 §4.1.4; in the unit of the STORAGE resource, 1024 bytes. */
async function sumDeleted({ session, folder, status }: StatusSubject): Promise<number> {
  if (status.deleted === 0) return 0;
  let bytes = 0;
  for (const window of windowsOf([[1, status.uidNext - 1]], 5000)) {
    for (const record of await session.store.messages(folder.id, window)) {
      if (hasFlag(record.flags, '\\Deleted')) bytes += record.size;
    }
  }
  return Math.ceil(bytes / 1024);
}

/** `(MESSAGES UNSEEN)`. @throws {SyntaxProblem} */
export function readStatusItems(args: Arguments): string[] {
  const names = args.list(() => args.keyword());
  const unknown = names.find((name) => !items.has(name));
  if (unknown !== undefined) throw new SyntaxProblem(`There is no status item ${unknown}`);
  return names;
}

/** Sends the untagged STATUS of a folder. */
export async function writeStatus(session: Session, folder: Folder, names: readonly string[]): Promise<void> {
  if (names.includes('HIGHESTMODSEQ')) becomeCondstoreAware(session);
  const subject = { session, folder, status: await session.store.status(folder.id) };
  const values: string[] = [];
  for (const name of names) values.push(`${name} ${await items.get(name)?.(subject)}`);
  session.untagged(`STATUS ${session.formatMailbox(folder.name)} (${values.join(' ')})`);
}
