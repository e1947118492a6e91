/**
 * A login as its rows say now: what it may do, and whether that by which it proved itself is still in force. Both
 * the proof itself and every later look at an open session go through here, so that they cannot disagree.
 */
import type { ReadTransaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { keyOf } from './address-key.ts';
import { type ApplicationPassword, findApplicationPassword } from './application-passwords.ts';
import { type Credential, type Login, type Rights, toRights } from './logins.ts';
import { findMailboxById, listSenders } from './mailboxes.ts';

export interface LoginRow {
  id: number;
  name: string;
  mailbox_id: number;
  /** PHC string. */
  password: string;
  password_changed_at: number;
  can_read: number;
  can_write: number;
  can_send: number;
  can_manage: number;
  disabled_at: number | null;
  /** Of the mailbox's domain. */
  suspended_at: number | null;
}

const select = `SELECT l.*, d.suspended_at FROM login l JOIN mailbox m ON m.id = l.mailbox_id
  JOIN domain d ON d.id = m.domain_id`;

/** Also one that is disabled; none of a removed mailbox. */
export function findLoginRow(tx: ReadTransaction, name: string): Promise<LoginRow | undefined> {
  return tx.get<LoginRow>(`${select} WHERE l.name_key = ? AND m.removed_at IS NULL`, keyOf(name));
}

/** What the row's owner proved itself with: its own password, or one for a program. */
export type Proof =
  | { readonly kind: 'password' }
  | { readonly kind: 'application-password'; readonly password: ApplicationPassword };

/** The login that has proved itself; undefined when it is disabled or its mailbox gone. */
export async function readLogin(
  tx: ReadTransaction,
  row: LoginRow,
  proof: Proof,
): Promise<Login | undefined> {
  if (row.disabled_at !== null) return undefined;
  const mailbox = await findMailboxById(tx, row.mailbox_id);
  if (mailbox === undefined || mailbox.removedAt !== undefined) return undefined;
  const rights = limitRights(toRights(row), proof);
  const maySend = mailbox.sendingBlocked === undefined && row.suspended_at === null;
  return {
    loginId: row.id,
    name: row.name,
    mailboxId: mailbox.id,
    address: mailbox.address,
    rights: { ...rights, send: rights.send && maySend },
    senders: await listSenders(tx, mailbox),
    recipientsPerHour: mailbox.recipientsPerHour,
    recipientsPerDay: mailbox.recipientsPerDay,
    withoutCapabilities: mailbox.withoutCapabilities,
    credential: toCredential(row, proof),
  };
}

/** The login as it is now; undefined when its session must end: what it proved itself with is no longer good. */
export async function renewLogin(
  tx: ReadTransaction,
  { loginId, credential }: Pick<Login, 'loginId' | 'credential'>,
  at: Instant,
): Promise<Login | undefined> {
  const row = await tx.get<LoginRow>(`${select} WHERE l.id = ? AND m.removed_at IS NULL`, loginId);
  if (row === undefined) return undefined;
  if (credential.kind === 'password')
    return row.password_changed_at === credential.changedAt
      ? readLogin(tx, row, { kind: 'password' })
      : undefined;
  const password = await findApplicationPassword(tx, { loginId, id: credential.id }, at);
  return password === undefined ? undefined : readLogin(tx, row, { kind: 'application-password', password });
}

/** A read-only password changes nothing and sends nothing, whatever its login may. */
function limitRights(rights: Rights, proof: Proof): Rights {
  const readOnly = proof.kind === 'application-password' && proof.password.readOnly;
  return readOnly ? { read: rights.read, write: false, send: false, manage: false } : rights;
}

function toCredential(row: LoginRow, proof: Proof): Credential {
  if (proof.kind === 'password') return { kind: 'password', changedAt: row.password_changed_at };
  const { id, expiresAt } = proof.password;
  return { kind: 'application-password', id, expiresAt };
}
