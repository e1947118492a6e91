/** Who may log in to a mailbox, with which rights. A mailbox has one login by its address, and may have more. */
import { isUniqueViolation, type ReadTransaction, type Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { refuse } from './account-error.ts';
import { keyOf } from './address-key.ts';
import type { Mailbox } from './mailboxes.ts';

export interface Rights {
  readonly read: boolean;
  readonly write: boolean;
  readonly send: boolean;
  /** Change the mailbox's settings and its other logins. */
  readonly manage: boolean;
}

export const allRights: Rights = { read: true, write: true, send: true, manage: true };

/** Where an application password may be used. */
export type Scope = 'imap' | 'pop3' | 'smtp' | 'web';

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
}

export interface LoginEntry {
  readonly id: number;
  readonly name: string;
  readonly rights: Rights;
  readonly createdAt: Instant;
  readonly disabledAt: Instant | undefined;
  readonly lastUsedAt: Instant | undefined;
}

export interface NewLogin {
  readonly name: string;
  /** PHC string. */
  readonly passwordHash: string;
  readonly rights: Rights;
}

interface LoginRow {
  id: number;
  name: string;
  can_read: number;
  can_write: number;
  can_send: number;
  can_manage: number;
  created_at: number;
  disabled_at: number | null;
  last_used_at: number | null;
}

/** @throws {MailError} `permanent` when the name is taken. */
export async function insertLogin(
  tx: Transaction,
  mailbox: Mailbox,
  login: NewLogin,
  at: Instant,
): Promise<void> {
  const name = login.name.trim();
  if (name === '' || name.length > 254 || /\p{Cc}/u.test(name)) {
    throw refuse('A login name has 1 to 254 characters and no control characters');
  }
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
export async function listLogins(tx: ReadTransaction, mailbox: Mailbox): Promise<LoginEntry[]> {
  const rows = await tx.all<LoginRow>(
    'SELECT * FROM login WHERE mailbox_id = ? ORDER BY name_key',
    mailbox.id,
  );
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    rights: toRights(row),
    createdAt: row.created_at,
    disabledAt: row.disabled_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
  }));
}

/** @throws {MailError} `permanent` when there is no such login. */
export async function changePassword(
  tx: Transaction,
  name: string,
  passwordHash: string,
  at: Instant,
): Promise<void> {
  const { changes } = await tx.run(
    'UPDATE login SET password = ?, password_changed_at = ? WHERE name_key = ?',
    passwordHash,
    at,
    keyOf(name),
  );
  if (changes === 0) throw refuse(`There is no login ${name}`);
}

/** @throws {MailError} `permanent` when there is no such login. */
export async function setLoginDisabled(tx: Transaction, name: string, since: Instant | null): Promise<void> {
  const { changes } = await tx.run('UPDATE login SET disabled_at = ? WHERE name_key = ?', since, keyOf(name));
  if (changes === 0) throw refuse(`There is no login ${name}`);
}

/** @throws {MailError} `permanent` when there is no such login. */
export async function deleteLogin(tx: Transaction, name: string): Promise<void> {
  const { changes } = await tx.run('DELETE FROM login WHERE name_key = ?', keyOf(name));
  if (changes === 0) throw refuse(`There is no login ${name}`);
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
