/** CREATE (RFC 3501 §6.3.3) with the USE parameter of RFC 6154 §3. */
import { authenticated, type Completion, type PlainCommand } from '../command.ts';
import { findNewPlace, newFolderName, readMailbox } from '../folders.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from '../session.ts';
import type { Arguments } from '../wire/arguments.ts';
import { SyntaxProblem } from '../wire/syntax.ts';

function readUses(args: Arguments): string[] {
  if (!args.tryText(' ')) return [];
  args.text('(');
  if (args.keyword() !== 'USE') throw new SyntaxProblem('USE is the only parameter of CREATE');
  args.space();
  const uses = args.flagList();
  args.text(')');
  return uses;
}

async function createFolder(session: Session, name: string, uses: readonly string[]): Promise<Completion> {
  if (uses.length > 1) throw new Refusal('USEATTR', 'A folder may have one special use');
  const { mailboxId, path } = await findNewPlace(session, newFolderName(name));
  session.noteOwn(newFolderName(name));
  const folder = await session.store.createFolder(mailboxId, path, uses[0]);
  return { code: `MAILBOXID (${folder.objectId})`, text: 'Created' };
}

export const create: PlainCommand = {
  name: 'CREATE',
  states: authenticated,
  announcing: 'all',
  read: (args, session) => {
    args.space();
    const name = readMailbox(args, session);
    const uses = readUses(args);
    args.end();
    return () => createFolder(session, name, uses);
  },
};
