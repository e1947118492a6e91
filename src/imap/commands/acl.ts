/** SETACL, DELETEACL, GETACL, LISTRIGHTS and MYRIGHTS (RFC 4314 §3). */
import type { VisibleFolder } from '../../mailbox/mail-store.ts';
import { type AclOperation, allRights, formatRights, parseRights } from '../../mailbox/rights.ts';
import { type Action, authenticated, type PlainCommand } from '../command.ts';
import { findFolder, readMailbox } from '../folders.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from '../session.ts';
import type { Arguments } from '../wire/arguments.ts';
import { formatAstring } from '../wire/format.ts';
import { fromByteString, SyntaxProblem, toByteString } from '../wire/syntax.ts';

const operations: Readonly<Record<string, AclOperation>> = { '+': 'add', '-': 'remove', '': 'replace' };

/** RFC 4314 §3: prepared before use; nothing must not be left of it. @throws {SyntaxProblem} */
function readIdentifier(args: Arguments): string {
  const identifier = fromByteString(args.astring()).normalize('NFKC').trim();
  if (identifier === '' || identifier === '-' || /\p{Cc}/u.test(identifier)) {
    throw new SyntaxProblem('The name of a login or mailbox is expected');
  }
  return identifier;
}

/** `+lr`, `-w`, `lrs`. @throws {SyntaxProblem} for a letter that is no right (RFC 4314 §3.1) */
function readChange(args: Arguments): { operation: AclOperation; rights: string } {
  const text = args.astring();
  const [, sign = '', letters] = /^([+-]?)([lrswipkxteacd]*)$/.exec(text) ?? [];
  if (letters === undefined) throw new SyntaxProblem(`Rights are letters of ${allRights}, in lower case`);
  return { operation: operations[sign] ?? 'replace', rights: parseRights(letters) };
}

const ownerOf = (session: Session, folder: VisibleFolder) => folder.owner ?? session.login.address;

/** @throws {Refusal} CANNOT: who could take the owner's rights away would lock the folder for ever. */
function refuseOwner(session: Session, folder: VisibleFolder, identifier: string): void {
  if (isOwner(session, folder, identifier.replace(/^-/, ''))) {
    throw new Refusal('CANNOT', 'The owner always has all rights');
  }
}

function isOwner(session: Session, folder: VisibleFolder, identifier: string): boolean {
  return identifier.toLowerCase() === ownerOf(session, folder).toLowerCase();
}

const formatIdentifier = (identifier: string) => formatAstring(toByteString(identifier));
const formatLetters = (rights: string) => (rights === '' ? '""' : formatRights(rights));

/** `name SP folder`, then what `readRest` reads; `right` is needed on the folder. */
function define<T>(
  name: string,
  right: string,
  readRest: (args: Arguments) => T,
  act: (session: Session, folder: VisibleFolder, rest: T) => Promise<void> | void,
): PlainCommand {
  const read = (args: Arguments, session: Session): Action => {
    args.space();
    const mailbox = readMailbox(args, session);
    const rest = readRest(args);
    args.end();
    return async () => {
      await act(session, await findFolder(session, mailbox, right), rest);
      return undefined;
    };
  };
  return { name, states: authenticated, announcing: 'all', read };
}

function readNamed(args: Arguments): string {
  args.space();
  return readIdentifier(args);
}

export const setacl = define(
  'SETACL',
  'a',
  (args) => {
    const identifier = readNamed(args);
    args.space();
    return { identifier, change: readChange(args) };
  },
  async (session, folder, { identifier, change }) => {
    refuseOwner(session, folder, identifier);
    await session.store.changeAcl(folder.id, identifier, change);
  },
);

export const deleteacl = define('DELETEACL', 'a', readNamed, async (session, folder, identifier) => {
  refuseOwner(session, folder, identifier);
  await session.store.removeAcl(folder.id, identifier);
});

export const getacl = define(
  'GETACL',
  'a',
  () => undefined,
  async (session, folder) => {
    const entries = await session.store.acl(folder.id);
    const pairs = [{ identifier: ownerOf(session, folder), rights: allRights }, ...entries].map(
      ({ identifier, rights }) => `${formatIdentifier(identifier)} ${formatLetters(rights)}`,
    );
    session.untagged(`ACL ${session.formatMailbox(folder.name)} ${pairs.join(' ')}`);
  },
);

export const listrights = define('LISTRIGHTS', 'a', readNamed, (session, folder, identifier) => {
  const always = isOwner(session, folder, identifier);
  // RFC 4314 §2.1.1: no right is tied to another, so c and d stand by themselves.
  const rights = always ? formatRights(allRights) : `"" ${[...formatRights(allRights)].join(' ')}`;
  session.untagged(
    `LISTRIGHTS ${session.formatMailbox(folder.name)} ${formatIdentifier(identifier)} ${rights}`,
  );
});

export const myrights: PlainCommand = {
  name: 'MYRIGHTS',
  states: authenticated,
  announcing: 'all',
  read: (args, session) => {
    args.space();
    const name = readMailbox(args, session);
    args.end();
    return async () => {
      const folder = await session.store.findVisible(session.login, name);
      // RFC 4314 §4: one of these is needed to learn about the others.
      if (folder === undefined || !/[lrikxa]/.test(folder.rights)) {
        throw new Refusal('NONEXISTENT', `There is no folder ${name}`);
      }
      session.untagged(`MYRIGHTS ${session.formatMailbox(folder.name)} ${formatLetters(folder.rights)}`);
      return undefined;
    };
  },
};
