/** SELECT and EXAMINE (RFC 3501 §6.3.1, §6.3.2; CONDSTORE and QRESYNC parameters of RFC 7162). */
import type { FolderSnapshot, FolderStatus, VisibleFolder } from '../../mailbox/mail-store.ts';
import { tellFlags, tellHighestModseq } from '../announce.ts';
import { authenticated, type Completion, type PlainCommand } from '../command.ts';
import { becomeCondstoreAware } from '../condstore.ts';
import { hasFlag } from '../flags.ts';
import { findFolder, readMailbox } from '../folders.ts';
import { windowsOf } from '../number-ranges.ts';
import { formatOldName } from '../old-name.ts';
import { type KnownState, readKnownState, requireQresync, tellMissed } from '../qresync.ts';
import { isWritable } from '../rights.ts';
import type { Session } from '../session.ts';
import { FolderView } from '../view.ts';
import type { Arguments } from '../wire/arguments.ts';
import { SyntaxProblem, UidRequired } from '../wire/syntax.ts';

/** System flags, and the keywords clients ask for most (RFC 9051 §2.3.2). */
const usualFlags = [
  '\\Answered',
  '\\Flagged',
  '\\Deleted',
  '\\Seen',
  '\\Draft',
  '$Forwarded',
  '$MDNSent',
  '$Junk',
  '$NotJunk',
];
/** The first unseen message is looked for among so many at each end at most. */
const unseenWindow = 1000;

interface SelectRequest {
  readonly name: string;
  readonly readOnly: boolean;
  readonly known: KnownState | undefined;
}

interface SelectParameters {
  condstore: boolean;
  /** What the client remembers of the folder (QRESYNC). */
  known: KnownState | undefined;
}

function readParameters(args: Arguments, session: Session): SelectParameters {
  const parameters: SelectParameters = { condstore: false, known: undefined };
  if (!args.tryText(' ')) return parameters;
  args.list(() => {
    const name = args.keyword();
    if (name === 'CONDSTORE') parameters.condstore = true;
    else if (name === 'QRESYNC') {
      requireQresync(session);
      args.space();
      parameters.known = readKnownState(args);
      if (session.has('UIDONLY') && parameters.known.sample.length > 0) throw new UidRequired();
    } else throw new SyntaxProblem(`There is no parameter ${name}`);
  });
  return parameters;
}

async function openFolder(
  session: Session,
  folder: VisibleFolder,
  { readOnly, known }: SelectRequest,
): Promise<FolderSnapshot> {
  const { store } = session;
  const snapshot = await store.snapshot(folder.id, known?.modseq);
  const firstRecent = await store.firstRecent(folder.id, !readOnly);
  session.openView(new FolderView({ folder, ...snapshot, readOnly, firstRecent }));
  return snapshot;
}

function writeState(session: Session, status: FolderStatus, keywords: readonly string[]): void {
  const { view } = session;
  tellFlags(session, [...usualFlags, ...keywords.filter((keyword) => !hasFlag(usualFlags, keyword))]);
  session.untagged(`${view.count} EXISTS`);
  if (session.has('IMAP4rev2'))
    session.untagged(`LIST () "/" ${session.formatMailbox(view.folder.name)}${formatOldName(session)}`);
  else session.untagged(`${view.recentCount} RECENT`);
  session.status('*', 'OK', { code: `UIDVALIDITY ${status.uidValidity}`, text: 'UIDs valid' });
  session.status('*', 'OK', { code: `UIDNEXT ${status.uidNext}`, text: 'Predicted next UID' });
  tellHighestModseq(session);
  session.status('*', 'OK', { code: `MAILBOXID (${view.folder.objectId})`, text: 'Folder id' });
}

/** The sequence number of the first unseen message, if it can be had cheaply. */
async function findFirstUnseen(session: Session, unseen: number): Promise<number | undefined> {
  const { view, store } = session;
  if (unseen === 0 || view.count > unseenWindow * 4) return undefined;
  for (const window of windowsOf(view.uids, unseenWindow)) {
    const records = await store.messages(view.folder.id, window);
    const first = records.find((record) => !hasFlag(record.flags, '\\Seen'));
    if (first !== undefined) return view.sequenceOf(first.uid);
  }
  return undefined;
}

async function select(session: Session, request: SelectRequest): Promise<Completion> {
  // The old folder is closed whether or not the new one opens (RFC 3501 §6.3.1, RFC 7162 §3.2.11).
  if (session.state === 'selected') {
    session.closeView();
    session.status('*', 'OK', { code: 'CLOSED', text: 'The previous folder is closed' });
  }
  const { known } = request;
  const folder = await findFolder(session, request.name, 'r');
  const readOnly = request.readOnly || !isWritable(folder);
  const { status, changes } = await openFolder(session, folder, { ...request, readOnly });
  writeState(session, status, await session.store.keywords(folder.id));
  const countless = session.has('IMAP4rev2') || session.has('UIDONLY');
  const unseen = countless ? undefined : await findFirstUnseen(session, status.unseen);
  if (unseen !== undefined) {
    session.status('*', 'OK', { code: `UNSEEN ${unseen}`, text: 'First unseen message' });
  }
  if (known !== undefined && changes !== undefined) await tellMissed(session, known, changes);
  return { code: session.view.readOnly ? 'READ-ONLY' : 'READ-WRITE', text: 'Folder is open' };
}

function defineSelect(name: string, readOnly: boolean): PlainCommand {
  return {
    name,
    states: authenticated,
    announcing: 'nothing',
    read: (args, session) => {
      args.space();
      const mailbox = readMailbox(args, session);
      const parameters = readParameters(args, session);
      args.end();
      return async () => {
        if (parameters.condstore) becomeCondstoreAware(session);
        return select(session, { name: mailbox, readOnly, known: parameters.known });
      };
    },
  };
}

export const selectCommand = defineSelect('SELECT', false);
export const examine = defineSelect('EXAMINE', true);
