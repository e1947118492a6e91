/** filter-mailboxes of NOTIFY and ESEARCH (RFC 5465 §8, RFC 7377 §4), but for the selected folder. */
import type { VisibleFolder } from '../../mailbox/mail-store.ts';
import type { Arguments } from './arguments.ts';
import { SyntaxProblem } from './syntax.ts';

export type FolderFilter =
  | { readonly kind: 'all' | 'personal' | 'subscribed' }
  | { readonly kind: 'subtree' | 'subtree-one' | 'mailboxes'; readonly names: readonly string[] };

const mostNames = 500;
const named = { SUBTREE: 'subtree', 'SUBTREE-ONE': 'subtree-one', MAILBOXES: 'mailboxes' } as const;

/** The rest of a filter that begins with `word`, in capitals. @throws {SyntaxProblem} */
export function readFolderFilter(args: Arguments, word: string, readName: () => string): FolderFilter {
  // RFC 5465 §6.3: receipts may be delivered into any folder, so that inboxes are all of them.
  if (word === 'PERSONAL' || word === 'INBOXES') return { kind: 'personal' };
  if (word === 'SUBSCRIBED') return { kind: 'subscribed' };
  if (!(word in named)) throw new SyntaxProblem(`There is no folder filter ${word}`);
  args.space();
  const names = args.peek() === '(' ? args.list(readName) : [readName()];
  if (names.length > mostNames) throw new SyntaxProblem(`A filter takes at most ${mostNames} names`);
  return { kind: named[word as keyof typeof named], names };
}

/** Whether the filter means the folder. */
export function isMeant(filter: FolderFilter, { name, owner, subscribed }: VisibleFolder): boolean {
  if (filter.kind === 'all') return true;
  if (!('names' in filter)) return filter.kind === 'personal' ? owner === undefined : subscribed;
  return filter.names.some((wanted) => {
    if (name === wanted) return true;
    if (filter.kind === 'mailboxes' || !name.startsWith(`${wanted}/`)) return false;
    return filter.kind === 'subtree' || !name.slice(wanted.length + 1).includes('/');
  });
}
