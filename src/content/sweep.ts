/**
 * Removing what nothing points to any more: contents without references, then blobs without contents. A blob
 * that is about to be used is never removed: it must have been without use for the whole of a grace time, the
 * removal is announced in the rows before the bytes go, and `addContent` either takes the announcement back or
 * refuses. A crash at any step leaves rows that the next sweep goes on from.
 */
import type { BlobStore } from '../blob/blob-store.ts';
import type { Database, Transaction } from '../db/database.ts';
import { findReferences, type Reference } from '../db/references.ts';
import type { Clock } from '../lib/time.ts';
import { areBlobsHeld } from './blob-hold.ts';

export interface SweeperParts {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  /** How long a blob stays after its last use, milliseconds; an hour unless told. */
  readonly graceMs?: number;
  /** Age at which a blob or content that nothing ever pointed to counts as left by a crash; a day unless told. */
  readonly orphanAgeMs?: number;
}

export interface SweepCounts {
  readonly contents: number;
  readonly blobs: number;
}

export interface Sweeper {
  /** Removes what was released since the last time. Cheap: run it every few minutes. */
  sweep(): Promise<SweepCounts>;
  /**
   * Looks through the whole store for what a crash or a forgotten release left, and notes it for `sweep`. Run it
   * daily; contents are noted only by the second look of the same process, when they are old enough for sure.
   */
  findOrphans(): Promise<SweepCounts>;
}

/** Rows to a transaction, so that others are not held up. */
const batch = 200;
const hour = 3_600_000;
/** How long a removed blob's name is remembered: longer than anybody keeps a list of segments in memory. */
const rememberMs = 7 * 24 * hour;

export function createSweeper(parts: SweeperParts): Sweeper {
  return new ContentSweeper(parts);
}

class ContentSweeper implements Sweeper {
  readonly #db: Database;
  readonly #blobs: BlobStore;
  readonly #clock: Clock;
  readonly #graceMs: number;
  readonly #orphanAgeMs: number;
  /** Asked once: the schema does not change while a process runs. */
  #references: readonly Reference[] | undefined;
  /** The newest content at an earlier look, and when that was. */
  #marks: { id: number; at: number }[] = [];

  constructor(parts: SweeperParts) {
    this.#db = parts.db;
    this.#blobs = parts.blobs;
    this.#clock = parts.clock;
    this.#graceMs = parts.graceMs ?? hour;
    this.#orphanAgeMs = parts.orphanAgeMs ?? 24 * hour;
  }

  async sweep(): Promise<SweepCounts> {
    const references = await this.#findReferences();
    let contents = 0;
    for (let after = 0; ; ) {
      const step = await this.#db.transact((tx) =>
        sweepContents(tx, { references, after, at: this.#clock() }),
      );
      contents += step.removed;
      if (step.last === undefined) break;
      after = step.last;
    }
    return { contents, blobs: await this.#removeBlobs() };
  }

  async findOrphans(): Promise<SweepCounts> {
    return { contents: await this.#findOrphanContents(), blobs: await this.#findOrphanBlobs() };
  }

  async #findReferences(): Promise<readonly Reference[]> {
    this.#references ??= await findReferences(this.#db, 'content');
    return this.#references;
  }

  async #removeBlobs(): Promise<number> {
    let removed = 0;
    while (true) {
      const now = this.#clock();
      const going = await this.#db.transact(async (tx) =>
        (await areBlobsHeld(tx, now)) ? [] : announceRemovals(tx, now - this.#graceMs),
      );
      for (const blob of going) await this.#blobs.delete(blob);
      await this.#db.transact(async (tx) => {
        for (const blob of going) {
          await tx.run(`UPDATE blob_removal SET state = 'removed', since = ? WHERE blob = ?`, now, blob);
        }
        await tx.run(`DELETE FROM blob_removal WHERE state = 'removed' AND since <= ?`, now - rememberMs);
      });
      removed += going.length;
      if (going.length < batch) return removed;
    }
  }

  async #findOrphanBlobs(): Promise<number> {
    const oldest = this.#clock() - this.#orphanAgeMs;
    let found = 0;
    let names: string[] = [];
    const flush = async () => {
      const wanted = names;
      names = [];
      if (wanted.length > 0) found += await this.#db.transact((tx) => noteUnused(tx, wanted, this.#clock()));
    };
    for await (const { blob, storedAt } of this.#blobs.list()) {
      if (storedAt > oldest) continue;
      names.push(blob);
      if (names.length === batch) await flush();
    }
    await flush();
    return found;
  }

  async #findOrphanContents(): Promise<number> {
    const now = this.#clock();
    const mark = this.#marks.findLast(({ at }) => at <= now - this.#orphanAgeMs);
    const newest = await this.#db.read((tx) =>
      tx.get<{ id: number | null }>('SELECT MAX(id) AS id FROM content'),
    );
    this.#marks = [
      ...this.#marks.filter(({ at }) => at >= (mark?.at ?? 0)),
      { id: newest?.id ?? 0, at: now },
    ];
    if (mark === undefined) return 0;
    const unused = unusedCondition(await this.#findReferences());
    let found = 0;
    for (let from = 0; from < mark.id; from += 10 * batch) {
      const to = Math.min(from + 10 * batch, mark.id);
      found += await this.#db.transact(async (tx) => {
        const { changes } = await tx.run(
          `INSERT INTO content_release (content_id)
             SELECT id FROM content WHERE id > ? AND id <= ? AND ${unused} ON CONFLICT DO NOTHING`,
          from,
          to,
        );
        return changes;
      });
    }
    return found;
  }
}

interface ContentStep {
  readonly references: readonly Reference[];
  readonly after: number;
  readonly at: number;
}

/** One batch of released contents: those without a reference go. `last` is undefined when none are left. */
async function sweepContents(
  tx: Transaction,
  { references, after, at }: ContentStep,
): Promise<{ removed: number; last: number | undefined }> {
  const released = await tx.all<{ content_id: number }>(
    'SELECT content_id FROM content_release WHERE content_id > ? ORDER BY content_id LIMIT ?',
    after,
    batch,
  );
  let removed = 0;
  for (const { content_id: id } of released) {
    const blobs = await tx.all<{ blob: string }>('SELECT blob FROM content_blob WHERE content_id = ?', id);
    const { changes } = await tx.run(
      `DELETE FROM content WHERE id = ? AND ${unusedCondition(references)}`,
      id,
    );
    await tx.run('DELETE FROM content_release WHERE content_id = ?', id);
    if (changes === 0) continue;
    removed += 1;
    const names = blobs.map(({ blob }) => blob);
    await noteUnused(tx, names, at);
  }
  return { removed, last: released.at(-1)?.content_id };
}

/** Notes those of the blobs that no content points to as waiting for removal; how many are new. */
async function noteUnused(tx: Transaction, blobs: readonly string[], at: number): Promise<number> {
  let noted = 0;
  for (const blob of blobs) {
    const { changes } = await tx.run(
      `INSERT INTO blob_removal (blob, state, since) SELECT ?, 'waiting', ?
         WHERE NOT EXISTS (SELECT 1 FROM content_blob WHERE blob = ?) ON CONFLICT DO NOTHING`,
      blob,
      at,
      blob,
    );
    noted += changes;
  }
  return noted;
}

/** A batch of blobs whose bytes may go now: durable in the rows before the first byte goes. */
async function announceRemovals(tx: Transaction, waitingBefore: number): Promise<string[]> {
  await tx.run(
    `UPDATE blob_removal SET state = 'removing' WHERE blob IN (
       SELECT r.blob FROM blob_removal r WHERE r.state = 'waiting' AND r.since <= ?
          AND NOT EXISTS (SELECT 1 FROM content_blob c WHERE c.blob = r.blob) ORDER BY r.since LIMIT ?)`,
    waitingBefore,
    batch,
  );
  const rows = await tx.all<{ blob: string }>(
    `SELECT blob FROM blob_removal WHERE state = 'removing' ORDER BY since LIMIT ?`,
    batch,
  );
  return rows.map(({ blob }) => blob);
}

/** Names come from the schema, not from outside. */
function unusedCondition(references: readonly Reference[]): string {
  return references
    .map(({ table, column }) => `NOT EXISTS (SELECT 1 FROM ${table} WHERE ${table}.${column} = content.id)`)
    .join(' AND ');
}
