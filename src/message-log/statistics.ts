/**
 * The figures providers report to AgID for a period (P01), and how long messages took, from the log alone: one
 * pass in pages, each in a transaction of its own, memory that does not grow with the period.
 */
import type { ReadTransaction } from '../db/database.ts';
import { Durations } from '../lib/durations.ts';
import type { Instant } from '../lib/time.ts';
import type { LogEventType, NotificationReceivedEvent } from '../pec/events.ts';
import { notificationValues } from '../pec/wire-names.ts';

export interface LogStatistics {
  /** Acceptances: messages out. */
  readonly accepted: number;
  /** Takes in charge at this provider, also of messages between two mailboxes of its own. */
  readonly takenInCharge: number;
  /** Receipts of them that were issued (prese in carico): messages in, as they are reported. */
  readonly takeInChargeReceipts: number;
  /** Messages refused at the access point, for another reason than a virus. */
  readonly refused: number;
  /** Messages of users here that held a virus. */
  readonly virusesOut: number;
  /** Messages from elsewhere that held a virus. */
  readonly virusesIn: number;
  /** Recipients here, by outcome. */
  readonly delivered: number;
  readonly notDelivered: number;
  /** From the acceptance of our messages to the presa in carico, and to the delivery, here or elsewhere. */
  readonly timeToTakeInCharge: Durations;
  readonly timeToDelivery: Durations;
}

export interface Period {
  readonly from: Instant;
  /** Exclusive. */
  readonly to: Instant;
}

type Read = <T>(fn: (tx: ReadTransaction) => Promise<T>) => Promise<T>;

interface Row {
  at: number;
  node: string;
  seq: number;
  type: LogEventType;
  identificativo: string;
  detail: string | null;
  receipts: number;
  accepted_at: number | null;
}

const pageSize = 10_000;

/** Only the events that have a duration look for their acceptance, by index. */
const pageSql = `SELECT l.at, l.node, l.seq, l.type, l.identificativo,
    CASE WHEN l.type = 'notification-received' THEN l.detail END AS detail,
    CASE WHEN l.type = 'taken-in-charge' AND l.generated <> '[]' THEN 1 ELSE 0 END AS receipts,
    CASE WHEN l.type IN ('delivered', 'taken-in-charge', 'notification-received') THEN
      (SELECT a.at FROM message_log a WHERE a.identificativo = l.identificativo AND a.type = 'accepted'
         ORDER BY a.at LIMIT 1) END AS accepted_at
  FROM message_log l
  WHERE l.at >= ? AND l.at < ? AND (l.at, l.node, l.seq) > (?, ?, ?)
  ORDER BY l.at, l.node, l.seq LIMIT ?`;

export async function collectStatistics(read: Read, period: Period): Promise<LogStatistics> {
  const tally = new Tally();
  let last: Pick<Row, 'at' | 'node' | 'seq'> = { at: period.from, node: '', seq: 0 };
  while (true) {
    const { at, node, seq } = last;
    const rows = await read((tx) => tx.all<Row>(pageSql, at, period.to, at, node, seq, pageSize));
    for (const row of rows) tally.add(row);
    const end = rows.at(-1);
    if (end === undefined || rows.length < pageSize) return tally.result();
    last = end;
  }
}

class Tally {
  readonly #counts = new Map<LogEventType, number>();
  /** A virus is reported once a recipient; what counts is the message. There are few. */
  readonly #infected = new Set<string>();
  #receipts = 0;
  readonly #takeInCharge = new Durations();
  readonly #delivery = new Durations();

  add(row: Row): void {
    this.#counts.set(row.type, this.#of(row.type) + 1);
    this.#receipts += row.receipts;
    if (row.type === 'virus-detected') this.#infected.add(row.identificativo);
    if (row.accepted_at === null) return;
    const duration = row.at - row.accepted_at;
    const step = stepOf(row);
    if (step === 'taken') this.#takeInCharge.add(duration);
    else if (step === 'delivered') this.#delivery.add(duration);
  }

  result(): LogStatistics {
    return {
      accepted: this.#of('accepted'),
      takenInCharge: this.#of('taken-in-charge'),
      takeInChargeReceipts: this.#receipts,
      refused: this.#of('refused'),
      virusesOut: this.#of('refused-for-virus'),
      virusesIn: this.#infected.size,
      delivered: this.#of('delivered'),
      notDelivered: this.#of('not-delivered'),
      timeToTakeInCharge: this.#takeInCharge,
      timeToDelivery: this.#delivery,
    };
  }

  #of(type: LogEventType): number {
    return this.#counts.get(type) ?? 0;
  }
}

/** What happened to a message of ours, here or, as its notification tells, at another provider. */
function stepOf({ type, detail }: Row): 'taken' | 'delivered' | undefined {
  if (type === 'taken-in-charge') return 'taken';
  if (type === 'delivered') return 'delivered';
  if (detail === null) return undefined;
  const { notification } = JSON.parse(detail) as Pick<NotificationReceivedEvent, 'notification'>;
  if (notification === notificationValues.takeInCharge) return 'taken';
  return notification === notificationValues.delivery ? 'delivered' : undefined;
}
