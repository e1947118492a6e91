/**
 * The record of when the provider served, from which outages are told (AgID P02): each node writes a heartbeat a
 * minute into the store, which it can only while the store works.
 */
import type { Database, ReadTransaction, Transaction } from '../db/database.ts';
import { type Runner, startRunner } from '../lib/runner.ts';
import type { Clock, Instant } from '../lib/time.ts';

/** One run of one node. */
export interface ServiceRun {
  readonly node: string;
  readonly beganAt: Instant;
  /** Of the last heartbeat, or of the end. */
  readonly lastAt: Instant;
  /** True when it was stopped in order. */
  readonly ended: boolean;
}

const beatMs = 60_000;

/** A heartbeat that is later than this says that the node did not serve in between. */
export const longestBeatGap = 3 * beatMs;

export interface HeartbeatOptions {
  readonly db: Database;
  readonly node: string;
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
}

/** To be started when everything listens; its end says that the run was stopped in order. */
export function startHeartbeat({ db, node, clock, onError }: HeartbeatOptions): Runner {
  let beganAt: Instant | undefined;
  const round = async () => {
    const at = clock();
    beganAt = await db.transact((tx) => noteBeat(tx, { node, beganAt, at }));
    return beatMs;
  };
  const runner = startRunner({ round, onError, longestSleepMs: beatMs });
  return {
    wake: runner.wake,
    stop: async () => {
      await runner.stop();
      const began = beganAt;
      if (began === undefined) return;
      await db.transact((tx) => noteEnd(tx, { node, beganAt: began, at: clock() })).catch(onError);
    },
  };
}

export interface Beat {
  readonly node: string;
  /** Of the run under way; undefined for its first heartbeat. */
  readonly beganAt: Instant | undefined;
  readonly at: Instant;
}

/** Writes a heartbeat; when the run it belongs to began: a new one after a pause that was too long. */
export async function noteBeat(tx: Transaction, { node, beganAt, at }: Beat): Promise<Instant> {
  if (beganAt !== undefined) {
    // A clock that was set back moves nothing back.
    const { changes } = await tx.run(
      `UPDATE service_run SET last_at = CASE WHEN last_at < ? THEN ? ELSE last_at END
         WHERE node = ? AND began_at = ? AND last_at >= ?`,
      at,
      at,
      node,
      beganAt,
      at - longestBeatGap,
    );
    if (changes > 0) return beganAt;
  }
  await tx.run(
    `INSERT INTO service_run (node, began_at, last_at) VALUES (?, ?, ?)
       ON CONFLICT (node, began_at) DO UPDATE SET ended_at = NULL`,
    node,
    at,
    at,
  );
  return at;
}

/** The run ends in order. */
export async function noteEnd(tx: Transaction, { node, beganAt, at }: Beat): Promise<void> {
  if (beganAt === undefined) return;
  await tx.run(
    `UPDATE service_run SET ended_at = ?, last_at = CASE WHEN last_at < ? THEN ? ELSE last_at END
       WHERE node = ? AND began_at = ?`,
    at,
    at,
    at,
    node,
    beganAt,
  );
}

/** All runs that touch the span, and each node's last one before it, by their beginning. */
export async function listRuns(
  tx: ReadTransaction,
  { from, to }: { readonly from: Instant; readonly to: Instant },
): Promise<ServiceRun[]> {
  const rows = await tx.all<{ node: string; began_at: number; last_at: number; ended_at: number | null }>(
    `SELECT node, began_at, last_at, ended_at FROM service_run
       WHERE began_at < ? AND last_at >= COALESCE((SELECT MAX(last_at) FROM service_run WHERE last_at < ?), ?)
       ORDER BY began_at, node`,
    to,
    from,
    from,
  );
  return rows.map((row) => ({
    node: row.node,
    beganAt: row.began_at,
    lastAt: row.last_at,
    ended: row.ended_at !== null,
  }));
}

/** When the provider first served; undefined when it never did. */
export async function findFirstRun(tx: ReadTransaction): Promise<Instant | undefined> {
  const row = await tx.get<{ first: number | null }>('SELECT MIN(began_at) AS first FROM service_run');
  return row?.first ?? undefined;
}
