/**
 * The mailboxes (caselle): address, quota, policies. A removed mailbox keeps its row for as long as the message
 * log speaks of it, and its address goes to another holder only when that is said in so many words.
 */
import type { ReadTransaction, SqlValue, Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { refuse } from './account-error.ts';
import { keyOf, parseMailboxAddress } from './address-key.ts';
import { checkAmount, chosen, type Domain, type OrdinaryMail, requireDomain } from './domains.ts';
import { deleteLogins } from './logins.ts';

export interface Mailbox {
  readonly id: number;
  /** As its holder writes it; compared without case. */
  readonly address: string;
  /** Lower case, A-labels. */
  readonly domain: string;
  readonly displayName: string;
  readonly quotaBytes: number;
  /** Undefined = as the domain, else the provider, has it. */
  readonly ordinaryMail: OrdinaryMail | undefined;
  /** Where ordinary mail goes when `ordinaryMail` is `forward`. */
  readonly forwardTo: string | undefined;
  readonly sendingBlocked: { readonly at: Instant; readonly reason: string } | undefined;
  /** Undefined = as the provider's setting says. */
  readonly recipientsPerHour: number | undefined;
  readonly recipientsPerDay: number | undefined;
  /** Name of the folder its receipts go to; undefined = the inbox. */
  readonly receiptsFolder: string | undefined;
  /** Whether what it sends is also put into its folder for sent mail. */
  readonly sentCopy: boolean;
  /** Of IMAP and POP3, in upper case: not offered after the login, for programs that trip on them. */
  readonly withoutCapabilities: readonly string[];
  readonly createdAt: Instant;
  readonly removedAt: Instant | undefined;
}

export interface NewMailbox {
  readonly address: string;
  readonly quotaBytes?: number;
  readonly displayName?: string;
  /** Says that an address that another mailbox had before may be given out again. */
  readonly reassign?: boolean;
}

/** `null` = back to the default; absent = as it was. */
export interface MailboxSettings {
  readonly displayName?: string;
  readonly quotaBytes?: number;
  readonly ordinaryMail?: OrdinaryMail | null;
  readonly forwardTo?: string | null;
  /** A compromised mailbox loses sending and keeps receiving. `null` lifts the block. */
  readonly sendingBlocked?: { readonly reason: string } | null;
  readonly recipientsPerHour?: number | null;
  readonly recipientsPerDay?: number | null;
  /** A folder name that the mail store allows. */
  readonly receiptsFolder?: string | null;
  readonly sentCopy?: boolean;
  /** All of them; empty = everything is offered. */
  readonly withoutCapabilities?: readonly string[];
  /** All further addresses it may write as sender; its own always counts. */
  readonly senders?: readonly string[];
}

export interface MailboxFilter {
  readonly domain?: string;
  /** Continue after this address. */
  readonly after?: string;
  readonly limit?: number;
}

interface MailboxRow {
  id: number;
  address: string;
  domain: string;
  display_name: string;
  quota_bytes: number;
  ordinary_mail: OrdinaryMail | null;
  forward_to: string | null;
  sending_blocked_at: number | null;
  sending_blocked_reason: string | null;
  recipients_per_hour: number | null;
  recipients_per_day: number | null;
  receipts_folder: string | null;
  sent_copy: number;
  without_capabilities: string | null;
  created_at: number;
  removed_at: number | null;
}

const select = 'SELECT m.*, d.name AS domain FROM mailbox m JOIN domain d ON d.id = m.domain_id';

/** Quota of a mailbox when neither its maker nor its domain names one: 1 GiB. */
export const standardQuotaBytes = 1_073_741_824;

/** @throws {MailError} `permanent` when the address cannot be given out, with what to do. */
export async function insertMailbox(tx: Transaction, wanted: NewMailbox, at: Instant): Promise<Mailbox> {
  const { address, domain: domainName } = parseMailboxAddress(wanted.address);
  const domain = await requireDomain(tx, domainName);
  checkAmount('quota', wanted.quotaBytes);
  await checkFree(tx, address, wanted.reassign === true);
  await checkRoom(tx, domain);
  await tx.run(
    `INSERT INTO mailbox (domain_id, address, address_key, display_name, quota_bytes, created_at)
       VALUES (?, ?, ?, ?, ?, ?)`,
    domain.id,
    address,
    keyOf(address),
    wanted.displayName ?? '',
    wanted.quotaBytes ?? domain.defaultQuotaBytes ?? standardQuotaBytes,
    at,
  );
  return requireMailbox(tx, address);
}

/** The mailbox that has the address now; removed ones are not found. Never throws for a strange address. */
export async function findMailbox(tx: ReadTransaction, address: string): Promise<Mailbox | undefined> {
  const row = await tx.get<MailboxRow>(
    `${select} WHERE m.address_key = ? AND m.removed_at IS NULL`,
    keyOf(address),
  );
  return row === undefined ? undefined : toMailbox(row);
}

/** @throws {MailError} `permanent` when no mailbox has the address. */
export async function requireMailbox(tx: ReadTransaction, address: string): Promise<Mailbox> {
  const mailbox = await findMailbox(tx, address);
  if (mailbox === undefined) throw refuse(`There is no mailbox ${address}`);
  return mailbox;
}

/** By id; also a removed one. */
export async function findMailboxById(tx: ReadTransaction, id: number): Promise<Mailbox | undefined> {
  const row = await tx.get<MailboxRow>(`${select} WHERE m.id = ?`, id);
  return row === undefined ? undefined : toMailbox(row);
}

/** By address, without the removed. @throws {MailError} `permanent` when the domain is not one of ours. */
export async function listMailboxes(tx: ReadTransaction, filter: MailboxFilter): Promise<Mailbox[]> {
  const conditions = ['m.removed_at IS NULL', 'm.address_key > ?'];
  const values: SqlValue[] = [filter.after === undefined ? '' : keyOf(filter.after)];
  if (filter.domain !== undefined) {
    conditions.push('m.domain_id = ?');
    values.push((await requireDomain(tx, filter.domain)).id);
  }
  values.push(filter.limit ?? Number.MAX_SAFE_INTEGER);
  const rows = await tx.all<MailboxRow>(
    `${select} WHERE ${conditions.join(' AND ')} ORDER BY m.address_key LIMIT ?`,
    ...values,
  );
  return rows.map(toMailbox);
}

/** The mailbox as it is then. @throws {MailError} `permanent` when there is none, or a value is not allowed. */
export async function updateMailbox(
  tx: Transaction,
  address: string,
  settings: MailboxSettings,
  at: Instant,
): Promise<Mailbox> {
  const mailbox = await requireMailbox(tx, address);
  checkSettings(mailbox, settings);
  const blocked = settings.sendingBlocked === undefined ? mailbox.sendingBlocked : settings.sendingBlocked;
  await tx.run(
    `UPDATE mailbox SET display_name = ?, quota_bytes = ?, ordinary_mail = ?, forward_to = ?,
       sending_blocked_at = ?, sending_blocked_reason = ?, recipients_per_hour = ?, recipients_per_day = ?,
       receipts_folder = ?, sent_copy = ?, without_capabilities = ?
     WHERE id = ?`,
    settings.displayName ?? mailbox.displayName,
    settings.quotaBytes ?? mailbox.quotaBytes,
    chosen(settings.ordinaryMail, mailbox.ordinaryMail),
    chosen(settings.forwardTo, mailbox.forwardTo),
    blocked ? (mailbox.sendingBlocked?.at ?? at) : null,
    blocked?.reason ?? null,
    chosen(settings.recipientsPerHour, mailbox.recipientsPerHour),
    chosen(settings.recipientsPerDay, mailbox.recipientsPerDay),
    chosen(settings.receiptsFolder, mailbox.receiptsFolder),
    (settings.sentCopy ?? mailbox.sentCopy) ? 1 : 0,
    writeCapabilities(settings.withoutCapabilities ?? mailbox.withoutCapabilities),
    mailbox.id,
  );
  if (settings.senders !== undefined) await replaceSenders(tx, mailbox, settings.senders);
  return requireMailbox(tx, address);
}

/** Every address the mailbox may write as sender, its own first. */
export async function listSenders(tx: ReadTransaction, mailbox: Mailbox): Promise<string[]> {
  const rows = await tx.all<{ address: string }>(
    'SELECT address FROM sender_address WHERE mailbox_id = ? ORDER BY address_key',
    mailbox.id,
  );
  return [mailbox.address, ...rows.map((row) => row.address)];
}

/**
 * Takes the mailbox out of use: its logins and senders go, nothing is delivered any more. Its messages are
 * removed later by the mailbox room; the message log is not touched.
 */
export async function markRemoved(tx: Transaction, address: string, at: Instant): Promise<Mailbox> {
  const mailbox = await requireMailbox(tx, address);
  await tx.run('UPDATE mailbox SET removed_at = ? WHERE id = ?', at, mailbox.id);
  await deleteLogins(tx, mailbox.id);
  await tx.run('DELETE FROM sender_address WHERE mailbox_id = ?', mailbox.id);
  return { ...mailbox, removedAt: at };
}

async function checkFree(tx: ReadTransaction, address: string, reassign: boolean): Promise<void> {
  const taken = await tx.get<{ removed_at: number | null }>(
    'SELECT removed_at FROM mailbox WHERE address_key = ? ORDER BY id DESC LIMIT 1',
    keyOf(address),
  );
  if (taken === undefined) return;
  if (taken.removed_at === null) throw refuse(`The mailbox ${address} exists already`);
  if (reassign) return;
  const day = new Date(taken.removed_at).toISOString().slice(0, 10);
  throw refuse(
    `The address ${address} belonged to a mailbox removed on ${day}. Mail meant for the former holder would ` +
      'reach the new one: if that is wanted, say so with the option to reassign the address',
  );
}

async function checkRoom(tx: ReadTransaction, domain: Domain): Promise<void> {
  if (domain.maxMailboxes === undefined) return;
  const row = await tx.get<{ count: number }>(
    'SELECT COUNT(*) AS count FROM mailbox WHERE domain_id = ? AND removed_at IS NULL',
    domain.id,
  );
  if ((row?.count ?? 0) >= domain.maxMailboxes) {
    throw refuse(
      `The domain ${domain.name} has its ${domain.maxMailboxes} mailboxes; raise the limit or remove one`,
    );
  }
}

function checkSettings(mailbox: Mailbox, settings: MailboxSettings): void {
  checkAmount('quota', settings.quotaBytes);
  checkAmount('limit of recipients an hour', settings.recipientsPerHour);
  checkAmount('limit of recipients a day', settings.recipientsPerDay);
  if (settings.forwardTo) parseMailboxAddress(settings.forwardTo);
  const forwarding = chosen(settings.ordinaryMail, mailbox.ordinaryMail) === 'forward';
  const target = chosen(settings.forwardTo, mailbox.forwardTo);
  if (forwarding && !target) {
    throw refuse('To forward ordinary mail, also give the address it shall be forwarded to');
  }
}

/** @throws {MailError} `permanent` for a name that none can have. */
function writeCapabilities(names: readonly string[]): string | null {
  const wrong = names.find((name) => !/^[a-z0-9][a-z0-9=+.-]*$/i.test(name));
  if (wrong !== undefined) throw refuse(`"${wrong}" is no name of a capability`);
  return names.length === 0 ? null : JSON.stringify([...new Set(names.map((name) => name.toUpperCase()))]);
}

async function replaceSenders(tx: Transaction, mailbox: Mailbox, senders: readonly string[]): Promise<void> {
  await tx.run('DELETE FROM sender_address WHERE mailbox_id = ?', mailbox.id);
  for (const sender of senders) {
    const { address } = parseMailboxAddress(sender);
    if (keyOf(address) === keyOf(mailbox.address)) continue;
    await tx.run(
      'INSERT INTO sender_address (mailbox_id, address_key, address) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      mailbox.id,
      keyOf(address),
      address,
    );
  }
}

function toMailbox(row: MailboxRow): Mailbox {
  return {
    id: row.id,
    address: row.address,
    domain: row.domain,
    displayName: row.display_name,
    quotaBytes: row.quota_bytes,
    ordinaryMail: row.ordinary_mail ?? undefined,
    forwardTo: row.forward_to ?? undefined,
    sendingBlocked:
      row.sending_blocked_at === null
        ? undefined
        : { at: row.sending_blocked_at, reason: row.sending_blocked_reason ?? '' },
    recipientsPerHour: row.recipients_per_hour ?? undefined,
    recipientsPerDay: row.recipients_per_day ?? undefined,
    receiptsFolder: row.receipts_folder ?? undefined,
    sentCopy: row.sent_copy === 1,
    withoutCapabilities: JSON.parse(row.without_capabilities ?? '[]') as string[],
    createdAt: row.created_at,
    removedAt: row.removed_at ?? undefined,
  };
}
