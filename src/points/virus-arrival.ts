/**
 * A virus inside a correct transport envelope (RFC 6109 §3.2.3): the envelope is taken in charge and kept in the
 * store of infected messages, the sending provider gets one detection notice for each recipient here, and
 * nobody gets the message.
 */
import type { Transaction } from '../db/database.ts';
import { appendEvent } from '../message-log/append.ts';
import { keepInfected } from '../message-log/infected.ts';
import { handOver } from './hand-over.ts';
import { issue } from './issue.ts';
import type { PointParts } from './parts.ts';
import type { SealedMessage } from './seal.ts';
import type { TakenEnvelope } from './take-in-charge.ts';

export interface VirusDetection {
  /** To run in the transaction that takes the envelope in charge. */
  commit(tx: Transaction, messageId: number): Promise<void>;
}

interface Notice {
  readonly recipient: string;
  readonly sealed: SealedMessage;
}

/** The notices, signed; nothing is written yet. */
export async function detectVirus(
  parts: PointParts,
  taken: TakenEnvelope,
  virus: string,
): Promise<VirusDetection> {
  const { arrival, facts, recipients } = taken;
  const { at } = arrival;
  const to = arrival.reading.signer?.mailReceipt ?? '';
  const { provider } = parts;
  const notices: Notice[] = await Promise.all(
    recipients.map(async (recipient) => {
      const values = { provider, facts, at, recipient, virus, to };
      return { recipient, sealed: await issue(parts, { build: 'virusDetectionNotice', values }, at) };
    }),
  );
  return {
    commit: async (tx, messageId) => {
      await keepInfected(tx, { at, facts, virus, side: 'incoming', segments: arrival.intake.segments });
      for (const { recipient, sealed } of notices) {
        const { identificativo } = facts;
        await handOver(parts, tx, { sealed, to, at, kind: 'service', identificativo, messageId });
        await appendEvent(
          tx,
          {
            type: 'virus-detected',
            at,
            facts,
            sendingProvider: taken.envelope.provider,
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
