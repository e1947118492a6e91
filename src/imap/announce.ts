/** Telling the client what changed in its folder (RFC 3501 §7.3, §7.4; VANISHED and MODSEQ of RFC 7162). */
import { MailError } from '../lib/mail-error.ts';
import type { MessageRecord } from '../mailbox/mail-store.ts';
import { formatRanges, type Ranges, valuesOf } from './number-ranges.ts';
import { Farewell } from './refusal.ts';
import { allowedFlags, isWritable } from './rights.ts';
import type { Session } from './session.ts';
import type { FolderView } from './view.ts';

/** Whether removed messages may be announced now. */
export type Announcing = 'all' | 'no-expunge';

/** Asks the store for changes. @throws {Farewell} when the folder is gone under the session. */
export async function refreshView(session: Session): Promise<void> {
  const { view } = session;
  session.takeDirty();
  if (session.takeRightsChanged()) await reviewRights(session);
  try {
    await view.refresh(session.store);
  } catch (error) {
    // RFC 2180 §3.3: no sequence numbers can be kept for a folder that is no more.
    if (error instanceof MailError && error.kind === 'permanent') {
      throw new Farewell(`The folder ${view.folder.name} was deleted by another session; connect again`);
    }
    throw error;
  }
}

const everything = { messages: true, flags: true };

/**
 * Rights that were taken away hold no longer, also for sessions that have the folder open (RFC 4314 §5.1.1).
 * @throws {Farewell} when it may not even be read
 */
async function reviewRights(session: Session): Promise<void> {
  const { store, login, view } = session;
  const folder = await store.findVisibleById(login, view.folder.id);
  // A folder that is gone is another matter.
  if (folder === undefined) return;
  if (!folder.rights.includes('r')) throw new Farewell('The right to read the open folder was taken away');
  const before = { flags: formatPermanentFlags(view), writable: isWritable(view.folder) };
  view.adopt(folder);
  if (view.readOnly) return;
  if (formatPermanentFlags(view) !== before.flags) tellPermanentFlags(session);
  // RFC 3501 §7.1, RFC 4314 §5.2.
  if (isWritable(folder) === before.writable) return;
  const code = before.writable ? 'READ-ONLY' : 'READ-WRITE';
  session.status('*', 'OK', { code, text: 'The rights to the folder have changed' });
}

/** Writes all changes that are known and may be told. */
export async function announceChanges(session: Session, announcing: Announcing): Promise<void> {
  const { view, out } = session;
  const wanted = session.notifications === undefined ? everything : session.notifications.selected;
  // RFC 5465 §3.1: without SELECTED the client wants to hear nothing of the selected folder.
  if (wanted?.messages !== true) return;
  const news = view.takeAnnouncement(announcing === 'all');
  const { vanished, expunged, exists, changed } = news;
  if (expunged.length > 0) session.contexts?.beforeRemoval(pairUp(vanished, expunged));
  if (session.tellsVanished) {
    if (vanished.length > 0) session.untagged(`VANISHED ${formatRanges(vanished)}`);
  } else {
    for (const sequence of expunged) {
      session.untagged(`${sequence} EXPUNGE`);
      if (out.full) await out.drained();
    }
  }
  if (exists !== undefined) announceCount(session, exists);
  await session.notifications?.tellArrivals(news.foreign);
  if (wanted.flags) tellNewFlags(session, changed);
  for (const record of wanted.flags ? changed : []) {
    announceFlags(session, record);
    if (out.full) await out.drained();
  }
  await session.contexts?.afterChange(news.added, news.touched);
  // RFC 7162 §3.2: modseqs were told while removals wait; a client that stops here must not think it has all.
  if (view.hasGone && session.has('QRESYNC')) tellHighestModseq(session);
}

/** Removed UIDs with their sequence numbers, which come from the highest down. */
function pairUp(vanished: Ranges, expunged: readonly number[]): Map<number, number> {
  const pairs = [...valuesOf(vanished)].map((uid, index) => [uid, expunged.at(-1 - index) ?? 0] as const);
  return new Map(pairs);
}

/** Up to where the client has been told everything. */
export function tellHighestModseq(session: Session): void {
  session.status('*', 'OK', { code: `HIGHESTMODSEQ ${session.view.modseq}`, text: 'Highest' });
}

function announceCount(session: Session, exists: number): void {
  session.untagged(`${exists} EXISTS`);
  if (!session.has('IMAP4rev2')) session.untagged(`${session.view.recentCount} RECENT`);
}

/** FLAGS and PERMANENTFLAGS of the selected folder (RFC 3501 §7.2.6). */
export function tellFlags(session: Session, flags: readonly string[]): void {
  const { view } = session;
  view.noteFlags(flags);
  session.untagged(`FLAGS (${flags.join(' ')})`);
  tellPermanentFlags(session);
}

function tellPermanentFlags(session: Session): void {
  const code = `PERMANENTFLAGS (${formatPermanentFlags(session.view)})`;
  session.status('*', 'OK', { code, text: 'Flags that are kept' });
}

/** Those of the flags the client was told of that the rights let it change. */
function formatPermanentFlags({ readOnly, toldFlags, folder: { rights } }: FolderView): string {
  if (readOnly) return '';
  return [...allowedFlags(toldFlags, rights), ...(rights.includes('w') ? ['\\*'] : [])].join(' ');
}

/** Before keywords are told that the client has not heard of: many learn only from FLAGS what can be there. */
export function tellNewFlags(session: Session, records: readonly MessageRecord[]): void {
  const flags = session.view.takeNewFlags(records);
  if (flags !== undefined) tellFlags(session, flags);
}

/** An unsolicited FETCH with UID, flags and, for those who understand it, MODSEQ (RFC 7162 §3.2.4). */
export function announceFlags(session: Session, record: MessageRecord): void {
  const flags = formatFlags(record, session.view, session.has('IMAP4rev2'));
  const modseq = session.has('CONDSTORE') ? [`MODSEQ (${record.modseq})`] : [];
  announceItems(session, record, [`FLAGS ${flags}`, ...modseq]);
}

/** An unsolicited FETCH of these items and the UID; nothing for a message the client does not count. */
export function announceItems(session: Session, { uid }: MessageRecord, items: readonly string[]): void {
  const head = formatFetchHead(session, uid);
  if (head === undefined) return;
  const all = session.has('UIDONLY') ? items : [`UID ${uid}`, ...items];
  session.untagged(`${head} (${all.join(' ')})`);
}

/** `12 FETCH`, or `4711 UIDFETCH` (RFC 9586 §3.3); undefined for a message the client does not count. */
export function formatFetchHead(session: Session, uid: number): string | undefined {
  const sequence = session.view.sequenceOf(uid);
  if (sequence === undefined) return undefined;
  return session.has('UIDONLY') ? `${uid} UIDFETCH` : `${sequence} FETCH`;
}

/** `(\Seen $Forwarded)`; \Recent is no flag of a message but of a session's view of it. */
export function formatFlags(record: MessageRecord, view: FolderView, withoutRecent: boolean): string {
  const recent = !withoutRecent && view.isRecent(record.uid);
  return `(${(recent ? [...record.flags, '\\Recent'] : record.flags).join(' ')})`;
}
