/**
 * Take-in-charge of recipients of this very provider (RFC 6109 §3.4, pec-wire §9): the whole flow happens, also
 * inside one domain. It is an entry of the log in the commit of the acceptance, and by setting a ricevuta di presa
 * in carico in the own service mailbox as well.
 */
import type { Transaction } from '../db/database.ts';
import { appendEvent } from '../message-log/append.ts';
import type { ReadSubmission } from './access-point.ts';
import { handOver } from './hand-over.ts';
import { issue } from './issue.ts';
import type { PointParts } from './parts.ts';
import type { SealedMessage } from './seal.ts';

export interface LocalTransfer {
  /** The recipients here; none for mail that goes elsewhere only. */
  readonly recipients: readonly string[];
  /** The signed receipt, when one is wanted. */
  readonly receipt: SealedMessage | undefined;
}

/** Nothing is written yet. @throws {MailError} `temporary` when the key is away. */
export async function prepareLocalTransfer(
  parts: PointParts,
  { standings, facts, at }: ReadSubmission,
): Promise<LocalTransfer> {
  const recipients = standings.filter(({ local }) => local).map(({ address }) => address);
  if (!parts.localTakeInCharge || recipients.length === 0) return { recipients, receipt: undefined };
  const { provider } = parts;
  const to = parts.mailReceipt();
  const values = { provider, facts, at, takenInCharge: recipients, to };
  return { recipients, receipt: await issue(parts, { build: 'takeInChargeReceipt', values }, at) };
}

/** In the transaction that accepts the message, after its own entry. */
export async function commitLocalTransfer(
  parts: PointParts,
  tx: Transaction,
  { recipients, receipt }: LocalTransfer,
  { facts, at, intake }: ReadSubmission,
): Promise<void> {
  if (recipients.length === 0) return;
  if (receipt !== undefined) {
    const { identificativo } = facts;
    await handOver(parts, tx, {
      sealed: receipt,
      to: parts.mailReceipt(),
      at,
      kind: 'service',
      identificativo,
    });
  }
  await appendEvent(
    tx,
    {
      type: 'taken-in-charge',
      at,
      facts,
      sendingProvider: parts.provider.name,
      generated: receipt === undefined ? [] : [receipt.generated],
      takenInCharge: recipients,
      size: intake.size,
    },
    parts.node,
  );
}
