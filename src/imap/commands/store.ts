/** STORE (RFC 3501 §6.4.6) with UNCHANGEDSINCE (RFC 7162 §3.1.3). */
import type { FlagChange, MessageRecord } from '../../mailbox/mail-store.ts';
import { flagRightsOf } from '../../mailbox/rights.ts';
import { announceFlags, announceItems, tellNewFlags } from '../announce.ts';
import { type Completion, type PlainCommand, selected } from '../command.ts';
import { becomeCondstoreAware } from '../condstore.ts';
import { normalizeFlags } from '../flags.ts';
import { namesOf, resolveSet } from '../message-sets.ts';
import { countOf, formatRanges, type Ranges, rangesOf } from '../number-ranges.ts';
import { Refusal } from '../refusal.ts';
import { allowedFlags } from '../rights.ts';
import type { Session } from '../session.ts';
import type { Arguments } from '../wire/arguments.ts';
import type { SequenceSet } from '../wire/sequence-set.ts';
import { SyntaxProblem } from '../wire/syntax.ts';

interface StoreRequest {
  readonly set: SequenceSet;
  readonly change: FlagChange;
  readonly silent: boolean;
  readonly byUid: boolean;
}

const operations = { '+': 'add', '-': 'remove', '': 'replace' } as const;

function readModifiers(args: Arguments): number | undefined {
  if (args.peek() !== '(') return undefined;
  let unchangedSince: number | undefined;
  args.list(() => {
    const name = args.keyword();
    if (name !== 'UNCHANGEDSINCE') throw new SyntaxProblem(`There is no STORE modifier ${name}`);
    args.space();
    unchangedSince = args.number();
  });
  args.space();
  return unchangedSince;
}

function readFlags(args: Arguments): string[] {
  if (args.peek() === '(') return args.flagList();
  const flags = [args.flag()];
  while (args.tryText(' ')) flags.push(args.flag());
  return flags;
}

function readRequest(args: Arguments, byUid: boolean): StoreRequest {
  args.space();
  const set = args.sequenceSet();
  args.space();
  const unchangedSince = readModifiers(args);
  const found = args.match(/([+-]?)FLAGS(\.SILENT)?(?= )/iy);
  if (found === undefined) throw new SyntaxProblem('FLAGS, +FLAGS or -FLAGS is expected');
  args.space();
  const flags = normalizeFlags(readFlags(args));
  args.end();
  const operation = operations[found[1] as keyof typeof operations];
  const condition = unchangedSince === undefined ? {} : { unchangedSince };
  return { set, change: { operation, flags, ...condition }, silent: found[2] !== undefined, byUid };
}

/**
 * With .SILENT only those who understand modseqs are answered, and only with them (RFC 7162 §3.1.3); but who
 * cannot know the flags, because others changed them, is told (RFC 3501 §6.4.6).
 */
function announceResult(session: Session, record: MessageRecord, silent: boolean): void {
  if (!silent) announceFlags(session, record);
  else if (session.has('CONDSTORE')) {
    announceItems(session, record, [`MODSEQ (${record.modseq})`]);
  }
}

async function applyChange(session: Session, request: StoreRequest, uids: Ranges): Promise<Completion> {
  const { view, store } = session;
  const { updated, unchanged } = await store.storeFlags(view.folder.id, uids, request.change);
  const known = new Set(updated.filter((record) => view.knowsAt(record.uid, record.modseqBefore)));
  view.noteTold(updated);
  tellNewFlags(session, updated);
  for (const record of updated) {
    announceResult(session, record, request.silent && known.has(record));
    if (session.out.full) await session.out.drained();
  }
  const gone = countOf(uids) - updated.length - unchanged.length;
  const modified = formatRanges(namesOf(session, rangesOf(unchanged), request.byUid));
  const code = modified === '' ? undefined : `MODIFIED ${modified}`;
  if (gone > 0 && !request.byUid) {
    return { status: 'NO', code: code ?? 'EXPUNGEISSUED', text: 'Some messages are gone; send NOOP' };
  }
  return { code, text: code === undefined ? 'Stored' : 'Some messages changed in the meantime' };
}

async function storeFlags(session: Session, request: StoreRequest): Promise<Completion> {
  const { folder } = session.requireWritableView();
  const may = flagRightsOf(folder.rights);
  const { flags, operation } = request.change;
  // RFC 4314 §4: refused only when none of it may be done.
  const named = operation === 'replace' && flags.length === 0 ? ['\\Seen', '\\Deleted', '\\Draft'] : flags;
  if (named.length > 0 && allowedFlags(named, folder.rights).length === 0) {
    throw new Refusal('NOPERM', `${folder.name}: you may not change these flags`);
  }
  if (request.change.unchangedSince !== undefined) becomeCondstoreAware(session);
  const uids = resolveSet(session, request.set, request.byUid);
  return uids.length === 0
    ? { text: 'No messages to change' }
    : applyChange(session, { ...request, change: { ...request.change, may } }, uids);
}

export const storeCommand: PlainCommand = {
  name: 'STORE',
  states: selected,
  announcing: 'no-expunge',
  read: (args) => {
    const request = readRequest(args, false);
    return (session) => storeFlags(session, request);
  },
};

export const uidStore: PlainCommand = {
  name: 'UID STORE',
  states: selected,
  announcing: 'all',
  read: (args) => {
    const request = readRequest(args, true);
    return (session) => storeFlags(session, request);
  },
};
