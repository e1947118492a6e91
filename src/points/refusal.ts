/** Refusal at the access point: a notice for the sender, nothing for the recipients (RFC 6109 §3.1.2, §3.1.3). */

import type { Transaction } from '../db/database.ts';
import { appendEvent } from '../message-log/append.ts';
import { keepInfected } from '../message-log/infected.ts';
import type { Finding } from '../pec/findings.ts';
import type { ReadSubmission } from './access-point.ts';
import { handOver } from './hand-over.ts';
import { issue } from './issue.ts';
import type { PointParts } from './parts.ts';
import type { SealedMessage } from './seal.ts';
import { recordForSender } from './sender-copy.ts';

/** @throws {MailError} `temporary` when key or store are away; nothing is written then. */
export async function refuseWithNotice(
  parts: PointParts,
  read: ReadSubmission,
  findings: readonly Finding[],
): Promise<void> {
  const { provider } = parts;
  const { facts, at, login, intake } = read;
  const reasons = findings.map(({ code, status, italian, english }) => ({ code, status, italian, english }));
  const notice = await issue(
    parts,
    { build: 'nonAcceptanceNotice', values: { provider, facts, at, reasons } },
    at,
  );
  await parts.steps.reached('access:signed');
  await parts.db.transact(async (tx) => {
    await sendNotice(parts, tx, read, notice);
    await recordForSender(tx, read, undefined);
    await appendEvent(
      tx,
      {
        type: 'refused',
        at,
        facts,
        sendingProvider: provider.name,
        generated: [notice.generated],
        login: login.name,
        size: intake.size,
        reasons,
      },
      parts.node,
    );
  });
}

/** The message itself goes into the store of infected messages for 30 months (§2.2.4). */
export async function refuseForVirus(parts: PointParts, read: ReadSubmission, virus: string): Promise<void> {
  const { provider } = parts;
  const { facts, at, login, intake } = read;
  const notice = await issue(
    parts,
    { build: 'virusNonAcceptanceNotice', values: { provider, facts, at, virus } },
    at,
  );
  await parts.steps.reached('access:signed');
  await parts.db.transact(async (tx) => {
    await keepInfected(tx, { at, facts, virus, side: 'access', segments: intake.segments });
    await sendNotice(parts, tx, read, notice);
    await recordForSender(tx, read, undefined);
    await appendEvent(
      tx,
      {
        type: 'refused-for-virus',
        at,
        facts,
        sendingProvider: provider.name,
        generated: [notice.generated],
        login: login.name,
        size: intake.size,
        virus,
      },
      parts.node,
    );
  });
}

async function sendNotice(
  parts: PointParts,
  tx: Transaction,
  { facts, at }: ReadSubmission,
  sealed: SealedMessage,
): Promise<void> {
  const { sender: to, identificativo } = facts;
  await handOver(parts, tx, { sealed, to, at, kind: 'notification', identificativo });
}
