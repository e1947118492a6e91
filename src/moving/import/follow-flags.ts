/**
 * Flags that changed there since the last look are changed here: what was set is set, what was taken away is taken away, and
 * what the holder did here meanwhile stays. `\\Deleted` is not followed: nothing is lost here because it goes there.
 */
import { joinUids } from '../../mailbox/message-rows.ts';
import { StoreError } from '../../mailbox/store-error.ts';
import { type ImportedPlace, listPlaces, type Numbering, notePlace } from './import-rows.ts';
import type { MailSource } from './mail-source.ts';
import { chooseFlags, type ImportStores } from './storing.ts';

/** Messages looked at together. */
const pageMessages = 500;

/** What is known of one folder across broken connections. */
export interface FlagRun {
  readonly stores: ImportStores;
  readonly importId: number;
  readonly count: {
    /** Whose flags had changed there. */
    reflagged: number;
    /** The last UID that was looked at. */
    lookedUpTo: number;
  };
  readonly onProgress: () => void;
}

interface Change {
  readonly place: ImportedPlace;
  /** There now. */
  readonly flags: readonly string[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/**
 * Looks at messages that were imported before, in ascending order; goes on where a broken connection left off.
 * @throws {SourceError}
 */
export async function followFlags(
  run: FlagRun,
  source: MailSource,
  { uidValidity, uids }: { readonly uidValidity: number; readonly uids: readonly number[] },
): Promise<void> {
  const numbering = { importId: run.importId, uidValidity };
  const left = uids.filter((uid) => uid > run.count.lookedUpTo);
  for (let from = 0; from < left.length; from += pageMessages) {
    const page = left.slice(from, from + pageMessages);
    await followPage(run, { numbering, source, page });
    run.count.lookedUpTo = page.at(-1) ?? run.count.lookedUpTo;
    run.onProgress();
  }
}

interface Page {
  readonly numbering: Numbering;
  readonly source: MailSource;
  readonly page: readonly number[];
}

async function followPage(run: FlagRun, { numbering, source, page }: Page): Promise<void> {
  const range = { first: page[0] ?? 0, last: page.at(-1) ?? 0 };
  const places = await run.stores.db.read((tx) => listPlaces(tx, numbering, range));
  if (places.size === 0) return;
  const changes = (await source.readFlags(page)).flatMap(({ uid, flags }) => {
    const place = places.get(uid);
    return place === undefined ? [] : (compareFlags(place, chooseFlags(flags)) ?? []);
  });
  for (const alike of groupAlike(changes)) await applyChange(run, alike);
  await run.stores.db.transact(async (tx) => {
    for (const { place, flags } of changes) await notePlace(tx, numbering, { ...place, flags });
  });
  run.count.reflagged += changes.length;
}

const isFollowed = (flag: string) => flag.toLowerCase() !== '\\deleted';

/** Undefined when nothing changed there. */
function compareFlags(place: ImportedPlace, flags: readonly string[]): Change | undefined {
  const before = new Set(place.flags.map((flag) => flag.toLowerCase()));
  const now = new Set(flags.map((flag) => flag.toLowerCase()));
  const added = flags.filter((flag) => isFollowed(flag) && !before.has(flag.toLowerCase()));
  const removed = place.flags.filter((flag) => isFollowed(flag) && !now.has(flag.toLowerCase()));
  return added.length + removed.length === 0 ? undefined : { place, flags, added, removed };
}

/** Many messages become read at once: one step for all that change alike. */
function groupAlike(changes: readonly Change[]): readonly (readonly Change[])[] {
  const groups = new Map<string, Change[]>();
  for (const change of changes) {
    const key = JSON.stringify([change.place.folderId, [...change.added].sort(), change.removed]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [change]);
    else group.push(change);
  }
  return [...groups.values()];
}

/** Messages that are not in their folder any more are passed over, and keywords that it has no room for. */
async function applyChange({ stores }: FlagRun, changes: readonly Change[]): Promise<void> {
  const [first] = changes;
  if (first === undefined) return;
  const uids = joinUids(changes.map(({ place }) => place.localUid).sort((a, b) => a - b));
  const { folderId } = first.place;
  for (const [operation, flags] of [
    ['add', first.added],
    ['remove', first.removed],
  ] as const) {
    if (flags.length === 0) continue;
    await stores.mail.storeFlags(folderId, uids, { operation, flags }).catch((error: unknown) => {
      if (!(error instanceof StoreError)) throw error;
    });
  }
}
