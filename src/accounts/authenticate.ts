/**
 * Proving a login. A name that does not exist costs the same hash as a wrong password, so that time tells
 * nobody which names exist. Verified passwords are remembered for some minutes, as keyed digests in memory
 * only, bound to the stored hash: a changed password, a block or a removal count at once.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Database, ReadTransaction } from '../db/database.ts';
import type { Clock, Instant } from '../lib/time.ts';
import { keyOf } from './address-key.ts';
import { matchApplicationPassword } from './application-passwords.ts';
import { type Login, type Scope, toRights } from './logins.ts';
import { findMailboxById, listSenders } from './mailboxes.ts';
import { type PasswordHasher, preparePassword } from './password.ts';

export interface AuthenticationParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly hasher: PasswordHasher;
  /** How long a verified password is remembered; 5 minutes unless told, 0 = not at all. */
  readonly rememberMs?: number;
}

export type Authenticate = (login: string, password: string, scope?: Scope) => Promise<Login | undefined>;

interface LoginRow {
  id: number;
  name: string;
  mailbox_id: number;
  password: string;
  can_read: number;
  can_write: number;
  can_send: number;
  can_manage: number;
  disabled_at: number | null;
  last_used_at: number | null;
  suspended_at: number | null;
}

/** How exactly the time of last use is kept: writing it each time would cost a commit a login. */
const lastUseStepMs = 3_600_000;
const longestPassword = 1024;

/** The function that turns name and password into a {@link Login}, or undefined: no reason is told. */
export function createAuthenticate(parts: AuthenticationParts): Authenticate {
  const remembered = new VerifiedPasswords(parts.rememberMs ?? 300_000);
  const decoy = createDecoy(parts.hasher);
  return async (name, password, scope) => {
    if (password.length > longestPassword) return undefined;
    const at = parts.clock();
    const row = await parts.db.read((tx) => findLoginRow(tx, name));
    if (row === undefined) {
      await parts.hasher.verify(await decoy(), password);
      return undefined;
    }
    const proved = await prove({ ...parts, remembered }, { row, password, scope, at });
    if (!proved || row.disabled_at !== null) return undefined;
    return parts.db.read((tx) => toLogin(tx, row));
  };
}

interface Attempt {
  readonly row: LoginRow;
  readonly password: string;
  readonly scope: Scope | undefined;
  readonly at: Instant;
}

type ProvingParts = AuthenticationParts & { readonly remembered: VerifiedPasswords };

async function prove(parts: ProvingParts, attempt: Attempt): Promise<boolean> {
  const { row, password, scope, at } = attempt;
  if (parts.remembered.has(row.password, password, at)) return true;
  const application = await parts.db.read((tx) =>
    matchApplicationPassword(tx, { loginId: row.id, password, scope }, at),
  );
  if (application !== undefined) {
    await noteApplicationUse(parts.db, application, at);
    return true;
  }
  const verdict = await parts.hasher.verify(row.password, password);
  if (verdict === 'no') return false;
  await noteLogin(parts, attempt, verdict === 'outdated');
  if (verdict === 'yes') parts.remembered.add(row.password, password, at);
  return true;
}

async function noteApplicationUse(
  db: Database,
  { id, lastUsedAt }: { id: number; lastUsedAt: Instant | undefined },
  at: Instant,
): Promise<void> {
  if (lastUsedAt !== undefined && at - lastUsedAt < lastUseStepMs) return;
  await db.transact((tx) => tx.run('UPDATE application_password SET last_used_at = ? WHERE id = ?', at, id));
}

/** Keeps the time of use, and hashes again with today's parameters what was hashed with others. */
async function noteLogin(
  parts: ProvingParts,
  { row, password, at }: Attempt,
  outdated: boolean,
): Promise<void> {
  const recently = row.last_used_at !== null && at - row.last_used_at < lastUseStepMs;
  if (recently && !outdated) return;
  const renewed = outdated ? await parts.hasher.hash(password) : row.password;
  await parts.db.transact((tx) =>
    tx.run(
      'UPDATE login SET last_used_at = ?, password = ? WHERE id = ? AND password = ?',
      at,
      renewed,
      row.id,
      row.password,
    ),
  );
}

function findLoginRow(tx: ReadTransaction, name: string): Promise<LoginRow | undefined> {
  return tx.get<LoginRow>(
    `SELECT l.*, d.suspended_at FROM login l JOIN mailbox m ON m.id = l.mailbox_id
       JOIN domain d ON d.id = m.domain_id WHERE l.name_key = ? AND m.removed_at IS NULL`,
    keyOf(name),
  );
}

async function toLogin(tx: ReadTransaction, row: LoginRow): Promise<Login | undefined> {
  const mailbox = await findMailboxById(tx, row.mailbox_id);
  if (mailbox === undefined || mailbox.removedAt !== undefined) return undefined;
  const rights = toRights(row);
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
  };
}

/** A hash that no password has, made at the first need. */
function createDecoy(hasher: PasswordHasher): () => Promise<string> {
  let made: Promise<string> | undefined;
  return () => {
    made ??= hasher.hash(randomBytes(16).toString('hex'));
    return made;
  };
}

/** Most passwords remembered; the oldest go first. */
const mostRemembered = 50_000;

class VerifiedPasswords {
  readonly #key = randomBytes(32);
  readonly #until = new Map<string, Instant>();
  readonly #rememberMs: number;

  constructor(rememberMs: number) {
    this.#rememberMs = rememberMs;
  }

  has(stored: string, password: string, at: Instant): boolean {
    const until = this.#until.get(this.#digest(stored, password));
    return until !== undefined && until > at && until <= at + this.#rememberMs;
  }

  add(stored: string, password: string, at: Instant): void {
    if (this.#rememberMs === 0) return;
    const digest = this.#digest(stored, password);
    this.#until.delete(digest);
    this.#until.set(digest, at + this.#rememberMs);
    if (this.#until.size <= mostRemembered) return;
    const oldest = this.#until.keys().next();
    if (!oldest.done) this.#until.delete(oldest.value);
  }

  #digest(stored: string, password: string): string {
    return createHmac('sha256', this.#key)
      .update(`${stored} ${preparePassword(password)}`)
      .digest('base64');
  }
}
