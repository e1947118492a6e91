/** Checking the log's chain: every row there, in order, unchanged. */
import { hash as hashBytes } from 'node:crypto';
import type { ReadTransaction } from '../db/database.ts';
import { equalBytes } from '../lib/bytes.ts';
import { emptyHash } from './append.ts';
import { type LogRow, readLogRows, renderLogRow } from './log-rows.ts';

export interface ChainProblem {
  readonly seq: number;
  readonly text: string;
}

export interface ChainState {
  /** The last row checked, to go on from. */
  readonly seq: number;
  readonly hash: Uint8Array;
  readonly problems: readonly ChainProblem[];
}

/** Where a check of a stream begins. */
export const chainStart: ChainState = { seq: 0, hash: emptyHash, problems: [] };

/** Checks up to `limit` rows after `state`; returns the same `seq` when there are none left. */
export async function checkChain(
  tx: ReadTransaction,
  node: string,
  state: ChainState,
  limit: number,
): Promise<ChainState> {
  const rows = await readLogRows(tx, { node, after: state.seq, limit });
  const problems: ChainProblem[] = [];
  let { seq, hash } = state;
  for (const row of rows) {
    problems.push(...checkRow(row, seq + 1, hash));
    ({ seq, hash } = row);
  }
  return { seq, hash, problems };
}

/** What is wrong with a row that should have this number and follow a row with this hash. */
export function checkRow(row: LogRow, expectedSeq: number, previous: Uint8Array): ChainProblem[] {
  const problems: ChainProblem[] = [];
  const report = (text: string) => problems.push({ seq: row.seq, text });
  if (row.seq !== expectedSeq) report(`rows from ${expectedSeq} to ${row.seq - 1} are missing`);
  if (!equalBytes(row.prev_hash, previous)) report('the row does not follow the one before it');
  const computed = hashBytes('sha256', renderLogRow(row), 'buffer');
  if (!equalBytes(computed, row.hash)) report('the row was changed');
  return problems;
}
