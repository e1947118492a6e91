/** The rows of the log with the facts they name, in order: what checking and exporting read. */
import type { ReadTransaction } from '../db/database.ts';
import type { LogEvent } from '../pec/events.ts';
import { digestFacts, type LogColumns, renderRow } from './append.ts';

/** A row as it is stored, with its facts. */
export interface LogRow {
  readonly node: string;
  readonly seq: number;
  readonly at: number;
  readonly type: string;
  readonly identificativo: string;
  readonly msgid: string | null;
  readonly sender: string;
  readonly subject: string;
  readonly sending_provider: string;
  /** The digest that the row names. */
  readonly facts: Uint8Array;
  /** The facts stored under it; empty when they are missing. */
  readonly facts_json: string;
  readonly generated: string;
  readonly detail: string;
  readonly prev_hash: Uint8Array;
  readonly hash: Uint8Array;
}

export interface RowRange {
  readonly node: string;
  /** Rows after this number … */
  readonly after: number;
  /** … up to this one, inclusive; to the end when absent. */
  readonly through?: number;
  readonly limit: number;
}

const rowsSql = `SELECT l.*, COALESCE(f.facts, '') AS facts_json FROM message_log l
  LEFT JOIN message_log_facts f ON f.identificativo = l.identificativo AND f.digest = l.facts
  WHERE l.node = ? AND l.seq > ? AND l.seq <= ? ORDER BY l.seq LIMIT ?`;

/** A page of the node's stream, in order. */
export function readLogRows(
  tx: ReadTransaction,
  { node, after, through = Number.MAX_SAFE_INTEGER, limit }: RowRange,
): Promise<LogRow[]> {
  return tx.all<LogRow>(rowsSql, node, after, through, limit);
}

/**
 * What the row's hash is over, from what is stored: facts that were changed give another text. `factsDigest` spares
 * their digest where the same text was digested before.
 */
export function renderLogRow(row: LogRow, factsDigest: Uint8Array = digestFacts(row.facts_json)): string {
  return renderRow(row.prev_hash, columnsOf(row, factsDigest));
}

/** The event that the row holds. @throws {SyntaxError} when its JSON is damaged. */
export function toLogEvent(
  row: Pick<LogRow, 'at' | 'type' | 'sending_provider' | 'facts_json' | 'generated' | 'detail'>,
): LogEvent {
  return {
    ...(JSON.parse(row.detail) as object),
    type: row.type,
    at: row.at,
    facts: JSON.parse(row.facts_json) as unknown,
    sendingProvider: row.sending_provider,
    generated: JSON.parse(row.generated) as unknown,
  } as LogEvent;
}

function columnsOf(row: LogRow, factsDigest: Uint8Array): LogColumns {
  return {
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
  };
}
