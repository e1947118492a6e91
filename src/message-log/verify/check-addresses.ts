/**
 * The addresses by which entries are found: they are derived from the entries and under no seal, but whoever took one
 * away would hide an entry from its holder's extracts. So each entry must have its own, and there must be no others.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database, ReadTransaction } from '../../db/database.ts';
import { listAddressRows } from '../append.ts';
import { type LoggedEvent, readWholeEvents, selectEvents } from '../find.ts';
import { dayNumberOf } from '../log-days.ts';
import type { Findings } from './findings.ts';

export interface AddressCheck {
  readonly db: Database;
  readonly node: string;
  /** Entries after this one … */
  readonly after: number;
  /** … up to this one. */
  readonly through: number;
  readonly findings: Findings;
}

const pageEntries = 500;
const pageSql = `${selectEvents} WHERE l.node = ? AND l.seq > ? AND l.seq <= ? ORDER BY l.seq`;

/** Reads the stream once more, entry by entry. */
export async function checkAddresses(check: AddressCheck): Promise<void> {
  const { db, node, through, findings } = check;
  let { after } = check;
  let expected = 0;
  let read = 0;
  for (; after < through; after += pageEntries) {
    const page = [node, after, Math.min(after + pageEntries, through)];
    await db.read(async (tx) => {
      const entries = await readWholeEvents(tx, pageSql, page);
      read += entries.length;
      for (const entry of entries) expected += await checkEntry(tx, entry, findings);
    });
    await nextTurn();
  }
  // Entries that are missing or damaged are named elsewhere, and what stands for them is nobody's.
  if (read === through - check.after) await checkCount(check, expected);
}

/** How many of its addresses are there. */
async function checkEntry(
  tx: ReadTransaction,
  { node, seq, event }: LoggedEvent,
  findings: Findings,
): Promise<number> {
  let found = 0;
  for (const { key, role } of listAddressRows(event)) {
    const row = await tx.get(
      `SELECT 1 AS found FROM message_log_address
         WHERE day = ? AND address_key = ? AND at = ? AND node = ? AND seq = ? AND role = ?`,
      ...[dayNumberOf(event.at), key, event.at, node, seq, role],
    );
    if (row !== undefined) found += 1;
    else
      findings.add({
        code: 'address-wrong',
        node,
        seq,
        text: `the entry is not found by its ${role} any more`,
      });
  }
  return found;
}

/** Only the number of those that no entry has can be told: they name one that is about others. */
async function checkCount({ db, node, through, findings }: AddressCheck, expected: number): Promise<void> {
  const row = await db.read((tx) =>
    tx.get<{ count: number }>(
      'SELECT COUNT(*) AS count FROM message_log_address WHERE node = ? AND seq <= ?',
      node,
      through,
    ),
  );
  const surplus = (row?.count ?? 0) - expected;
  if (surplus > 0)
    findings.add({
      code: 'address-wrong',
      node,
      text: `${surplus} addresses stand for entries that are not about them`,
    });
}
