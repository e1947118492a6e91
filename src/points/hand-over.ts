/**
 * Where a sealed message goes, inside the transaction of the act: into a mailbox here, or into the outgoing
 * queue. Receipts and notices find room in a mailbox even when it is full.
 */
import { findMailbox } from '../accounts/mailboxes.ts';
import { addContent } from '../content/content.ts';
import type { Transaction } from '../db/database.ts';
import { fromLatin1 } from '../lib/bytes.ts';
import type { Instant } from '../lib/time.ts';
import { deliver } from '../mailbox/deliver.ts';
import type { GeneratedKind } from '../pec/generated.ts';
import { enqueue, type OutgoingKind } from '../queue/outgoing.ts';
import { idleLimit } from '../queue/retry.ts';
import { readStandings } from './directory.ts';
import type { PointParts } from './parts.ts';
import type { SealedMessage } from './seal.ts';

export interface HandOver {
  readonly sealed: SealedMessage;
  readonly to: string;
  readonly at: Instant;
  readonly kind: OutgoingKind;
  /** Of the certified message it is about. */
  readonly identificativo: string;
  /** Row of that message; undefined when it has none (refused). */
  readonly messageId?: number;
}

/**
 * `mailbox`: stored here. `queue`: on its way to another server. `nowhere`: the mailbox would be ours and does
 * not exist (any more); the log still has the message.
 */
export type Place = 'mailbox' | 'queue' | 'nowhere';

/** RFC 5321 §4.4: final delivery records the reverse path; nothing else is added to the message. */
export function buildReturnPath(reversePath: string): Uint8Array {
  return fromLatin1(`Return-Path: <${reversePath}>\r\n`);
}

/** Good news, which a mailbox may want apart. Notices (avvisi) stay where their reader looks first. */
function isReceipt(kind: GeneratedKind): boolean {
  return kind === 'acceptance-receipt' || kind === 'delivery-receipt';
}

/** Gives a notification, whose reverse path is the provider's own address, to one recipient. */
export async function handOver(
  parts: PointParts,
  tx: Transaction,
  { sealed, to, at, kind, identificativo, messageId }: HandOver,
): Promise<Place> {
  const mailbox = await findMailbox(tx, to);
  if (mailbox !== undefined) {
    const returnPath = buildReturnPath(parts.provider.address);
    const contentId = await addContent(tx, [returnPath, ...sealed.segments]);
    const size = returnPath.length + sealed.size;
    await deliver(tx, {
      mailboxId: mailbox.id,
      mailbox,
      contentId,
      size,
      internalDate: at,
      overQuota: true,
      receipt: isReceipt(sealed.generated.kind),
    });
    return 'mailbox';
  }
  const [standing] = await readStandings(parts, tx, [to]);
  if (standing === undefined || standing.local) return 'nowhere';
  const contentId = await addContent(tx, sealed.segments);
  await enqueue(tx, [
    {
      node: parts.node,
      kind,
      identificativo,
      messageId,
      mailId: sealed.generated.messageId,
      contentId,
      skip: 0,
      size: sealed.size,
      eightBit: sealed.eightBit,
      reversePath: parts.provider.address,
      recipient: to,
      domain: standing.domain,
      certified: standing.certified,
      queuedAt: at,
      expiresAt: at + idleLimit,
    },
  ]);
  return 'queue';
}
