/** Finding events of the message log: for support, for the holder's extracts, for reproducing receipts. */
import type { ReadTransaction, SqlValue } from '../db/database.ts';
import type { LogEvent } from '../pec/events.ts';
import { identificativiOfMsgid } from './log-days.ts';
import { toLogEvent } from './log-rows.ts';

/** An event with its place in the log. */
export interface LoggedEvent {
  readonly node: string;
  readonly seq: number;
  readonly event: LogEvent;
  readonly hash: Uint8Array;
}

/** Which message: by one of its identifiers. */
export type MessageFilter =
  | { readonly identificativo: string }
  /** With angle brackets, as the client wrote it; several messages may have the same. */
  | { readonly msgid: string };

interface EventRow {
  node: string;
  seq: number;
  at: number;
  type: string;
  sending_provider: string;
  facts_json: string;
  generated: string;
  detail: string;
  hash: Uint8Array;
}

/** Every event with its facts; a WHERE over `l` follows. */
export const selectEvents = `SELECT l.node, l.seq, l.at, l.type, l.sending_provider, f.facts AS facts_json, l.generated,
  l.detail, l.hash FROM message_log l
  JOIN message_log_facts f ON f.identificativo = l.identificativo AND f.digest = l.facts`;

/** That the entry has the Message-ID, which is bound twice: it is looked up in the facts, once a message. */
export const hasMsgid = `l.identificativo IN (${identificativiOfMsgid}) AND l.msgid = ?`;

/** All events of the message, in the order they happened. */
export async function findEvents(tx: ReadTransaction, filter: MessageFilter): Promise<LoggedEvent[]> {
  const [condition, values] =
    'identificativo' in filter
      ? ['l.identificativo = ?', [filter.identificativo]]
      : [hasMsgid, [filter.msgid, filter.msgid]];
  return readEvents(tx, `${selectEvents} WHERE ${condition} ORDER BY l.at, l.node, l.seq`, values);
}

export interface StreamFilter {
  readonly node: string;
  /** Continue after this number; 0 = from the beginning. */
  readonly after: number;
  readonly limit: number;
}

/** The node's stream in order, a page at a time. */
export function readStream(tx: ReadTransaction, filter: StreamFilter): Promise<LoggedEvent[]> {
  return readEvents(tx, `${selectEvents} WHERE l.node = ? AND l.seq > ? ORDER BY l.seq LIMIT ?`, [
    filter.node,
    filter.after,
    filter.limit,
  ]);
}

/** The nodes that have a stream. */
export async function listNodes(tx: ReadTransaction): Promise<string[]> {
  const nodes: string[] = [];
  // One index seek a node: the log is long and nodes are few.
  for (let last = ''; ; ) {
    const row = await tx.get<{ node: string | null }>(
      'SELECT MIN(node) AS node FROM message_log WHERE node > ?',
      last,
    );
    if (row === undefined || row.node === null) return nodes;
    last = row.node;
    nodes.push(last);
  }
}

/** An entry of the log holds something that no event is: it is not what was written. */
export class UnreadableEntry extends Error {
  readonly node: string;
  readonly seq: number;

  constructor({ node, seq }: Pick<LoggedEvent, 'node' | 'seq'>, cause: unknown) {
    super(`Entry ${node}/${seq} of the message log is damaged: run pec log verify --full.`, { cause });
    this.name = 'UnreadableEntry';
    this.node = node;
    this.seq = seq;
  }
}

/** Rows of `selectEvents` as events. @throws {UnreadableEntry} for the first that is none. */
export async function readEvents(
  tx: ReadTransaction,
  sql: string,
  values: readonly SqlValue[],
): Promise<LoggedEvent[]> {
  return (await tx.all<EventRow>(sql, ...values)).map(toLoggedEvent);
}

/** The same without those that are damaged: for verification, which names them by their hash. */
export async function readWholeEvents(
  tx: ReadTransaction,
  sql: string,
  values: readonly SqlValue[],
): Promise<LoggedEvent[]> {
  return (await tx.all<EventRow>(sql, ...values)).flatMap((row) => {
    try {
      return [toLoggedEvent(row)];
    } catch (error) {
      if (error instanceof UnreadableEntry) return [];
      throw error;
    }
  });
}

function toLoggedEvent(row: EventRow): LoggedEvent {
  try {
    return { node: row.node, seq: row.seq, event: toLogEvent(row), hash: row.hash };
  } catch (error) {
    throw new UnreadableEntry(row, error);
  }
}
