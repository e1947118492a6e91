/** Checking the log's chain: every row there, in order, unchanged. */
import type { ReadTransaction } from '../db/database.ts';
import { equalBytes } from '../lib/bytes.ts';
import { digestFacts, emptyHash, hashRow } from './append.ts';

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

interface ChainRow {
  node: string;
  seq: number;
  at: number;
  type: string;
  identificativo: string;
  msgid: string | null;
  sender: string;
  subject: string;
  sending_provider: string;
  facts: Uint8Array;
  facts_json: string;
  generated: string;
  detail: string;
  prev_hash: Uint8Array;
  hash: Uint8Array;
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
  const rows = await tx.all<ChainRow>(
    `SELECT l.*, COALESCE(f.facts, '') AS facts_json FROM message_log l LEFT JOIN message_log_facts f ON f.digest = l.facts
       WHERE l.node = ? AND l.seq > ? ORDER BY l.seq LIMIT ?`,
    node,
    state.seq,
    limit,
  );
  const problems: ChainProblem[] = [];
  let { seq, hash } = state;
  for (const row of rows) {
    problems.push(...checkRow(row, seq + 1, hash));
    ({ seq, hash } = row);
  }
  return { seq, hash, problems };
}

function checkRow(row: ChainRow, expectedSeq: number, previous: Uint8Array): ChainProblem[] {
  const problems: ChainProblem[] = [];
  const report = (text: string) => problems.push({ seq: row.seq, text });
  if (row.seq !== expectedSeq) report(`rows from ${expectedSeq} to ${row.seq - 1} are missing`);
  if (!equalBytes(row.prev_hash, previous)) report('the row does not follow the one before it');
  const factsDigest = digestFacts(row.facts_json);
  const computed = hashRow(row.prev_hash, {
    node: row.node,
    seq: row.seq,
    at: row.at,
    type: row.type,
    identificativo: row.identificativo,
    msgid: row.msgid,
    sender: row.sender,
    subject: row.subject,
    sendingProvider: row.sending_provider,
    factsDigest,
    generated: row.generated,
    detail: row.detail,
  });
  if (!equalBytes(computed, row.hash)) report('the row was changed');
  return problems;
}
