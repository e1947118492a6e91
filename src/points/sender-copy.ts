/**
 * The sender's own copy: stored by the provider where the mailbox wants it, and marked with how the message fares.
 * The marks are always worked out anew from the rows that the receipts are decided from, in the transaction of the
 * act, and follow the last message that the mailbox sent under the Message-ID.
 */
import { addContent } from '../content/content.ts';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import { findSentCopies, markSentCopies, storeSentCopy } from '../mailbox/sent-copies.ts';
import { allSentMarks, decideSentMarks, type SentMark, sentMarks } from '../pec/sent-marks.ts';
import type { PecMessage } from '../queue/pec-messages.ts';
import { countStates, findSubmission, findSubmitter, recordSubmission } from '../queue/submissions.ts';
import type { ReadSubmission } from './access-point.ts';

/** In the transaction that accepts (`messageId`: its row) or refuses (undefined) a submission. */
export async function recordForSender(
  tx: Transaction,
  { login: { mailboxId }, facts: { msgid }, at }: ReadSubmission,
  messageId: number | undefined,
): Promise<void> {
  if (msgid === undefined) return;
  await recordSubmission(tx, { mailboxId, msgid, messageId, at });
  await markCopies(tx, mailboxId, msgid, async () =>
    messageId === undefined ? [sentMarks.failed] : [sentMarks.accepted],
  );
}

/**
 * The message as the client sent it, for a mailbox that wants it kept. A full mailbox keeps none: sending waits for
 * no room, and the delivery receipts have the message too.
 */
export async function keepSentCopy(tx: Transaction, read: ReadSubmission): Promise<void> {
  const { sender, intake, facts, at } = read;
  if (sender.mailbox?.sentCopy !== true) return;
  await storeSentCopy(tx, {
    mailboxId: sender.mailbox.id,
    messageId: facts.msgid,
    contentId: await addContent(tx, intake.segments),
    size: intake.size,
    at,
    keywords: [sentMarks.accepted],
  });
}

/** In each transaction that changes how a message of ours fares for a recipient, after the change. */
export async function settleSenderCopy(
  tx: Transaction,
  { id, direction, facts: { msgid } }: Pick<PecMessage, 'id' | 'direction' | 'facts'>,
): Promise<void> {
  if (direction !== 'outgoing' || msgid === undefined) return;
  const mailboxId = await findSubmitter(tx, id, msgid);
  if (mailboxId === undefined) return;
  await markCopies(tx, mailboxId, msgid, async () => decideSentMarks(await countStates(tx, id)));
}

/** For a copy that is stored now, before or after its receipts: the marks it has from the beginning. */
export async function readSentMarks(
  tx: ReadTransaction,
  mailboxId: number,
  msgid: string,
): Promise<readonly SentMark[]> {
  const submission = await findSubmission(tx, mailboxId, msgid);
  if (submission === undefined) return [];
  const { messageId } = submission;
  return decideSentMarks(messageId === undefined ? undefined : await countStates(tx, messageId));
}

/** The marks are worked out only for a sender that has a copy. */
async function markCopies(
  tx: Transaction,
  mailboxId: number,
  msgid: string,
  decide: () => Promise<readonly SentMark[]>,
): Promise<void> {
  const copies = await findSentCopies(tx, mailboxId, msgid);
  if (copies.length === 0) return;
  await markSentCopies(tx, mailboxId, copies, { among: allSentMarks, wanted: await decide() });
}
