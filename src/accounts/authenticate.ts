/**
 * Proving a login. A name that does not exist costs the same hash as a wrong password, so that time tells
 * nobody which names exist. Verified passwords are remembered for some minutes, as keyed digests in memory
 * only, bound to the stored hash: a changed password, a block or a removal count at once.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Database } from '../db/database.ts';
import type { Clock, Instant } from '../lib/time.ts';
import { matchApplicationPassword } from './application-passwords.ts';
import type { LastUses } from './last-uses.ts';
import type { Login, Scope } from './logins.ts';
import { type PasswordHasher, preparePassword } from './password.ts';
import { findLoginRow, type LoginRow, type Proof, readLogin } from './proven-login.ts';
import { learnApplicationKeys, learnKeys, type ScramKeeper } from './scram-keys.ts';

export interface AuthenticationParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly hasher: PasswordHasher;
  readonly lastUses: LastUses;
  /** How long a verified password is remembered; 5 minutes unless told, 0 = not at all. */
  readonly rememberMs?: number;
  /** A password that proves itself and has no keys for SCRAM yet gets them. */
  readonly keeper?: ScramKeeper | undefined;
}

/**
 * `scope`: the protocol it comes by; without one no application password counts. `from`: the client's address,
 * kept with the time of last use.
 */
export type Authenticate = (
  login: string,
  password: string,
  scope?: Scope,
  from?: string,
) => Promise<Login | undefined>;

const longestPassword = 1024;

/** The function that turns name and password into a {@link Login}, or undefined: no reason is told. */
export function createAuthenticate(parts: AuthenticationParts): Authenticate {
  const remembered = new VerifiedPasswords(parts.rememberMs ?? 300_000);
  const decoy = createDecoy(parts.hasher);
  return async (name, password, scope, from) => {
    if (password.length > longestPassword) return undefined;
    const at = parts.clock();
    const row = await parts.db.read((tx) => findLoginRow(tx, name));
    if (row === undefined) {
      await parts.hasher.verify(await decoy(), password);
      return undefined;
    }
    const proof = await prove({ ...parts, remembered }, { row, password, scope, at });
    const login = proof === undefined ? undefined : await parts.db.read((tx) => readLogin(tx, row, proof));
    if (login === undefined) return undefined;
    parts.lastUses.note({ loginId: row.id, credential: login.credential, at, from, by: scope });
    return login;
  };
}

interface Attempt {
  readonly row: LoginRow;
  readonly password: string;
  readonly scope: Scope | undefined;
  readonly at: Instant;
}

type ProvingParts = AuthenticationParts & { readonly remembered: VerifiedPasswords };

async function prove(parts: ProvingParts, attempt: Attempt): Promise<Proof | undefined> {
  const { row, password, at } = attempt;
  if (parts.remembered.has(row.password, password, at)) return { kind: 'password' };
  const application = await findApplicationProof(parts, attempt);
  if (application !== undefined) return application;
  const verdict = await parts.hasher.verify(row.password, password);
  if (verdict === 'no') return undefined;
  if (verdict === 'yes') parts.remembered.add(row.password, password, at);
  else await hashAgain(parts, attempt);
  const { keeper } = parts;
  if (verdict === 'yes' && keeper !== undefined) await learnKeys(parts.db, row, { password, keeper });
  return { kind: 'password' };
}

/** Never remembered: it is found by one look into an index, and a revoked one is not found any more. */
async function findApplicationProof(
  { db, keeper }: ProvingParts,
  { row, password, scope, at }: Attempt,
): Promise<Proof | undefined> {
  if (scope === undefined) return undefined;
  const found = await db.read((tx) => matchApplicationPassword(tx, { loginId: row.id, password, scope }, at));
  if (found === undefined) return undefined;
  if (keeper !== undefined) await learnApplicationKeys(db, row, found, { password, keeper });
  return { kind: 'application-password', password: found.password };
}

/** With today's parameters what was hashed with others. It is the same password: sessions go on. */
async function hashAgain(parts: ProvingParts, { row, password }: Attempt): Promise<void> {
  const renewed = await parts.hasher.hash(password);
  await parts.db.transact((tx) =>
    tx.run('UPDATE login SET password = ? WHERE id = ? AND password = ?', renewed, row.id, row.password),
  );
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
