/** What a message that this provider issued enclosed, from the transport envelope while that is stored. */

import { findMailbox } from '../accounts/mailboxes.ts';
import { collectSegments } from '../blob/read-segments.ts';
import { loadContent } from '../content/content.ts';
import type { ReadTransaction } from '../db/database.ts';
import { type Segments, sizeOf, sliceSegments } from '../lib/segments.ts';
import type { Instant } from '../lib/time.ts';
import { parseHeaderBlock } from '../mime/header.ts';
import type { MessageFacts } from '../pec/facts.ts';
import type { GeneratedMessage } from '../pec/generated.ts';
import type { EnclosedMessage } from '../pec/transport-envelope.ts';
import { findPecMessage, type PecMessage } from '../queue/pec-messages.ts';
import { shortenOriginal } from './brief-form.ts';
import type { PointParts } from './parts.ts';

/** The longest header that a reproduction reads: more than any that was accepted. */
const longestHead = 4 * 1024 * 1024;

/** The record of a message and the instant of its event. */
export interface IssuedRecord {
  readonly facts: MessageFacts;
  readonly at: Instant;
  readonly generated: GeneratedMessage;
}

export interface FoundOriginal extends EnclosedMessage {
  /**
   * `kept`: with the message's own row. `mailbox`: from what lies in the recipient's mailbox, of the same size
   * and instant as the envelope; only the signature tells whether it is it.
   */
  readonly from: 'kept' | 'mailbox';
}

/** True when it cannot be written again without what it enclosed. */
export function encloses({ generated }: Pick<IssuedRecord, 'generated'>): boolean {
  return enclosesWhat(generated) !== undefined;
}

/** The original as it was enclosed, whole or in its brief form, from wherever it may still be. */
export async function* findEnclosed(
  parts: Pick<PointParts, 'db' | 'blobs'>,
  record: IssuedRecord,
): AsyncGenerator<FoundOriginal> {
  const need = enclosesWhat(record.generated);
  if (need === undefined) return;
  // A receipt for another provider's message was salted, and the envelope arrived; else it is ours.
  const direction = need.salt === undefined ? 'outgoing' : 'incoming';
  const { identificativo } = record.facts;
  const message = await parts.db.read((tx) => findPecMessage(tx, direction, identificativo));
  if (message === undefined) return;
  const { envelopeId, original, eightBit } = message;
  const kept = envelopeId === undefined ? [] : [envelopeId];
  const delivered = await parts.db.read((tx) => listDelivered(tx, record, message));
  for (const contentId of new Set([...kept, ...delivered])) {
    const { segments } = await parts.db.read((tx) => loadContent(tx, contentId));
    const whole = sliceSegments(segments, original.start, original.end);
    const header = await readHeader(parts, whole);
    const from = contentId === envelopeId ? 'kept' : 'mailbox';
    if (need.brief === undefined) yield { header, segments: whole, eightBit, from };
    else {
      const brief = await shortenOriginal(parts.blobs, whole, need.brief.hashAlgorithm);
      yield { header, segments: brief, eightBit, from };
    }
  }
}

/** What was put into the recipient's mailbox at that instant, in whatever folder it is now. */
async function listDelivered(
  tx: ReadTransaction,
  { at, generated }: IssuedRecord,
  { envelopeSize }: PecMessage,
): Promise<number[]> {
  if (generated.kind !== 'delivery-receipt') return [];
  const mailbox = await findMailbox(tx, generated.recipient);
  if (mailbox === undefined) return [];
  const rows = await tx.all<{ content_id: number }>(
    `SELECT DISTINCT m.content_id FROM message m JOIN folder f ON f.id = m.folder_id
       WHERE f.mailbox_id = ? AND m.internal_date = ? AND m.size = ? ORDER BY m.content_id`,
    mailbox.id,
    at,
    envelopeSize,
  );
  return rows.map((row) => row.content_id);
}

interface Need {
  readonly salt: string | undefined;
  readonly brief: { readonly hashAlgorithm: 'sha1' | 'sha256' } | undefined;
}

function enclosesWhat(generated: GeneratedMessage): Need | undefined {
  if (generated.kind === 'transport-envelope') return { salt: undefined, brief: undefined };
  if (generated.kind !== 'delivery-receipt' || generated.receiptKind === 'sintetica') return undefined;
  const { salt, receiptKind, hashAlgorithm = 'sha1' } = generated;
  return { salt, brief: receiptKind === 'breve' ? { hashAlgorithm } : undefined };
}

async function readHeader({ blobs }: Pick<PointParts, 'blobs'>, original: Segments) {
  const head = sliceSegments(original, 0, Math.min(longestHead, sizeOf(original)));
  return parseHeaderBlock(await collectSegments(blobs, head, longestHead));
}
