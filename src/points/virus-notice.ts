/**
 * The receiving provider found a virus in a message of ours (RFC 6109 §3.2.4): for each recipient it names the
 * sender gets one virus non-delivery notice, and the transaction is closed.
 */
import type { Transaction } from '../db/database.ts';
import { appendEvent } from '../message-log/append.ts';
import type { CertificationData } from '../pec/certification-data.ts';
import { findPecMessage, type PecMessage } from '../queue/pec-messages.ts';
import type { Arrival } from './arrival.ts';
import { sendToSender } from './delivery-commit.ts';
import { issue } from './issue.ts';
import type { PointParts } from './parts.ts';

export interface VirusDetectionReceived {
  readonly arrival: Arrival;
  readonly data: CertificationData | undefined;
  readonly about: readonly string[];
}

export interface VirusNotices {
  /** To run in the transaction that moved the recipients' states; `closed`: those it closed, lower case. */
  commit(tx: Transaction, message: PecMessage, closed: ReadonlySet<string>): Promise<void>;
}

/** The notices, signed; nothing is written yet. */
export async function prepareVirusNotices(
  parts: PointParts,
  { arrival, data, about }: VirusDetectionReceived,
): Promise<VirusNotices | undefined> {
  if (data === undefined) return undefined;
  const { at } = arrival;
  const message = await parts.db.read((tx) => findPecMessage(tx, 'outgoing', data.identificativo));
  if (message === undefined) return undefined;
  const { facts } = message;
  // RFC 6109 §3.2.4: all that the notice needs is in the detection.
  const virus = data.extendedError ?? 'virus';
  const { provider } = parts;
  const notices = await Promise.all(
    about.map(async (recipient) => {
      const values = { provider, facts, at, recipient, virus };
      return { recipient, sealed: await issue(parts, { build: 'virusNonDeliveryNotice', values }, at) };
    }),
  );
  return {
    commit: async (tx, own, closed) => {
      for (const { recipient, sealed } of notices) {
        // Only the detection that closed the recipient gives a notice, one each (pec-wire §14 rule 4); the same one may
        // come again in the same millisecond.
        if (!closed.has(recipient.toLowerCase())) continue;
        await sendToSender(parts, tx, { message: own, sealed, at });
        await appendEvent(
          tx,
          {
            type: 'virus-non-delivery',
            at,
            facts,
            sendingProvider: own.senderProvider,
            generated: [sealed.generated],
            recipient,
            virus,
          },
          parts.node,
        );
      }
    },
  };
}
