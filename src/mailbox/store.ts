/**
 * The mail store over rows and bytes: the one implementation of {@link MailStore}. Each method is one
 * transaction; watchers hear of it after the commit.
 */
import type { BlobStore } from '../blob/blob-store.ts';
import { readSegments, spool } from '../blob/read-segments.ts';
import { loadContent, readInline } from '../content/content.ts';
import { findWithoutInHead } from '../content/folded-heads.ts';
import { loadHeads } from '../content/heads.ts';
import { loadReadyTexts } from '../content/ready-texts.ts';
import { loadStructure, loadStructures } from '../content/structure.ts';
import { readWithout } from '../content/text-index.ts';
import type { Database, ReadTransaction, Transaction } from '../db/database.ts';
import type { Clock } from '../lib/time.ts';
import { createInheriting, subscribeShared } from './access.ts';
import { createAccessMethods } from './access-methods.ts';
import {
  appendMessages,
  type IdentifiedMessage,
  identify,
  type ReadMarks,
  replaceMessage,
} from './append.ts';
import { readChanges } from './changes.ts';
import { type CopyOrder, copyMessages, moveMessages } from './copy.ts';
import { ensureFolders } from './first-folders.ts';
import { deletedBit } from './flags.ts';
import { normalizeFolderName } from './folder-name.ts';
import { findFolderRow, requireFolder, toFolder, toStatus } from './folder-rows.ts';
import {
  createFolder,
  deleteFolder,
  readFolders,
  readSubscriptions,
  renameFolder,
  setSubscribed,
} from './folders.ts';
import { listKeywords } from './keywords.ts';
import { LineEndMeter, measureLineEnds, rememberLineEnds } from './line-ends.ts';
import type { MailStore, UidRanges } from './mail-store.ts';
import { readRows, removeMessages } from './message-rows.ts';
import { noteChange, Watchers } from './notices.ts';
import { readQuota } from './quota.ts';
import { RecordCache } from './record-cache.ts';
import { parseSharedName } from './shared-name.ts';
import { storeFlags } from './store-flags.ts';
import { createThreadMethods } from './thread-methods.ts';

export interface MailStoreParts {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  /** Keywords of a copy of a sent message that is appended; none unless told. */
  readonly sentMarks?: ReadMarks;
  /** False: searches read every message. True unless told. */
  readonly fullText?: boolean;
}

export function createMailStore(parts: MailStoreParts): MailStore {
  const watchers = new Watchers(parts.db);
  return {
    ...createFolderMethods(parts),
    ...createReadingMethods(parts),
    ...createChangingMethods(parts),
    ...createContentMethods(parts),
    ...createThreadMethods(parts),
    ...createAccessMethods(parts),
    quota: (mailboxId) => parts.db.read((tx) => readQuota(tx, mailboxId)),
    watch: (mailboxId, listener) => watchers.watch(mailboxId, listener),
  };
}

type FolderMethods = Pick<
  MailStore,
  | 'listFolders'
  | 'findFolder'
  | 'createFolder'
  | 'renameFolder'
  | 'deleteFolder'
  | 'setSubscribed'
  | 'listSubscriptions'
>;

function createFolderMethods({ db, clock }: MailStoreParts): FolderMethods {
  const ensure = (mailboxId: number) => ensureFolders({ db, clock }, mailboxId);
  const change = async (mailboxId: number, work: (tx: Transaction) => Promise<void>): Promise<void> => {
    await ensure(mailboxId);
    await db.transact(work);
  };
  return {
    listFolders: async (mailboxId) => {
      await ensure(mailboxId);
      return db.read((tx) => readFolders(tx, mailboxId));
    },
    findFolder: async (mailboxId, name) => {
      await ensure(mailboxId);
      return db.read(async (tx) => {
        const row = await findFolderRow(tx, mailboxId, normalizeFolderName(name));
        if (row === undefined) return undefined;
        return toFolder(row, (await readSubscriptions(tx, mailboxId)).includes(row.name));
      });
    },
    createFolder: async (mailboxId, name, specialUse) => {
      await ensure(mailboxId);
      return db.transact((tx) =>
        createInheriting(tx, mailboxId, name, () =>
          createFolder(tx, { mailboxId, name, at: clock() }, specialUse),
        ),
      );
    },
    renameFolder: (mailboxId, from, to) =>
      change(mailboxId, (tx) => renameFolder(tx, { mailboxId, name: from, to, at: clock() })),
    deleteFolder: (mailboxId, name) => change(mailboxId, (tx) => deleteFolder(tx, mailboxId, name)),
    setSubscribed: (mailboxId, name, subscribed) =>
      change(mailboxId, (tx) =>
        subscribed && parseSharedName(name) !== undefined
          ? subscribeShared(tx, mailboxId, name)
          : setSubscribed(tx, mailboxId, name, subscribed),
      ),
    listSubscriptions: async (mailboxId) => {
      await ensure(mailboxId);
      return db.read((tx) => readSubscriptions(tx, mailboxId));
    },
  };
}

type ReadingMethods = Pick<
  MailStore,
  'status' | 'snapshot' | 'uids' | 'messages' | 'keepRecords' | 'changesSince' | 'keywords' | 'firstRecent'
>;

function createReadingMethods({ db }: MailStoreParts): ReadingMethods {
  const records = new RecordCache(db);
  return {
    status: (folderId) => db.read(async (tx) => toStatus(await requireFolder(tx, folderId))),
    snapshot: (folderId, since) =>
      db.read(async (tx) => ({
        status: toStatus(await requireFolder(tx, folderId)),
        uids: await readUidRanges(tx, folderId),
        changes: since === undefined ? undefined : await readChanges(tx, folderId, since),
      })),
    uids: (folderId) =>
      db.read(async (tx) => {
        await requireFolder(tx, folderId);
        return readUids(tx, folderId);
      }),
    messages: (folderId, uids) => records.read(folderId, uids),
    keepRecords: (folderId) => records.keep(folderId),
    changesSince: (folderId, modseq) => db.read((tx) => readChanges(tx, folderId, modseq)),
    keywords: (folderId) =>
      db.read(async (tx) => {
        await requireFolder(tx, folderId);
        return listKeywords(tx, folderId);
      }),
    firstRecent: async (folderId, claim) => {
      const now = await db.read((tx) => requireFolder(tx, folderId));
      if (!claim || now.first_recent === now.uid_next) return now.first_recent;
      return db.transact(async (tx) => {
        const folder = await requireFolder(tx, folderId);
        await tx.run('UPDATE folder SET first_recent = uid_next, recent = 0 WHERE id = ?', folderId);
        return folder.first_recent;
      });
    },
  };
}

async function readUids(tx: ReadTransaction, folderId: number): Promise<number[]> {
  const sql = 'SELECT uid FROM message WHERE folder_id = ? ORDER BY uid';
  return (await tx.all<{ uid: number }>(sql, folderId)).map(({ uid }) => uid);
}

/** Most folders have few holes: their messages are counted, not listed. */
async function readUidRanges(tx: ReadTransaction, folderId: number): Promise<UidRanges> {
  const whole = await tx.get<{ count: number; first: number | null; last: number | null }>(
    'SELECT COUNT(*) AS count, MIN(uid) AS first, MAX(uid) AS last FROM message WHERE folder_id = ?',
    folderId,
  );
  const { count, first, last } = whole ?? { count: 0, first: null, last: null };
  if (first === null || last === null) return [];
  if (last - first + 1 === count) return [[first, last]];
  const rows = await tx.all<{ first: number; last: number }>(
    `SELECT MIN(uid) AS first, MAX(uid) AS last
       FROM (SELECT uid, uid - ROW_NUMBER() OVER (ORDER BY uid) AS gap FROM message WHERE folder_id = ?) AS numbered
       GROUP BY gap ORDER BY 1`,
    folderId,
  );
  return rows.map((row) => [row.first, row.last] as const);
}

type ChangingMethods = Pick<MailStore, 'append' | 'replace' | 'storeFlags' | 'copy' | 'move' | 'expunge'>;

function createChangingMethods({ db, blobs, clock, sentMarks }: MailStoreParts): ChangingMethods {
  const terms = () => ({ at: clock(), readMarks: sentMarks ?? (async () => []) });
  const order = (from: Omit<CopyOrder, 'at'>): CopyOrder => ({ ...from, at: clock() });
  return {
    append: async (folderId, messages) => {
      const identified: IdentifiedMessage[] = [];
      for (const message of messages) identified.push(await identify(blobs, message));
      return db.transact((tx) => appendMessages(tx, folderId, identified, terms()));
    },
    replace: async (order) => {
      const message = await identify(blobs, order.message);
      return db.transact((tx) => replaceMessage(tx, { ...order, message }, terms()));
    },
    storeFlags: (folderId, uids, change) =>
      db.transact(async (tx) => storeFlags(tx, await requireFolder(tx, folderId), uids, change)),
    copy: (sourceId, uids, targetId, may) =>
      db.transact((tx) => copyMessages(tx, order({ sourceId, uids, targetId, may }))),
    move: (sourceId, uids, targetId, may) =>
      db.transact((tx) => moveMessages(tx, order({ sourceId, uids, targetId, may }))),
    expunge: (folderId, uids = everything) =>
      db.transact(async (tx) => {
        const folder = await requireFolder(tx, folderId);
        if (folder.deleted === 0) return [];
        const rows = await readRows(tx, folderId, uids, `flags & ${deletedBit} <> 0`);
        await removeMessages(tx, folder, rows, { keepContents: false });
        if (rows.length > 0) noteChange(tx, folder.mailbox_id, folderId);
        return rows.map((row) => row.uid);
      }),
  };
}

const everything: UidRanges = [[1, Number.POSITIVE_INFINITY]];

type ContentMethods = Pick<
  MailStore,
  | 'storeContent'
  | 'structure'
  | 'structures'
  | 'heads'
  | 'readyTexts'
  | 'withoutInHeads'
  | 'withoutTexts'
  | 'smallContents'
  | 'read'
>;

function createContentMethods({ db, blobs, fullText = true }: MailStoreParts): ContentMethods {
  return {
    storeContent: async (source) => {
      const meter = new LineEndMeter();
      const { segments } = await spool(blobs, measureLineEnds(source, meter));
      rememberLineEnds(segments, meter);
      return segments;
    },
    structure: (contentId) => loadStructure({ db, blobs }, contentId),
    structures: (contentIds) => loadStructures({ db, blobs }, contentIds),
    heads: (contentIds) => loadHeads({ db, blobs }, contentIds),
    readyTexts: (contentIds, wanted) => loadReadyTexts({ db, blobs }, contentIds, wanted),
    withoutInHeads: (contentIds, texts) => findWithoutInHead({ db, blobs }, contentIds, texts),
    withoutTexts: async (contentIds, texts) =>
      fullText ? db.read((tx) => readWithout(tx, contentIds, texts)) : new Map(),
    smallContents: (contentIds) => db.read((tx) => readInline(tx, contentIds)),
    read: async function* (contentId, range) {
      const { segments } = await db.read((tx) => loadContent(tx, contentId));
      yield* readSegments(blobs, segments, range);
    },
  };
}
