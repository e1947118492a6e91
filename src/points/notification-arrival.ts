/**
 * A correct notification arrives (RFC 6109 §2.2.2, §3.1.6, §3.2.4). It goes unchanged to the user it is for, or
 * into the service mailbox, and moves the state of the recipient it is about, if the provider that signed it
 * may speak for that recipient. A notification certifies only what its issuer manages.
 */
import { findMailbox } from '../accounts/mailboxes.ts';
import { addContent } from '../content/content.ts';
import type { Transaction } from '../db/database.ts';
import { MailError } from '../lib/mail-error.ts';
import { deliver } from '../mailbox/deliver.ts';
import { appendEvent } from '../message-log/append.ts';
import { domainOf, sameAddress } from '../mime/address.ts';
import type { CertificationData } from '../pec/certification-data.ts';
import { readFacts } from '../pec/certification-data-reader.ts';
import type { IncomingKind } from '../pec/incoming-classification.ts';
import { decideTransition, type LifecycleEvent, statesBefore } from '../pec/lifecycle.ts';
import { readMsgid } from '../pec/original-message.ts';
import { notificationValues } from '../pec/wire-names.ts';
import { removeForRecipient } from '../queue/outgoing.ts';
import {
  findPecMessage,
  findRecipient,
  listRecipients,
  moveRecipient,
  type PecMessage,
} from '../queue/pec-messages.ts';
import { describeArrival, infected } from './anomaly.ts';
import { type Arrival, isServiceAddress } from './arrival.ts';
import type { PointParts } from './parts.ts';
import { settleSenderCopy } from './sender-copy.ts';
import { buildTrace } from './trace.ts';
import { prepareVirusNotices, type VirusNotices } from './virus-notice.ts';

type Notification = Extract<IncomingKind, { kind: 'notification' }>;

const events: Readonly<Record<string, LifecycleEvent>> = {
  [notificationValues.takeInCharge]: 'taken-in-charge',
  [notificationValues.delivery]: 'delivered',
  [notificationValues.nonDelivery]: 'failed',
  [notificationValues.virusDetection]: 'virus-detected',
};

/** The text for the 250 line. @throws {MailError} 550 when a recipient has no mailbox here. */
export async function receiveNotification(
  parts: PointParts,
  arrival: Arrival,
  notification: Notification,
): Promise<string> {
  if (arrival.intake.verdict.infected) throw infected(arrival.intake.verdict.virus);
  const about = readAbout(arrival, notification);
  const virus =
    notification.notification === notificationValues.virusDetection
      ? await prepareVirusNotices(parts, { arrival, data: notification.data, about })
      : undefined;
  await parts.steps.reached('incoming:signed');
  await parts.db.transact((tx) => commit(parts, tx, { arrival, notification, about, virus }));
  return 'Notification taken';
}

/** The recipients it is about, of those its issuer manages: nobody speaks for another provider's users. */
function readAbout({ reading }: Arrival, { data }: Notification): readonly string[] {
  if (data === undefined) return [];
  const managed = reading.signer?.managedDomains ?? [];
  const named = data.delivery === undefined ? (data.takenInCharge ?? []) : [data.delivery];
  return named.filter((address) => managed.includes(domainOf(address).toLowerCase()));
}

interface Commit {
  readonly arrival: Arrival;
  readonly notification: Notification;
  readonly about: readonly string[];
  readonly virus: VirusNotices | undefined;
}

async function commit(parts: PointParts, tx: Transaction, work: Commit): Promise<void> {
  const { arrival, notification } = work;
  const message = await findOurs(tx, notification.data);
  const about = message === undefined ? [] : await keepRecipients(tx, message, work.about);
  const { late, moved } =
    message === undefined ? nothingMoved : await moveStates(parts, tx, { ...work, about, message });
  if (message !== undefined) await settleSenderCopy(tx, message);
  if (message !== undefined && work.virus !== undefined) await work.virus.commit(tx, message, moved);
  const receipt = notification.notification === notificationValues.delivery;
  const known = await deliverUnchanged(parts, tx, arrival, { receipt, sender: message?.facts.sender });
  if (known === 'again' || (known === 'nowhere' && moved.size === 0)) return;
  await appendEvent(
    tx,
    {
      type: 'notification-received',
      at: arrival.at,
      facts:
        message?.facts ??
        (notification.data === undefined
          ? describeArrival(parts, { arrival, recipients: arrival.recipients })
          : readFacts(notification.data)),
      sendingProvider: message?.senderProvider ?? '',
      generated: [],
      notification: notification.notification,
      error: notification.data?.error ?? '',
      notificationId: readMsgid(arrival.reading.header) ?? '',
      issuer: notification.provider,
      about,
      late,
    },
    parts.node,
  );
}

/** The message of ours that the notification names; undefined when it names none, or another sender. */
async function findOurs(
  tx: Transaction,
  data: CertificationData | undefined,
): Promise<PecMessage | undefined> {
  if (data === undefined) return undefined;
  const message = await findPecMessage(tx, 'outgoing', data.identificativo);
  return message?.facts.sender.toLowerCase() === data.sender.toLowerCase() ? message : undefined;
}

/** Those that the message really has at other providers: recipients here are delivered to by this one only. */
async function keepRecipients(
  tx: Transaction,
  message: PecMessage,
  about: readonly string[],
): Promise<readonly string[]> {
  const recipients = await listRecipients(tx, message.id);
  const remote = new Set(
    recipients.filter(({ local, certified }) => certified && !local).map(({ address }) => address),
  );
  return about.filter((address) => remote.has(address.toLowerCase()));
}

interface Moved {
  /** The transaction had been closed for a recipient before. */
  readonly late: boolean;
  /** Recipients whose state is another now, lower case. */
  readonly moved: ReadonlySet<string>;
}

const nothingMoved: Moved = { late: false, moved: new Set() };

async function moveStates(
  parts: PointParts,
  tx: Transaction,
  { arrival, notification, about, message }: Commit & { readonly message: PecMessage },
): Promise<Moved> {
  const event = events[notification.notification];
  if (event === undefined) return nothingMoved;
  let late = false;
  const moved = new Set<string>();
  for (const recipient of about) {
    const address = recipient.toLowerCase();
    const row = await findRecipient(tx, message.id, address);
    if (row === undefined) continue;
    const transition = decideTransition(row.state, event);
    if (transition.kind === 'late') late = true;
    if (transition.kind !== 'move') continue;
    moved.add(address);
    const closes = event !== 'taken-in-charge';
    await moveRecipient(tx, {
      messageId: message.id,
      address,
      from: statesBefore(event),
      to: transition.to,
      ...(closes ? { closedAt: arrival.at, nextAt: null } : { takenAt: arrival.at, nextAt: arrival.at }),
    });
    if (closes) await removeForRecipient(tx, message.id, address);
  }
  if (!late) tx.afterCommit(() => parts.workers.timeoutsChanged());
  return { late, moved };
}

interface Unchanged {
  readonly receipt: boolean;
  /** Of our message that it is about; undefined when it is about none. */
  readonly sender: string | undefined;
}

/**
 * `again`: this very notification stands in all the mailboxes it is for; its sender lost our 250. `nowhere`: it is for
 * the sender of a message of ours whose mailbox was removed since; what it certifies counts all the same.
 */
async function deliverUnchanged(
  parts: PointParts,
  tx: Transaction,
  arrival: Arrival,
  { receipt, sender }: Unchanged,
): Promise<'stored' | 'again' | 'nowhere'> {
  const { recipients, intake, at, reading } = arrival;
  const id = readMsgid(reading.header) ?? '';
  const trace = buildTrace(parts, arrival);
  let contentId: number | undefined;
  let stored = false;
  let gone = false;
  for (const recipient of recipients) {
    const mailbox = await findMailbox(tx, recipient);
    if (mailbox === undefined) {
      if (isServiceAddress(parts, recipient)) continue;
      gone = sender !== undefined && sameAddress(recipient, sender);
      if (gone) continue;
      throw new MailError('permanent', `There is no mailbox ${recipient} here`, {
        code: 550,
        enhanced: '5.1.1',
      });
    }
    const fresh = await tx.run(
      'INSERT INTO notification_received (mail_id, mailbox_id, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      id,
      mailbox.id,
      at,
    );
    if (fresh.changes === 0) continue;
    stored = true;
    contentId ??= await addContent(tx, [trace, ...intake.segments]);
    const size = trace.length + intake.size;
    await deliver(tx, { mailboxId: mailbox.id, contentId, size, internalDate: at, overQuota: true, receipt });
  }
  if (stored || recipients.every((recipient) => isServiceAddress(parts, recipient))) return 'stored';
  return gone ? 'nowhere' : 'again';
}
