/** A whole import: which folders, where they go, and new connections when one is lost. */
import type { MailStore } from '../../mailbox/mail-store.ts';
import { type FolderCount, type FolderRun, importFolder, type SkippedMessage } from './import-folder.ts';
import { openImport } from './import-rows.ts';
import { choosePlace } from './local-folder.ts';
import { type MailSource, SourceError, type SourceFolder } from './mail-source.ts';
import type { ImportStores } from './storing.ts';

export interface ImportOrder {
  readonly mailboxId: number;
  /** Under which the imports are remembered. */
  readonly host: string;
  readonly user: string;
  /** Paths or names of folders there; all that are the user's own when absent. */
  readonly folders?: readonly string[];
  /** Flags that changed there since the last run are changed here. */
  readonly followsFlags?: boolean;
  readonly connect: () => Promise<MailSource>;
  readonly wait: (milliseconds: number) => Promise<void>;
  readonly report: ImportReport;
}

export interface ImportReport {
  /** Often; `folder` is as far as it is. */
  progress(folder: FolderProgress): void;
  folderDone(folder: FolderProgress): void;
  /** The next connection is tried after so long. */
  reconnecting(reason: string, milliseconds: number): void;
}

export interface FolderProgress extends Readonly<FolderCount> {
  /** There. */
  readonly path: string;
  /** Here. */
  readonly name: string;
}

export interface ImportResult {
  readonly folders: readonly FolderProgress[];
  readonly skipped: readonly SkippedMessage[];
}

/** Between attempts, milliseconds; after the last one without a message in between the import gives up. */
const pauses = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000];

/**
 * Takes what is not here yet. What was stored stays whatever happens after.
 * @throws {SourceError} when the other provider cannot be used. @throws {StoreError} when the mailbox takes no more.
 */
export async function importMailbox(stores: ImportStores, order: ImportOrder): Promise<ImportResult> {
  const line = new Line(order);
  const folders: FolderProgress[] = [];
  const skipped: SkippedMessage[] = [];
  try {
    const listed = await line.use(
      (source) => source.listFolders(),
      () => 0,
    );
    for (const folder of chooseFolders(listed, order)) {
      const name = await findOrMake(stores.mail, order.mailboxId, folder);
      const count: FolderCount = { ...nothingYet };
      const progress = (): FolderProgress => ({ path: folder.path, name: name.name, ...count });
      const run: FolderRun = {
        stores,
        path: folder.path,
        importId: await stores.db.transact((tx) => openImport(tx, { ...order, path: folder.path })),
        folderId: name.id,
        count,
        skipped: new Map(),
        strikes: new Map(),
        onProgress: () => order.report.progress(progress()),
        followsFlags: order.followsFlags === true,
      };
      await line.use(
        (source) => importFolder(run, source),
        () => count.imported + count.known + run.skipped.size + count.lookedUpTo,
      );
      folders.push(progress());
      skipped.push(...run.skipped.values());
      order.report.folderDone(progress());
    }
  } finally {
    await line.close();
  }
  return { folders, skipped };
}

const nothingYet: FolderCount = {
  imported: 0,
  bytes: 0,
  known: 0,
  resized: 0,
  total: 0,
  reflagged: 0,
  lookedUpTo: 0,
};

function chooseFolders(listed: readonly SourceFolder[], { folders }: ImportOrder): readonly SourceFolder[] {
  if (folders === undefined) return listed.filter(({ foreign }) => !foreign);
  return folders.map((wanted) => {
    const found = listed.find(
      ({ path, levels }) => path === wanted || levels.join('/').toLowerCase() === wanted.toLowerCase(),
    );
    if (found === undefined) {
      const there = listed.map(({ levels }) => levels.join('/')).join(', ');
      throw new SourceError('denied', `There is no folder ${wanted}; there are: ${there}.`);
    }
    return found;
  });
}

async function findOrMake(
  mail: MailStore,
  mailboxId: number,
  folder: SourceFolder,
): Promise<{ readonly id: number; readonly name: string }> {
  const { name, specialUse } = choosePlace(folder, await mail.listFolders(mailboxId));
  const found = await mail.findFolder(mailboxId, name);
  if (found !== undefined) return found;
  const made = await mail.createFolder(mailboxId, name, specialUse);
  if (folder.subscribed) await mail.setSubscribed(mailboxId, name, true);
  return made;
}

/** One connection at a time, made when it is needed. */
class Line {
  readonly #order: ImportOrder;
  #source: MailSource | undefined;
  #wasConnected = false;

  constructor(order: ImportOrder) {
    this.#order = order;
  }

  /**
   * Does the work, again and again with new connections until it is done. `reached` tells how far it is: who gets on
   * is not given up.
   */
  async use<T>(work: (source: MailSource) => Promise<T>, reached: () => number): Promise<T> {
    for (let failures = 0, before = reached(); ; ) {
      try {
        this.#source ??= await this.#connect();
        return await work(this.#source);
      } catch (error) {
        if (!(error instanceof SourceError) || error.fault !== 'lost') throw error;
        await this.close();
        if (reached() > before) failures = 0;
        before = reached();
        const pause = pauses[failures];
        if (pause === undefined) throw error;
        failures += 1;
        this.#order.report.reconnecting(error.message, pause);
        await this.#order.wait(pause);
      }
    }
  }

  /** Who was let in once and is not any more has met a server that is busy or starting anew. */
  async #connect(): Promise<MailSource> {
    try {
      const source = await this.#order.connect();
      this.#wasConnected = true;
      return source;
    } catch (error) {
      if (!this.#wasConnected || !(error instanceof SourceError)) throw error;
      throw new SourceError('lost', error.message, error);
    }
  }

  async close(): Promise<void> {
    const source = this.#source;
    this.#source = undefined;
    await source?.close();
  }
}
