/**
 * What the access point checks before it accepts: the formal rules (RFC 6109 §3.1.1), attachments, what the sender's
 * domain and mailbox may do (pec-wire §7.3), and how much a mailbox may send. Rules and policies give findings, hence
 * a non-acceptance notice; the rate is a matter of time and of SMTP.
 */
import { type Domain, findDomain } from '../accounts/domains.ts';
import { findMailboxById, type Mailbox } from '../accounts/mailboxes.ts';
import { countSent, findRateBreach, type RateBreach, type SendingLimits } from '../accounts/sending-rate.ts';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import { MailError } from '../lib/mail-error.ts';
import { domainOf } from '../mime/address.ts';
import { romeTime } from '../mime/date.ts';
import { checkAttachments, findForbiddenNames } from '../pec/attachment-rules.ts';
import type { Finding } from '../pec/findings.ts';
import { checkFormalRules } from '../pec/formal-checks.ts';
import { checkSendingPolicy, type SendingPolicy } from '../pec/policies.ts';
import type { ReadSubmission } from './access-point.ts';
import { inspectAttachments } from './attachments.ts';
import type { PointParts } from './parts.ts';

/** Who sends, as the rows say now: a session may be older than a block. */
export interface SenderStanding {
  /** Undefined when it was removed in the meantime. */
  readonly mailbox: Mailbox | undefined;
  /** Of the mailbox and, when it writes as an address of another domain of ours, of that. */
  readonly domains: readonly Domain[];
}

export async function readSender(
  tx: ReadTransaction,
  mailboxId: number,
  reversePath: string,
): Promise<SenderStanding> {
  const mailbox = await findMailboxById(tx, mailboxId);
  const names = new Set([mailbox?.domain, domainOf(reversePath).toLowerCase()]);
  const domains: Domain[] = [];
  for (const name of names) {
    const domain = name === undefined ? undefined : await findDomain(tx, name);
    if (domain !== undefined) domains.push(domain);
  }
  return { mailbox, domains };
}

/**
 * Everything that stands against the message; of an infected one nothing else is looked at.
 * @throws {MailError} `temporary` when the attachments cannot be read.
 */
export async function checkSubmission(parts: PointParts, read: ReadSubmission): Promise<Finding[]> {
  const { header, reversePath, recipients, intake, sender, facts } = read;
  if (intake.verdict.infected) return [];
  const { limits, forbiddenExtensions } = parts;
  const formal = checkFormalRules({ header, reversePath, recipients, size: intake.size, limits });
  const names = findForbiddenNames(intake.tree, forbiddenExtensions);
  const reports = await inspectAttachments(parts, intake);
  const policies = readPolicies(sender).flatMap((policy) => checkSendingPolicy(policy, facts.recipients));
  return [...formal, ...checkAttachments(names, reports), ...policies];
}

function readPolicies({ mailbox, domains }: SenderStanding): readonly SendingPolicy[] {
  const blocked =
    mailbox === undefined ||
    mailbox.removedAt !== undefined ||
    mailbox.sendingBlocked !== undefined ||
    domains.some(({ suspendedAt }) => suspendedAt !== undefined);
  const certifiedOnly = domains.some((domain) => domain.certifiedOnly);
  const groups = domains.flatMap(({ closedGroup }) => (closedGroup === undefined ? [] : [{ closedGroup }]));
  return [{ blocked, certifiedOnly }, ...groups];
}

/**
 * Before anything is signed for nothing; what counts is {@link takeFromRate}.
 * @throws {MailError} 451 4.7.1 with the time to try again, or 550 for a message that never fits.
 */
export async function requireRate(parts: PointParts, read: ReadSubmission): Promise<void> {
  const { perHour, perDay } = readLimits(parts, read);
  if (perHour === undefined && perDay === undefined) return;
  await parts.db.read((tx) => checkRate(parts, tx, read));
}

/** In the transaction that accepts: two sessions cannot both take the last of the rate. Throws as above. */
export async function takeFromRate(parts: PointParts, tx: Transaction, read: ReadSubmission): Promise<void> {
  const { mailbox } = read.sender;
  if (mailbox === undefined) return;
  await checkRate(parts, tx, read);
  // Also of mailboxes without a limit, so that one that is set later holds from its first minute.
  await countSent(tx, describeSending(read, mailbox));
}

async function checkRate(parts: PointParts, tx: ReadTransaction, read: ReadSubmission): Promise<void> {
  const { mailbox } = read.sender;
  if (mailbox === undefined) return;
  const breach = await findRateBreach(tx, describeSending(read, mailbox), readLimits(parts, read));
  if (breach !== undefined) throw rateError(breach, read.standings.length);
}

function readLimits({ sendingLimits }: PointParts, { sender: { mailbox } }: ReadSubmission): SendingLimits {
  return {
    perHour: mailbox?.recipientsPerHour ?? sendingLimits.perHour,
    perDay: mailbox?.recipientsPerDay ?? sendingLimits.perDay,
  };
}

function describeSending({ standings, at }: ReadSubmission, { id }: Mailbox) {
  return { mailboxId: id, recipients: standings.length, at };
}

function rateError({ window, limit, sent, fitsAt }: RateBreach, wanted: number): MailError {
  const rule = `This mailbox may write to ${limit} recipients in ${window === 'hour' ? 'an hour' : 'a day'}`;
  if (fitsAt === undefined)
    return new MailError('permanent', `${rule}, and the message has ${wanted}; send it to fewer at a time`, {
      code: 550,
      enhanced: '5.7.1',
    });
  const { day, time, zone } = romeTime(fitsAt);
  return new MailError(
    'temporary',
    `${rule} and has written to ${sent}; a message to ${wanted} can be sent after ${day} ${time} (${zone})`,
    { code: 451, enhanced: '4.7.1' },
  );
}
