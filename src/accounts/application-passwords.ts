/**
 * Application passwords: one per program, made by us, for some protocols only, revoked one by one. They carry
 * 120 bits of chance, so one SHA-256 is enough to keep them; a person never chooses one.
 */
import { hash, randomInt } from 'node:crypto';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { refuse } from './account-error.ts';
import type { Scope } from './logins.ts';

export interface ApplicationPassword {
  readonly id: number;
  readonly label: string;
  readonly scopes: readonly Scope[];
  readonly createdAt: Instant;
  readonly expiresAt: Instant | undefined;
  readonly lastUsedAt: Instant | undefined;
}

export interface NewApplicationPassword {
  readonly loginId: number;
  /** What its holder calls the program. */
  readonly label: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: Instant;
}

interface StoredPassword {
  id: number;
  label: string;
  scopes: string;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
}

/** Letters and digits that nobody takes for one another. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const groups = 5;
const groupLength = 5;

/** Makes one; the secret is returned this one time, e.g. `k3x7p-…`. */
export async function addApplicationPassword(
  tx: Transaction,
  wanted: NewApplicationPassword,
  at: Instant,
): Promise<{ id: number; secret: string }> {
  if (wanted.scopes.length === 0) throw refuse('Name at least one protocol the password is for');
  const secret = generateSecret();
  const row = await tx.get<{ id: number }>(
    `INSERT INTO application_password (login_id, label, digest, scopes, created_at, expires_at)
       VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
    wanted.loginId,
    wanted.label,
    digestOf(wanted.loginId, secret),
    JSON.stringify(wanted.scopes),
    at,
    wanted.expiresAt ?? null,
  );
  if (row === undefined) throw new Error('INSERT INTO application_password returned no row');
  return { id: row.id, secret };
}

/** Those in force, oldest first. */
export async function listApplicationPasswords(
  tx: ReadTransaction,
  loginId: number,
): Promise<ApplicationPassword[]> {
  const rows = await tx.all<StoredPassword>(
    'SELECT * FROM application_password WHERE login_id = ? AND revoked_at IS NULL ORDER BY id',
    loginId,
  );
  return rows.map(toApplicationPassword);
}

/** @throws {MailError} `permanent` when the login has none with this id in force. */
export async function revokeApplicationPassword(
  tx: Transaction,
  { loginId, id }: { loginId: number; id: number },
  at: Instant,
): Promise<void> {
  const { changes } = await tx.run(
    'UPDATE application_password SET revoked_at = ? WHERE id = ? AND login_id = ? AND revoked_at IS NULL',
    at,
    id,
    loginId,
  );
  if (changes === 0) throw refuse('There is no such application password');
}

/** The application password of the login that `password` is, if it may be used now for `scope`. */
export async function matchApplicationPassword(
  tx: ReadTransaction,
  { loginId, password, scope }: { loginId: number; password: string; scope: Scope | undefined },
  at: Instant,
): Promise<ApplicationPassword | undefined> {
  const row = await tx.get<StoredPassword>(
    `SELECT * FROM application_password WHERE digest = ? AND login_id = ? AND revoked_at IS NULL
       AND (expires_at IS NULL OR expires_at > ?)`,
    digestOf(loginId, password),
    loginId,
    at,
  );
  if (row === undefined) return undefined;
  const found = toApplicationPassword(row);
  return scope === undefined || found.scopes.includes(scope) ? found : undefined;
}

function generateSecret(): string {
  const group = () =>
    Array.from({ length: groupLength }, () => alphabet[randomInt(alphabet.length)]).join('');
  return Array.from({ length: groups }, group).join('-');
}

/** Typed with or without the dashes, in either case. */
function digestOf(loginId: number, secret: string): Uint8Array {
  const plain = secret.toLowerCase().replace(/[^a-z0-9]/g, '');
  return hash('sha256', `application password ${loginId} ${plain}`, 'buffer');
}

function toApplicationPassword(row: StoredPassword): ApplicationPassword {
  return {
    id: row.id,
    label: row.label,
    scopes: JSON.parse(row.scopes) as Scope[],
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    lastUsedAt: row.last_used_at ?? undefined,
  };
}
