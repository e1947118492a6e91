/**
 * The store of infected messages (RFC 6109 §2.2.4): whoever finds the virus keeps the message for 30 months.
 * Nothing here is ever served to a mailbox.
 */
import { addContent, releaseContents } from '../content/content.ts';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { Segments } from '../lib/segments.ts';
import type { Instant } from '../lib/time.ts';
import type { MessageFacts } from '../pec/facts.ts';

export interface InfectedMessage {
  readonly at: Instant;
  /** Where it was found: submitted by a user of ours, or arrived from another provider. */
  readonly side: 'access' | 'incoming';
  readonly facts: MessageFacts;
  /** The scanner's name for what it found. */
  readonly virus: string;
}

export interface StoredInfected extends InfectedMessage {
  readonly id: number;
  readonly contentId: number;
}

interface InfectedRow {
  id: number;
  at: number;
  side: 'access' | 'incoming';
  virus: string;
  facts: string;
  content_id: number;
}

/** Keeps the message as it came, in the transaction of the act. */
export async function keepInfected(
  tx: Transaction,
  message: InfectedMessage & { readonly segments: Segments },
): Promise<void> {
  const { at, side, facts, virus, segments } = message;
  const contentId = await addContent(tx, segments);
  await tx.run(
    `INSERT INTO infected (at, side, identificativo, sender, virus, facts, content_id)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    at,
    side,
    facts.identificativo,
    facts.sender,
    virus,
    JSON.stringify(facts),
    contentId,
  );
}

/** A page of the store, oldest first, after the row `afterId`. */
export async function listInfected(
  tx: ReadTransaction,
  { afterId, limit }: { readonly afterId: number; readonly limit: number },
): Promise<StoredInfected[]> {
  const rows = await tx.all<InfectedRow>(
    'SELECT * FROM infected WHERE id > ? ORDER BY id LIMIT ?',
    afterId,
    limit,
  );
  return rows.map(toStored);
}

export async function findInfected(tx: ReadTransaction, id: number): Promise<StoredInfected | undefined> {
  const row = await tx.get<InfectedRow>('SELECT * FROM infected WHERE id = ?', id);
  return row === undefined ? undefined : toStored(row);
}

/** Lets go of messages found before that instant, at most `limit`; how many. The message log keeps its entry. */
export async function forgetInfected(
  tx: Transaction,
  { before, limit }: { readonly before: Instant; readonly limit: number },
): Promise<number> {
  const rows = await tx.all<{ content_id: number }>(
    `DELETE FROM infected WHERE id IN (SELECT id FROM infected WHERE at < ? ORDER BY at LIMIT ?)
       RETURNING content_id`,
    before,
    limit,
  );
  await releaseContents(
    tx,
    rows.map((row) => row.content_id),
  );
  return rows.length;
}

function toStored(row: InfectedRow): StoredInfected {
  const facts = JSON.parse(row.facts) as MessageFacts;
  return { id: row.id, at: row.at, side: row.side, virus: row.virus, facts, contentId: row.content_id };
}
