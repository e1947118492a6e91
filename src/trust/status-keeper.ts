/**
 * Keeps signed documents about revocation current: fetched when due, verified, applied one by one or not at all,
 * the last good one kept in force and on disk. Nothing here knows what kind of document it is.
 */
import type { Clock, Instant } from '../lib/time.ts';
import type { KeptDocument, KeptFiles } from './kept-files.ts';
import { decideFreshUntil, decideNextFetch, decideRetry } from './refresh-times.ts';

export interface StatusDocument {
  readonly thisUpdate: Instant;
  readonly nextUpdate: Instant | undefined;
  readonly freshUntil: Instant | undefined;
}

export interface StatusSource<T extends StatusDocument> {
  /** Tells it from all others, over restarts too. */
  readonly key: string;
  /** For the log. */
  readonly url: string;
  fetch(): Promise<Uint8Array>;
  /** The document; `at`: when it was fetched. @throws {Error} that says why it cannot be used. */
  read(bytes: Uint8Array, at: Instant): T;
}

export type KeeperEvent =
  | { readonly outcome: 'fetched'; readonly url: string; readonly freshUntil: Instant | undefined }
  /** The document before, if there is one, stays in force; `freshUntil` is its. */
  | {
      readonly outcome: 'kept';
      readonly url: string;
      readonly reason: string;
      readonly freshUntil: Instant | undefined;
    };

export interface StatusKeeper<T extends StatusDocument> {
  /** What to keep current from now on; new ones are looked for on disk, not fetched yet. */
  use(sources: readonly StatusSource<T>[]): Promise<void>;
  /** Fetches what is due; the time of the next one due, undefined when there is nothing to keep. Never rejects. */
  refresh(): Promise<Instant | undefined>;
  /** By key. The same object until something changes. */
  current(): ReadonlyMap<string, T>;
}

export interface KeeperOptions {
  readonly files: KeptFiles;
  readonly clock: Clock;
  /** Oldest fetch that counts as fresh. */
  readonly maxAgeMs: number;
  readonly report: (event: KeeperEvent) => void;
}

interface Entry<T> {
  readonly source: StatusSource<StatusDocument & T>;
  document: T | undefined;
  dueAt: Instant;
  failures: number;
}

/** Transfers at the same time. */
const fetchesAtOnce = 4;

export function createStatusKeeper<T extends StatusDocument>(options: KeeperOptions): StatusKeeper<T> {
  const { files, clock, maxAgeMs, report } = options;
  let entries = new Map<string, Entry<T>>();
  let current: ReadonlyMap<string, T> = new Map();

  async function use(sources: readonly StatusSource<T>[]): Promise<void> {
    const next = new Map<string, Entry<T>>();
    for (const source of sources) {
      const known = entries.get(source.key);
      next.set(source.key, known === undefined ? await load(source) : { ...known, source });
    }
    entries = next;
    publish();
  }

  async function load(source: StatusSource<T>): Promise<Entry<T>> {
    const entry: Entry<T> = { source, document: undefined, dueAt: 0, failures: 0 };
    try {
      const kept = await files.load(source.key);
      if (kept !== undefined) apply(entry, kept);
    } catch {
      // Damaged, or of an authority that is trusted no more: as if there were none.
    }
    return entry;
  }

  function apply(entry: Entry<T>, { bytes, fetchedAt }: KeptDocument): void {
    const document = entry.source.read(bytes, fetchedAt);
    // A thief of a revoked key would play back an old list.
    if (entry.document !== undefined && document.thisUpdate < entry.document.thisUpdate)
      throw new Error('it is older than the one in force');
    const times = { thisUpdate: document.thisUpdate, nextUpdate: document.nextUpdate, fetchedAt };
    entry.document = { ...document, freshUntil: decideFreshUntil(times, maxAgeMs) };
    entry.dueAt = decideNextFetch(times, maxAgeMs);
    entry.failures = 0;
  }

  async function fetchOne(entry: Entry<T>): Promise<void> {
    const { source } = entry;
    try {
      const bytes = await source.fetch();
      const fetched = { bytes, fetchedAt: clock() };
      apply(entry, fetched);
      publish();
      await files.save(source.key, fetched);
      report({ outcome: 'fetched', url: source.url, freshUntil: entry.document?.freshUntil });
    } catch (error) {
      entry.failures += 1;
      entry.dueAt = decideRetry(clock(), entry.failures);
      const reason = error instanceof Error ? error.message : String(error);
      report({ outcome: 'kept', url: source.url, reason, freshUntil: entry.document?.freshUntil });
    }
  }

  async function refresh(): Promise<Instant | undefined> {
    const due = [...entries.values()].filter(({ dueAt }) => dueAt <= clock());
    const work = async () => {
      for (let entry = due.shift(); entry !== undefined; entry = due.shift()) await fetchOne(entry);
    };
    await Promise.all(Array.from({ length: fetchesAtOnce }, work));
    const times = [...entries.values()].map(({ dueAt }) => dueAt);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  function publish(): void {
    current = new Map(
      [...entries].flatMap(([key, { document }]) =>
        document === undefined ? [] : [[key, document] as const],
      ),
    );
  }

  return { use, refresh, current: () => current };
}
