/** GETMETADATA and SETMETADATA (RFC 5464). An empty folder name means the server. */
import { type AnnotationSubject, longestAnnotation, TooManyAnnotations } from '../../mailbox/annotations.ts';
import { authenticated, type Completion, type PlainCommand } from '../command.ts';
import { findFolder, readMailbox } from '../folders.ts';
import { type MetadataQuestion, tellAnnotations } from '../metadata.ts';
import { Refusal } from '../refusal.ts';
import type { Session } from '../session.ts';
import type { Arguments } from '../wire/arguments.ts';
import { readEntries, readEntry, readMetadataOptions, readValue } from '../wire/metadata-entries.ts';
import { SyntaxProblem } from '../wire/syntax.ts';

interface GetRequest extends MetadataQuestion {
  readonly mailbox: string;
}

/** The folder, if its remarks may be seen: `l` and one of these (RFC 5464 §3.3). */
async function findSubject(session: Session, mailbox: string): Promise<AnnotationSubject> {
  const { loginId } = session.login;
  if (mailbox === '') return { folderId: undefined, loginId };
  const folder = await findFolder(session, mailbox, 'l');
  if (!/[rswip]/.test(folder.rights))
    throw new Refusal('NOPERM', `You may not see remarks on ${folder.name}`);
  return { folderId: folder.id, loginId };
}

/** Options stand before the folder by the grammar, after it in the examples: both are taken. */
function readGet(args: Arguments, session: Session): GetRequest {
  args.space();
  const before = readMetadataOptions(args);
  const mailbox = readMailbox(args, session);
  args.space();
  const after = readMetadataOptions(args);
  const entries = readEntries(args);
  args.end();
  return { mailbox, entries, ...(before ?? after ?? { depth: 0, maxSize: Number.POSITIVE_INFINITY }) };
}

async function get(session: Session, request: GetRequest): Promise<Completion> {
  const { mailbox, maxSize } = request;
  const longest = await tellAnnotations(session, mailbox, await findSubject(session, mailbox), request);
  return longest > maxSize ? { code: `METADATA LONGENTRIES ${longest}` } : {};
}

function readChanges(args: Arguments): { entry: string; value: Uint8Array | undefined }[] {
  const changes = args.list(() => {
    const entry = readEntry(args);
    args.space();
    return { entry, value: readValue(args) };
  });
  if (changes.length === 0) throw new SyntaxProblem('At least one entry is expected');
  return changes;
}

async function set(
  session: Session,
  mailbox: string,
  changes: ReturnType<typeof readChanges>,
): Promise<Completion> {
  const subject = await findSubject(session, mailbox);
  const shared = changes.some(({ entry }) => entry.startsWith('/shared/'));
  if (mailbox === '' && shared)
    throw new Refusal('NOPERM', 'Only the provider sets shared remarks on the server');
  if (shared && !session.login.rights.write) {
    throw new Refusal('NOPERM', 'This login may read but not change the mailbox');
  }
  if (changes.some(({ value }) => (value?.length ?? 0) > longestAnnotation)) {
    throw new Refusal(`METADATA MAXSIZE ${longestAnnotation}`, `A value may have ${longestAnnotation} bytes`);
  }
  session.noteOwn(...changes.map(({ entry }) => `${subject.folderId ?? ''} ${entry}`));
  try {
    await session.store.setAnnotations(subject, changes);
  } catch (error) {
    if (error instanceof TooManyAnnotations) throw new Refusal('METADATA TOOMANY', error.publicText);
    throw error;
  }
  return {};
}

export const getmetadata: PlainCommand = {
  name: 'GETMETADATA',
  states: authenticated,
  announcing: 'all',
  read: (args, session) => {
    const request = readGet(args, session);
    return () => get(session, request);
  },
};

export const setmetadata: PlainCommand = {
  name: 'SETMETADATA',
  states: authenticated,
  announcing: 'all',
  read: (args, session) => {
    args.space();
    const mailbox = readMailbox(args, session);
    args.space();
    const changes = readChanges(args);
    args.end();
    return () => set(session, mailbox, changes);
  },
};
