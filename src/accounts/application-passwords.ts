/**
 * Application passwords: one per program, made by us, for some protocols only, revoked one by one. A person never
 * chooses one: its 120 bits of chance cannot be searched for, so one SHA-256 is enough to keep it, and a device
 * that polls each minute costs no slow hash. A slow hash is for what people choose.
 */
import { hash, randomInt } from 'node:crypto';
import type { ReadTransaction, Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import type { ScramKeys } from '../sasl/scram.ts';
import { refuse } from './account-error.ts';
import { noteLoginChange } from './login-changes.ts';
import type { LastUse, Scope } from './logins.ts';

/** Protocols of mail programs. The web is for the login's own password: it asks for a second factor there. */
export type ProgramScope = Exclude<Scope, 'web'>;
export const programScopes: readonly ProgramScope[] = ['imap', 'pop3', 'smtp'];

export interface ApplicationPassword {
  readonly id: number;
  readonly label: string;
  readonly scopes: readonly ProgramScope[];
  /** Reads and changes nothing: no flags, no sending. */
  readonly readOnly: boolean;
  readonly createdAt: Instant;
  readonly expiresAt: Instant | undefined;
  readonly lastUse: LastUse | undefined;
}

export interface NewApplicationPassword {
  readonly loginId: number;
  /** What its holder calls the program. */
  readonly label: string;
  readonly scopes: readonly ProgramScope[];
  readonly readOnly?: boolean;
  readonly expiresAt?: Instant;
}

interface StoredPassword {
  id: number;
  label: string;
  scopes: string;
  read_only: number;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
  last_used_from: string | null;
  last_used_by: Scope | null;
  scram_salt: Uint8Array | null;
  scram_iterations: number | null;
  scram_stored_key: Uint8Array | null;
  scram_server_key: Uint8Array | null;
}

/** Letters and digits that nobody takes for one another. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const groups = 5;
const groupLength = 5;
const mostOfLogin = 100;

/** The secret itself and what SCRAM needs of it. */
export interface DrawnSecret {
  /** E.g. `k3x7p-…`. */
  readonly secret: string;
  readonly keys: ScramKeys | undefined;
}

/** Stores one. @throws {MailError} `permanent` when it makes no sense, or the login has too many. */
export async function addApplicationPassword(
  tx: Transaction,
  wanted: NewApplicationPassword,
  { secret, keys }: DrawnSecret,
  at: Instant,
): Promise<{ id: number; secret: string }> {
  checkWanted(wanted, at);
  await checkCount(tx, wanted.loginId);
  const row = await tx.get<{ id: number }>(
    `INSERT INTO application_password (login_id, label, digest, scopes, read_only, created_at, expires_at,
       scram_salt, scram_iterations, scram_stored_key, scram_server_key)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
    wanted.loginId,
    wanted.label.trim(),
    digestOf(secret),
    JSON.stringify(wanted.scopes),
    wanted.readOnly === true ? 1 : 0,
    at,
    wanted.expiresAt ?? null,
    ...toKeyColumns(keys),
  );
  if (row === undefined) throw new Error('INSERT INTO application_password returned no row');
  return { id: row.id, secret };
}

/** Those not revoked, oldest first; also those that have expired. */
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
  if (changes === 0)
    throw refuse(`The login has no application password ${id}; see pec mailbox app-password list`);
  await noteLoginChange(tx, loginId);
}

const inForce = 'login_id = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)';

export interface MatchedPassword {
  readonly password: ApplicationPassword;
  /** For SCRAM; undefined when it has none. */
  readonly keys: ScramKeys | undefined;
}

/** The application password of the login that `password` is, if it may be used now for `scope`. */
export async function matchApplicationPassword(
  tx: ReadTransaction,
  { loginId, password, scope }: { loginId: number; password: string; scope: Scope },
  at: Instant,
): Promise<MatchedPassword | undefined> {
  const row = await tx.get<StoredPassword>(
    `SELECT * FROM application_password WHERE digest = ? AND ${inForce}`,
    digestOf(password),
    loginId,
    at,
  );
  if (row === undefined) return undefined;
  const found = toApplicationPassword(row);
  if (!isFor(found, scope)) return undefined;
  return { password: found, keys: toKeys(row) };
}

/** Those of the login that have keys and may be used now for `scope`. */
export async function listKeyedPasswords(
  tx: ReadTransaction,
  { loginId, scope }: { loginId: number; scope: Scope },
  at: Instant,
): Promise<{ readonly id: number; readonly keys: ScramKeys }[]> {
  const rows = await tx.all<StoredPassword>(
    `SELECT * FROM application_password WHERE ${inForce} ORDER BY id`,
    loginId,
    at,
  );
  return rows
    .filter((row) => isFor(toApplicationPassword(row), scope))
    .flatMap((row) => {
      const keys = toKeys(row);
      return keys === undefined ? [] : [{ id: row.id, keys }];
    });
}

export async function writeKeys(tx: Transaction, id: number, keys: ScramKeys): Promise<void> {
  await tx.run(
    `UPDATE application_password SET scram_salt = ?, scram_iterations = ?, scram_stored_key = ?,
       scram_server_key = ? WHERE id = ?`,
    ...toKeyColumns(keys),
    id,
  );
}

function isFor({ scopes }: ApplicationPassword, scope: Scope): boolean {
  return scopes.some((each) => each === scope);
}

/** The one with this id, while it is in force. */
export async function findApplicationPassword(
  tx: ReadTransaction,
  { loginId, id }: { loginId: number; id: number },
  at: Instant,
): Promise<ApplicationPassword | undefined> {
  const row = await tx.get<StoredPassword>(
    `SELECT * FROM application_password WHERE id = ? AND ${inForce}`,
    id,
    loginId,
    at,
  );
  return row === undefined ? undefined : toApplicationPassword(row);
}

function checkWanted({ label, scopes, readOnly, expiresAt }: NewApplicationPassword, at: Instant): void {
  if (scopes.length === 0) throw refuse('Name at least one protocol the password is for');
  if (scopes.some((scope) => !programScopes.includes(scope)))
    throw refuse(`An application password is for ${programScopes.join(', ')}`);
  if (readOnly === true && scopes.includes('smtp'))
    throw refuse('A read-only password sends nothing: leave smtp out');
  const name = label.trim();
  if (name === '' || name.length > 100 || /\p{Cc}/u.test(name))
    throw refuse('Say in 1 to 100 characters which program or device the password is for');
  if (expiresAt !== undefined && expiresAt <= at)
    throw refuse('The password would have expired already; give a day to come');
}

async function checkCount(tx: ReadTransaction, loginId: number): Promise<void> {
  const row = await tx.get<{ count: number }>(
    'SELECT COUNT(*) AS count FROM application_password WHERE login_id = ? AND revoked_at IS NULL',
    loginId,
  );
  if ((row?.count ?? 0) >= mostOfLogin)
    throw refuse(`A login has at most ${mostOfLogin} application passwords; revoke those that nobody uses`);
}

export function drawSecret(): string {
  const group = () =>
    Array.from({ length: groupLength }, () => alphabet[randomInt(alphabet.length)]).join('');
  return Array.from({ length: groups }, group).join('-');
}

/** As it was printed, however it was typed: SCRAM derives from the very text, so programs must have it like this. */
export function spellSecret(typed: string): string {
  return (stripSecret(typed).match(new RegExp(`.{1,${groupLength}}`, 'g')) ?? []).join('-');
}

/** Typed with or without the dashes, in either case. */
function stripSecret(typed: string): string {
  return typed.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** Of the secret alone: it holds wherever the login is brought back from a backup. */
function digestOf(secret: string): Uint8Array {
  return hash('sha256', `application password ${stripSecret(secret)}`, 'buffer');
}

function toApplicationPassword(row: StoredPassword): ApplicationPassword {
  const { last_used_at: at, last_used_from: from, last_used_by: by } = row;
  return {
    id: row.id,
    label: row.label,
    scopes: JSON.parse(row.scopes) as ProgramScope[],
    readOnly: row.read_only === 1,
    createdAt: row.created_at,
    expiresAt: row.expires_at ?? undefined,
    lastUse: at === null ? undefined : { at, from: from ?? undefined, by: by ?? undefined },
  };
}

function toKeyColumns(keys: ScramKeys | undefined) {
  return [
    keys?.salt ?? null,
    keys?.iterations ?? null,
    keys?.storedKey ?? null,
    keys?.serverKey ?? null,
  ] as const;
}

function toKeys(row: StoredPassword): ScramKeys | undefined {
  const { scram_salt: salt, scram_iterations: iterations } = row;
  const { scram_stored_key: storedKey, scram_server_key: serverKey } = row;
  if (salt === null || iterations === null || storedKey === null || serverKey === null) return undefined;
  return { salt, iterations, storedKey, serverKey };
}
