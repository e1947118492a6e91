/** LSUB (RFC 3501 §6.3.9): the subscribed names, in the form old clients know. */
import { authenticated, type PlainCommand } from '../command.ts';
import { type FolderEntry, loadFolderTree, parentsOf } from '../folder-tree.ts';
import { readMailbox } from '../folders.ts';
import { type ListPattern, parsePattern, selectMatching } from '../list-pattern.ts';
import type { Session } from '../session.ts';
import { decodeMailboxName } from '../wire/mailbox-name.ts';

/**
 * Subscribed names that match. With a final `%`, a name above subscribed ones that is not subscribed itself
 * is told as \Noselect, which here means just that.
 */
async function chooseNames(
  entries: readonly FolderEntry[],
  pattern: ListPattern,
): Promise<Map<string, string>> {
  const chosen = new Map<string, string>();
  const matching = new Set([...(await selectMatching(entries, [pattern]))].map(({ name }) => name));
  for (const { name, subscribed, hasChildren } of entries) {
    if (!subscribed) continue;
    if (matching.has(name)) chosen.set(name, hasChildren ? '\\HasChildren' : '\\HasNoChildren');
    if (!pattern.endsInLevel) continue;
    for (const parent of parentsOf(name)) {
      if (matching.has(parent) && !chosen.has(parent)) chosen.set(parent, '\\Noselect');
    }
  }
  for (const { name, subscribed } of entries) {
    if (subscribed && chosen.get(name) === '\\Noselect') chosen.set(name, '\\HasChildren');
  }
  return chosen;
}

async function lsub(session: Session, pattern: ListPattern): Promise<void> {
  const chosen = await chooseNames(await loadFolderTree(session), pattern);
  for (const [name, attributes] of chosen) {
    session.untagged(`LSUB (${attributes}) "/" ${session.formatMailbox(name)}`);
  }
}

export const lsubCommand: PlainCommand = {
  name: 'LSUB',
  states: authenticated,
  announcing: 'all',
  read: (args, session) => {
    args.space();
    const reference = readMailbox(args, session);
    args.space();
    const pattern = parsePattern(decodeMailboxName(reference + args.listMailbox(), session.utf8));
    args.end();
    return async () => {
      await lsub(session, pattern);
      return undefined;
    };
  },
};
