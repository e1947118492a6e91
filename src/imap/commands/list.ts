/**
 * LIST (RFC 3501 §6.3.8) with selection and return options (LIST-EXTENDED, RFC 5258), SPECIAL-USE (RFC 6154)
 * and STATUS (LIST-STATUS, RFC 5819), MYRIGHTS (RFC 8440), METADATA (RFC 9590).
 */
import type { VisibleFolder } from '../../mailbox/mail-store.ts';
import { formatRights } from '../../mailbox/rights.ts';
import { authenticated, type PlainCommand } from '../command.ts';
import { type FolderEntry, loadFolderTree } from '../folder-tree.ts';
import { readMailbox } from '../folders.ts';
import { type ListPattern, matchesPattern, parsePattern, selectMatching } from '../list-pattern.ts';
import { tellAnnotations } from '../metadata.ts';
import type { Session } from '../session.ts';
import { readStatusItems, writeStatus } from '../status-items.ts';
import type { Arguments } from '../wire/arguments.ts';
import { decodeMailboxName } from '../wire/mailbox-name.ts';
import { readEntry } from '../wire/metadata-entries.ts';
import { SyntaxProblem } from '../wire/syntax.ts';

interface ListRequest {
  /** SUBSCRIBED, SPECIAL-USE, RECURSIVEMATCH, REMOTE. */
  readonly selection: ReadonlySet<string>;
  readonly patterns: readonly ListPattern[];
  /** The one empty pattern, which asks for the separator. */
  readonly asksSeparator: boolean;
  /** SUBSCRIBED, CHILDREN, SPECIAL-USE, MYRIGHTS. */
  readonly returns: ReadonlySet<string>;
  readonly statusItems: readonly string[] | undefined;
  /** Annotations to tell (RFC 9590). */
  readonly entries: readonly string[] | undefined;
}

interface ListedEntry {
  readonly entry: FolderEntry;
  readonly selected: boolean;
  /** Folders below meet the selection (CHILDINFO). */
  readonly leads: boolean;
}

const baseSelections = ['SUBSCRIBED', 'SPECIAL-USE'];
const otherSelections = ['REMOTE', 'RECURSIVEMATCH'];
const mostPatterns = 100;
const returnOptions = ['SUBSCRIBED', 'CHILDREN', 'SPECIAL-USE', 'MYRIGHTS'];

function readSelection(args: Arguments): Set<string> {
  if (args.peek() !== '(') return new Set();
  const options = new Set(args.list(() => args.keyword()));
  args.space();
  for (const option of options) {
    if (![...baseSelections, ...otherSelections].includes(option)) {
      throw new SyntaxProblem(`There is no selection option ${option}`);
    }
  }
  // RFC 5258 §3.1: RECURSIVEMATCH makes sense only with another criterion.
  if (options.has('RECURSIVEMATCH') && !baseSelections.some((option) => options.has(option))) {
    throw new SyntaxProblem('RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE beside it');
  }
  return options;
}

function readReturns(args: Arguments): Pick<ListRequest, 'returns' | 'statusItems' | 'entries'> {
  const returns = new Set<string>();
  let statusItems: string[] | undefined;
  let entries: string[] | undefined;
  if (!args.tryText(' RETURN ')) return { returns, statusItems, entries };
  args.list(() => {
    const option = args.keyword();
    if (option === 'STATUS') {
      args.space();
      statusItems = readStatusItems(args);
    } else if (option === 'METADATA') {
      args.space();
      entries = args.list(() => readEntry(args));
    } else if (returnOptions.includes(option)) returns.add(option);
    else throw new SyntaxProblem(`There is no return option ${option}`);
  });
  return { returns, statusItems, entries };
}

function readRequest(args: Arguments, session: Session): ListRequest {
  args.space();
  const selection = readSelection(args);
  const reference = readMailbox(args, session);
  args.space();
  const texts = args.peek() === '(' ? args.list(() => args.listMailbox()) : [args.listMailbox()];
  if (texts.length > mostPatterns) throw new SyntaxProblem(`LIST takes at most ${mostPatterns} patterns`);
  const returned = readReturns(args);
  args.end();
  const patterns = texts.map((text) => parsePattern(decodeMailboxName(reference + text, session.utf8)));
  const asksSeparator = texts.length === 1 && texts[0] === '';
  return { selection, patterns, asksSeparator, ...returned };
}

function meets(entry: FolderEntry, selection: ReadonlySet<string>): boolean {
  if (selection.has('SUBSCRIBED') && !entry.subscribed) return false;
  if (selection.has('SPECIAL-USE') && entry.folder?.specialUse === undefined) return false;
  return entry.folder !== undefined || selection.has('SUBSCRIBED');
}

/** RFC 5258 §3.3: at most one answer a name. */
async function chooseEntries(entries: readonly FolderEntry[], request: ListRequest): Promise<ListedEntry[]> {
  const { selection, patterns } = request;
  const matching = await selectMatching(entries, patterns);
  const selected = entries.filter((entry) => meets(entry, selection));
  const recursive = selection.has('RECURSIVEMATCH');
  return [...matching].flatMap((entry): ListedEntry[] => {
    const isSelected = meets(entry, selection);
    const below = recursive ? selected.filter((each) => each.name.startsWith(`${entry.name}/`)) : [];
    const leadsOn = below.some((each) => !matching.has(each));
    if (isSelected) return [{ entry, selected: true, leads: below.length > 0 }];
    if (leadsOn || isBareLevel(entry, request)) return [{ entry, selected: false, leads: leadsOn }];
    return [];
  });
}

/** RFC 3501 §6.3.8: with a final `%`, levels that lead to folders are listed though they are none. */
function isBareLevel(entry: FolderEntry, { selection, patterns }: ListRequest): boolean {
  if (entry.folder !== undefined || !entry.hasChildren || selection.size > 0) return false;
  return patterns.some((pattern) => pattern.endsInLevel && matchesPattern(pattern, entry.name));
}

function attributesOf({ entry }: ListedEntry, request: ListRequest): string[] {
  const attributes = [entry.hasChildren ? '\\HasChildren' : '\\HasNoChildren'];
  // \Noselect is said too, for clients that know only RFC 3501.
  if (entry.folder === undefined) attributes.unshift('\\NonExistent', '\\Noselect');
  const tellsSubscribed = request.selection.has('SUBSCRIBED') || request.returns.has('SUBSCRIBED');
  if (tellsSubscribed && entry.subscribed) attributes.push('\\Subscribed');
  if (entry.folder?.specialUse !== undefined) attributes.push(entry.folder.specialUse);
  return attributes;
}

function formatEntry(session: Session, listed: ListedEntry, request: ListRequest): string {
  const criteria = baseSelections.filter((option) => request.selection.has(option));
  const children = listed.leads
    ? ` ("CHILDINFO" (${criteria.map((option) => `"${option}"`).join(' ')}))`
    : '';
  const attributes = attributesOf(listed, request).join(' ');
  return `LIST (${attributes}) "/" ${session.formatMailbox(listed.entry.name)}${children}`;
}

/** What was asked beside the names of folders that meet the selection (RFC 5819, RFC 8440, RFC 9590). */
async function tellMore(session: Session, folder: VisibleFolder, request: ListRequest): Promise<void> {
  const { rights, name } = folder;
  if (request.returns.has('MYRIGHTS'))
    session.untagged(`MYRIGHTS ${session.formatMailbox(name)} ${formatRights(rights)}`);
  if (request.statusItems !== undefined && rights.includes('r')) {
    await writeStatus(session, folder, request.statusItems);
  }
  if (request.entries === undefined || !/[rswip]/.test(rights)) return;
  const subject = { folderId: folder.id, loginId: session.login.loginId };
  const question = { entries: request.entries, depth: 0, maxSize: Number.POSITIVE_INFINITY };
  await tellAnnotations(session, name, subject, question);
}

async function list(session: Session, request: ListRequest): Promise<void> {
  if (request.asksSeparator) {
    session.untagged('LIST (\\Noselect) "/" ""');
    return;
  }
  for (const listed of await chooseEntries(await loadFolderTree(session), request)) {
    session.untagged(formatEntry(session, listed, request));
    const { folder } = listed.entry;
    if (folder !== undefined && listed.selected) await tellMore(session, folder, request);
    if (session.out.full) await session.out.drained();
  }
}

export const listCommand: PlainCommand = {
  name: 'LIST',
  states: authenticated,
  announcing: 'all',
  read: (args, session) => {
    const request = readRequest(args, session);
    return async () => {
      await list(session, request);
      return undefined;
    };
  },
};
