/** Who may log in to a mailbox, with which rights. A mailbox has one login by its address, and may have more. */
import { isUniqueViolation, type ReadTransaction, type Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { refuse } from './account-error.ts';
import { keyOf } from './address-key.ts';
import { noteLoginChange } from './login-changes.ts';

export interface Rights {
  readonly read: boolean;
  readonly write: boolean;
  readonly send: boolean;
  /** Change the mailbox's settings and its other logins. */
  readonly manage: boolean;
}

export const allRights: Rights = { read: true, write: true, send: true, manage: true };

/** By what protocol a login comes. */
export type Scope = 'imap' | 'pop3' | 'smtp' | 'web';

/** What a login proved itself with: what must still be in force for its session to go on. */
export type Credential =
  | { readonly kind: 'password'; readonly changedAt: Instant }
  | { readonly kind: 'application-password'; readonly id: number; readonly expiresAt: Instant | undefined };

/** A login that has proved itself. */
export interface Login {
  readonly loginId: number;
  readonly name: string;
  readonly mailboxId: number;
  /** The mailbox's address. */
  readonly address: string;
  /** `send` is also false while the mailbox is blocked or its domain suspended. */
  readonly rights: Rights;
  /** Addresses it may write as sender, the mailbox's own first. */
  readonly senders: readonly string[];
  /** Undefined = as the provider's setting says. */
  readonly recipientsPerHour: number | undefined;
  readonly recipientsPerDay: number | undefined;
  /** Of the mailbox: capabilities of IMAP and POP3 that it is not offered. */
  readonly withoutCapabilities: readonly string[];
  readonly credential: Credential;
}

export interface LastUse {
  readonly at: Instant;
  /** The client's address. */
  readonly from: string | undefined;
  readonly by: Scope | undefined;
}

export interface LoginEntry {
  readonly id: number;
  readonly name: string;
  readonly rights: Rights;
  readonly createdAt: Instant;
  readonly disabledAt: Instant | undefined;
  /** Of its own password. */
  readonly lastUse: LastUse | undefined;
}

export interface NewLogin {
  readonly name: string;
  /** PHC string. */
  readonly passwordHash: string;
  readonly rights: Rights;
}

interface LoginRow {
  id: number;
  mailbox_id: number;
  name: string;
  can_read: number;
  can_write: number;
  can_send: number;
  can_manage: number;
  created_at: number;
  disabled_at: number | null;
  last_used_at: number | null;
  last_used_from: string | null;
  last_used_by: Scope | null;
}

/** @throws {MailError} `permanent` when the name is taken. */
export async function insertLogin(
  tx: Transaction,
  mailbox: { readonly id: number },
  login: NewLogin,
  at: Instant,
): Promise<void> {
  const name = login.name.trim();
  if (name === '' || name.length > 254 || /\p{Cc}/u.test(name)) {
    throw refuse('A login name has 1 to 254 characters and no control characters');
  }
  checkRights(login.rights);
  const { read, write, send, manage } = login.rights;
  try {
    await tx.run(
      `INSERT INTO login (mailbox_id, name, name_key, password, password_changed_at, can_read, can_write,
         can_send, can_manage, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      mailbox.id,
      name,
      keyOf(name),
      login.passwordHash,
      at,
      ...[read, write, send, manage].map(Number),
      at,
    );
  } catch (error) {
    if (isUniqueViolation(error)) throw refuse(`The login name ${name} is taken`);
    throw error;
  }
}

/** By name. */
export async function listLogins(
  tx: ReadTransaction,
  mailbox: { readonly id: number },
): Promise<LoginEntry[]> {
  const rows = await tx.all<LoginRow>(
    'SELECT * FROM login WHERE mailbox_id = ? ORDER BY name_key',
    mailbox.id,
  );
  return rows.map(toEntry);
}

/** @throws {MailError} `permanent` when there is no such login. */
export async function requireLogin(
  tx: ReadTransaction,
  name: string,
): Promise<LoginEntry & { readonly mailboxId: number }> {
  const row = await tx.get<LoginRow>('SELECT * FROM login WHERE name_key = ?', keyOf(name));
  if (row === undefined) throw noLogin(name);
  return { ...toEntry(row), mailboxId: row.mailbox_id };
}

/** @throws {MailError} `permanent` when there is no such login any more. */
export async function requireLoginName(tx: ReadTransaction, id: number): Promise<string> {
  const row = await tx.get<{ name: string }>('SELECT name FROM login WHERE id = ?', id);
  if (row === undefined) throw refuse('The login is not there any more');
  return row.name;
}

/**
 * Sessions that logged in with the old password end; application passwords stay.
 * @throws {MailError} `permanent` when there is no such login.
 */
export async function changePassword(
  tx: Transaction,
  name: string,
  passwordHash: string,
  at: Instant,
): Promise<void> {
  const { id } = await requireLogin(tx, name);
  // Later than before even within one millisecond: sessions are told apart by this.
  await tx.run(
    `UPDATE login SET password = ?, password_changed_at =
       CASE WHEN password_changed_at < ? THEN ? ELSE password_changed_at + 1 END WHERE id = ?`,
    passwordHash,
    at,
    at,
    id,
  );
  await noteLoginChange(tx, id);
}

export interface LoginSettings {
  readonly rights?: Rights;
  /** A disabled login proves nothing, with whatever password; its sessions end. */
  readonly disabled?: boolean;
}

/** @throws {MailError} `permanent` when there is no such login, or the rights make no sense. */
export async function updateLogin(
  tx: Transaction,
  name: string,
  settings: LoginSettings,
  at: Instant,
): Promise<LoginEntry> {
  const login = await requireLogin(tx, name);
  const rights = settings.rights ?? login.rights;
  checkRights(rights);
  const disabled = settings.disabled ?? login.disabledAt !== undefined;
  await tx.run(
    `UPDATE login SET can_read = ?, can_write = ?, can_send = ?, can_manage = ?, disabled_at = ? WHERE id = ?`,
    ...[rights.read, rights.write, rights.send, rights.manage].map(Number),
    disabled ? (login.disabledAt ?? at) : null,
    login.id,
  );
  await noteLoginChange(tx, login.id);
  return requireLogin(tx, name);
}

/**
 * Its application passwords go with it. The login that is the mailbox's address stays as long as the mailbox.
 * @throws {MailError} `permanent` when there is no such login, or it is that one.
 */
export async function deleteLogin(tx: Transaction, name: string): Promise<void> {
  const { id, mailboxId } = await requireLogin(tx, name);
  const own = await tx.get('SELECT 1 FROM mailbox WHERE id = ? AND address_key = ?', mailboxId, keyOf(name));
  if (own !== undefined)
    throw refuse(
      `${name} is the mailbox's own login: disable it, or remove the mailbox with all its messages`,
    );
  await tx.run('DELETE FROM login WHERE id = ?', id);
  await noteLoginChange(tx, id);
}

/** All of a mailbox that goes. */
export async function deleteLogins(tx: Transaction, mailboxId: number): Promise<void> {
  const logins = await tx.all<{ id: number }>('SELECT id FROM login WHERE mailbox_id = ?', mailboxId);
  await tx.run('DELETE FROM login WHERE mailbox_id = ?', mailboxId);
  for (const { id } of logins) await noteLoginChange(tx, id);
}

function checkRights({ read, write, send, manage }: Rights): void {
  if (!(read || write || send || manage)) throw refuse('Give the login at least one right, or disable it');
  if (!read && (write || manage))
    throw refuse('Who may write or manage must be able to read: add the right read');
}

function noLogin(name: string): Error {
  return refuse(`There is no login ${name}; pec login list ADDRESS shows those of a mailbox`);
}

function toEntry(row: LoginRow): LoginEntry {
  const { last_used_at: at, last_used_from: from, last_used_by: by } = row;
  return {
    id: row.id,
    name: row.name,
    rights: toRights(row),
    createdAt: row.created_at,
    disabledAt: row.disabled_at ?? undefined,
    lastUse: at === null ? undefined : { at, from: from ?? undefined, by: by ?? undefined },
  };
}

export function toRights(row: {
  can_read: number;
  can_write: number;
  can_send: number;
  can_manage: number;
}): Rights {
  return {
    read: row.can_read === 1,
    write: row.can_write === 1,
    send: row.can_send === 1,
    manage: row.can_manage === 1,
  };
}
