/**
 * One folder of an import. Small messages come in batches, large ones in pieces; what the connection broke at is read
 * alone the next time, and a message that breaks it twice is left out and told.
 */
import { equalBytes } from '../../lib/bytes.ts';
import { followFlags } from './follow-flags.ts';
import { listImported } from './import-rows.ts';
import { type MailSource, SourceError, type SourceMessage } from './mail-source.ts';
import { type ImportStores, type ImportTarget, type Received, receive, storeMessages } from './storing.ts';

/** Messages that did not come. */
export interface SkippedMessage {
  readonly path: string;
  readonly uid: number;
  readonly reason: string;
}

export interface FolderCount {
  /** Stored now. */
  imported: number;
  /** Of these, bytes. */
  bytes: number;
  /** Here before. */
  known: number;
  /** Whose announced size was wrong; they came whole all the same. */
  resized: number;
  /** In the folder when it was listed. */
  total: number;
  /** Whose flags had changed there and were changed here. */
  reflagged: number;
  /** The last UID whose flags were compared. */
  lookedUpTo: number;
}

/** What is known of one folder across broken connections. */
export interface FolderRun {
  readonly stores: ImportStores;
  readonly path: string;
  readonly importId: number;
  readonly folderId: number;
  readonly count: FolderCount;
  readonly skipped: Map<number, SkippedMessage>;
  /** UIDs to be read alone, and how often the connection broke at each. */
  readonly strikes: Map<number, number>;
  readonly onProgress: () => void;
  /** Flags that changed there are changed here. */
  readonly followsFlags: boolean;
}

/** Messages up to this size come several at a time. */
const smallBytes = 512 * 1024;
const batchBytes = 4 * 1024 * 1024;
const batchMessages = 100;
/** Descriptions asked for at a time. */
const pageMessages = 500;
const mostStrikes = 2;

/**
 * Takes all that is not here yet, as far as the connection lasts.
 * @throws {SourceError} `lost`: call again with a new connection. @throws {StoreError} when the mailbox takes no more.
 */
export async function importFolder(run: FolderRun, source: MailSource): Promise<void> {
  const { uidValidity } = await source.openFolder(run.path);
  const target = { importId: run.importId, folderId: run.folderId, uidValidity };
  const uids = await source.listUids();
  const done = await run.stores.db.read((tx) => listImported(tx, run.importId, uidValidity));
  const wanted = uids.filter((uid) => !done.has(uid) && !run.skipped.has(uid));
  run.count.total = uids.length;
  run.count.known = Math.max(
    run.count.known,
    uids.length - wanted.length - run.count.imported - run.skipped.size,
  );
  for (const page of planPages(wanted, run.strikes)) await importPage({ run, source, target }, page);
  if (!run.followsFlags) return;
  await followFlags(run, source, { uidValidity, uids: uids.filter((uid) => done.has(uid)) });
}

/** In order, so many at a time; suspect ones alone. */
function planPages(uids: readonly number[], suspects: ReadonlyMap<number, number>): readonly number[][] {
  const pages: number[][] = [];
  let open: number[] | undefined;
  for (const uid of uids) {
    if (suspects.has(uid)) {
      pages.push([uid]);
      open = undefined;
    } else if (open === undefined || open.length === pageMessages) {
      open = [uid];
      pages.push(open);
    } else open.push(uid);
  }
  return pages;
}

/** Asking for sizes is reading, for some servers: a damaged message shows here already. */
async function importPage(work: Work, uids: readonly number[]): Promise<void> {
  const described = await attempt(work, uids, () => work.source.describe(uids));
  if (described === 'refused') return importEach(uids, (uid) => importPage(work, [uid]));
  if (described === 'skipped') return;
  for (const batch of planBatches(described, work.run.strikes)) await importBatch(work, batch);
}

async function importEach<T>(items: Iterable<T>, one: (item: T) => Promise<void>): Promise<void> {
  for (const item of items) await one(item);
}

/**
 * `refused`: the server gives not all of them; one by one it may. `skipped`: it does not give this one.
 * @throws {SourceError} `lost`, with the messages under suspicion from now on.
 */
async function attempt<T>(
  work: Work,
  uids: readonly number[],
  what: () => Promise<T>,
): Promise<T | 'refused' | 'skipped'> {
  const [first] = uids;
  try {
    return await what();
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    if (error.fault !== 'message' || first === undefined) {
      strike(work.run, uids, error);
      throw error;
    }
    if (uids.length > 1) return 'refused';
    await skip(work, first, error.message);
    return 'skipped';
  }
}

/** In order; large and suspect messages alone. */
export function planBatches(
  messages: readonly SourceMessage[],
  suspects: ReadonlyMap<number, number>,
): readonly (readonly SourceMessage[])[] {
  const batches: SourceMessage[][] = [];
  let open: SourceMessage[] | undefined;
  let bytes = 0;
  for (const message of messages) {
    if (message.size > smallBytes || suspects.has(message.uid)) {
      batches.push([message]);
      open = undefined;
      continue;
    }
    if (open === undefined || open.length === batchMessages || bytes + message.size > batchBytes) {
      open = [];
      bytes = 0;
      batches.push(open);
    }
    open.push(message);
    bytes += message.size;
  }
  return batches;
}

interface Work {
  readonly run: FolderRun;
  readonly source: MailSource;
  readonly target: ImportTarget;
}

async function importBatch(work: Work, batch: readonly SourceMessage[]): Promise<void> {
  const uids = batch.map(({ uid }) => uid);
  const [first] = batch;
  if (first === undefined) return;
  const outcome = await attempt(work, uids, () =>
    batch.length === 1 ? importOne(work, first) : importSeveral(work, batch),
  );
  if (outcome === 'refused') await importEach(batch, (message) => importBatch(work, [message]));
}

async function importSeveral(work: Work, batch: readonly SourceMessage[]): Promise<void> {
  const { run, source, target } = work;
  const byUid = new Map(batch.map((message) => [message.uid, message]));
  const received: Received[] = [];
  for await (const { uid, bytes } of source.readWhole([...byUid.keys()])) {
    const message = byUid.get(uid);
    if (message === undefined || bytes.length !== message.size) continue;
    byUid.delete(uid);
    received.push({ ...message, ...(await receive(run.stores.mail, once(bytes))) });
  }
  await store(run, target, received);
  // Left out, or not as long as was said: looked at one by one.
  for (const message of byUid.values()) await importBatch(work, [message]);
}

async function importOne({ run, source, target }: Work, message: SourceMessage): Promise<void> {
  const { mail } = run.stores;
  let bytes = await receive(mail, source.read(message));
  if (bytes.size !== message.size) {
    // Some servers count wrongly. What comes twice alike is what they have.
    const again = await receive(mail, source.read(message));
    if (again.size !== bytes.size || !equalBytes(again.sha256, bytes.sha256))
      throw new SourceError('message', 'the server gives other bytes each time it is asked');
    run.count.resized += 1;
    bytes = again;
  }
  await store(run, target, [{ ...message, ...bytes }]);
}

async function store(run: FolderRun, target: ImportTarget, received: readonly Received[]): Promise<void> {
  if (received.length === 0) return;
  const { imported, known } = await storeMessages(run.stores, target, received);
  run.count.imported += imported;
  run.count.known += known;
  run.count.bytes += received.reduce((sum, { size }) => sum + size, 0);
  run.onProgress();
}

function strike({ strikes, skipped, path }: FolderRun, uids: readonly number[], error: SourceError): void {
  for (const uid of uids) {
    // Of several nobody knows which it was.
    const count = (strikes.get(uid) ?? 0) + (uids.length === 1 ? 1 : 0);
    strikes.set(uid, count);
    if (count >= mostStrikes) skipped.set(uid, { path, uid, reason: error.message });
  }
}

/** A message that somebody removed there in the meantime is no damaged one. */
async function skip({ run, source }: Work, uid: number, reason: string): Promise<void> {
  const left = await source.describe([uid]).catch((error: unknown) => {
    if (error instanceof SourceError && error.fault === 'message') return [uid];
    throw error;
  });
  if (left.length === 0) run.count.total -= 1;
  else run.skipped.set(uid, { path: run.path, uid, reason });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
