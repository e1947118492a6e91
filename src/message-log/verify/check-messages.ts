/**
 * The coherence rules of a provider's log (pec-wire §14) over all messages, some hundreds at a time by their
 * identificativo, so that a log of any length needs little memory.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from '../../db/database.ts';
import type { Instant } from '../../lib/time.ts';
import { type CoherenceContext, checkCoherence } from '../../pec/coherence.ts';
import type { LogEvent } from '../../pec/events.ts';
import { type LoggedEvent, readWholeEvents, selectEvents } from '../find.ts';
import type { Findings } from './findings.ts';

export interface MessagesCheck {
  readonly db: Database;
  readonly provider: string;
  readonly isOurDomain: CoherenceContext['isOurDomain'];
  readonly now: Instant;
  /** True when older entries have left the log: messages that began before then cannot be judged. */
  readonly hasGaps: boolean;
  readonly findings: Findings;
}

/** A transaction closes after 24 hours; what is missing after two days is missing for good. */
const settledAfterMs = 48 * 3_600_000;
const pageMessages = 300;

/** How many messages were judged. */
export async function checkMessages(check: MessagesCheck): Promise<number> {
  let count = 0;
  for (let after = ''; ; ) {
    const names = await check.db.read((tx) =>
      tx.all<{ identificativo: string }>(
        `SELECT DISTINCT identificativo FROM message_log WHERE identificativo > ?
           ORDER BY identificativo LIMIT ?`,
        after,
        pageMessages,
      ),
    );
    const last = names.at(-1)?.identificativo;
    if (last === undefined) return count;
    const events = await readMessages(check.db, after, last);
    for (const message of Map.groupBy(events, ({ event }) => event.facts.identificativo).values())
      judgeMessage(check, message);
    count += names.length;
    after = last;
    await nextTurn();
  }
}

function readMessages(db: Database, after: string, through: string): Promise<LoggedEvent[]> {
  const where = 'WHERE l.identificativo > ? AND l.identificativo <= ?';
  return db.read((tx) =>
    readWholeEvents(tx, `${selectEvents} ${where} ORDER BY l.identificativo, l.at, l.node, l.seq`, [
      after,
      through,
    ]),
  );
}

function judgeMessage(check: MessagesCheck, logged: readonly LoggedEvent[]): void {
  const [first] = logged;
  if (first === undefined || (check.hasGaps && !opensMessage(first.event))) return;
  const { provider, isOurDomain, now } = check;
  const settled = first.event.at < now - settledAfterMs;
  const events = logged.map(({ event }) => event);
  for (const { rule, identificativo, recipient, text } of checkCoherence(events, {
    provider,
    isOurDomain,
    settled,
  }))
    check.findings.add({
      code: 'incoherent',
      node: first.node,
      seq: first.seq,
      identificativo,
      text: `rule ${rule}: ${recipient === undefined ? '' : `${recipient} `}${text}`,
    });
}

/** What a message begins with here. */
function opensMessage({ type }: LogEvent): boolean {
  return openers.has(type);
}

const openers: ReadonlySet<LogEvent['type']> = new Set(['accepted', 'refused', 'refused-for-virus']);
