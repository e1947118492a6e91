/**
 * What SCRAM needs of a password (RFC 5802), kept beside its hash: derived when the password is set, or when it is seen
 * at a login and no keys are there yet. A name that is not there is offered keys too, always the same salt and as many
 * iterations, so that nobody learns which names exist; those keys nobody can prove.
 * The salt belongs to the name, not to one password: SCRAM begins before we know whether the client has the login's own
 * password or one for a program, and with one salt for all of them either may be proved.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Database, ReadTransaction, Transaction } from '../db/database.ts';
import type { Clock } from '../lib/time.ts';
import type { KeysOffer } from '../sasl/mechanisms.ts';
import { deriveScramKeys, type ScramKeys } from '../sasl/scram.ts';
import { keyOf } from './address-key.ts';
import {
  findApplicationPassword,
  listKeyedPasswords,
  type MatchedPassword,
  spellSecret,
  writeKeys,
} from './application-passwords.ts';
import type { LastUses } from './last-uses.ts';
import type { Login, Scope } from './logins.ts';
import { findLoginRow, type LoginRow, type Proof, readLogin } from './proven-login.ts';

/** How keys are derived from now on. */
export interface ScramKeeper {
  /** Of PBKDF2. RFC 7677 §4 asks for 4096 at least. */
  readonly iterations: number;
  saltOf(name: string): Promise<Uint8Array>;
  /** @param name of the login */
  derive(name: string, password: string): Promise<ScramKeys>;
}

export function createScramKeeper(db: Database, iterations: number): ScramKeeper {
  const secretOf = createSecret(db);
  const saltOf = async (name: string) => drawSalt(await secretOf(), name);
  return {
    iterations,
    saltOf,
    derive: async (name, password) => deriveScramKeys(password, { salt: await saltOf(name), iterations }),
  };
}

export interface ScramParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly lastUses: LastUses;
  readonly keeper: ScramKeeper;
}

export type OfferKeys = (name: string, scope: Scope, from?: string) => Promise<KeysOffer<Login>>;

const mechanism = 'SCRAM-SHA-256';
const saltLength = 16;

interface StoredKeys {
  salt: Uint8Array;
  iterations: number;
  stored_key: Uint8Array;
  server_key: Uint8Array;
}

/** In the transaction that sets the password: keys of the old one must not outlive it. */
export async function replaceKeys(tx: Transaction, name: string, keys: ScramKeys | undefined): Promise<void> {
  const key = keyOf(name);
  await tx.run('DELETE FROM scram_key WHERE login_id = (SELECT id FROM login WHERE name_key = ?)', key);
  if (keys === undefined) return;
  await tx.run(
    `INSERT INTO scram_key (login_id, mechanism, salt, iterations, stored_key, server_key)
       SELECT id, ?, ?, ?, ?, ? FROM login WHERE name_key = ?`,
    ...toValues(keys),
    key,
  );
}

/** What a login's own password was proved with. */
export interface SeenPassword {
  readonly password: string;
  readonly keeper: ScramKeeper;
}

/** Keys for a login whose own password was just seen, if it has none or they are of another strength. */
export async function learnKeys(
  db: Database,
  { id, name, password: stored }: Pick<LoginRow, 'id' | 'name' | 'password'>,
  { password, keeper }: SeenPassword,
): Promise<void> {
  const known = await db.read((tx) => findKeys(tx, id));
  if (known !== undefined && (await isCurrent(keeper, name, toKeys(known)))) return;
  const keys = await keeper.derive(name, password);
  // Not when the password was changed meanwhile: the row's hash is another then.
  await db.transact((tx) =>
    tx.run(
      `INSERT INTO scram_key (login_id, mechanism, salt, iterations, stored_key, server_key)
         SELECT id, ?, ?, ?, ?, ? FROM login WHERE id = ? AND password = ?
         ON CONFLICT (login_id, mechanism) DO UPDATE SET salt = excluded.salt, iterations = excluded.iterations,
           stored_key = excluded.stored_key, server_key = excluded.server_key`,
      ...toValues(keys),
      id,
      stored,
    ),
  );
}

/** The same for an application password that was just seen. */
export async function learnApplicationKeys(
  db: Database,
  { name }: Pick<LoginRow, 'name'>,
  { password: { id }, keys: known }: MatchedPassword,
  { password, keeper }: SeenPassword,
): Promise<void> {
  if (known !== undefined && (await isCurrent(keeper, name, known))) return;
  const keys = await keeper.derive(name, spellSecret(password));
  await db.transact((tx) => writeKeys(tx, id, keys));
}

/** Others were derived with another strength, or in the store they were brought back from. */
async function isCurrent(
  { iterations, saltOf }: ScramKeeper,
  name: string,
  keys: ScramKeys,
): Promise<boolean> {
  return keys.iterations === iterations && Buffer.compare(keys.salt, await saltOf(name)) === 0;
}

/** The function that offers keys for any name: those of the own password, and of the application passwords. */
export function createOfferKeys(parts: ScramParts): OfferKeys {
  const { db, clock, keeper } = parts;
  return async (name, scope, from) => {
    const { row, own, programs } = await db.read(async (tx) => {
      const found = await findLoginRow(tx, name);
      const loginId = found?.id ?? 0;
      return {
        row: found,
        own: await findKeys(tx, loginId),
        programs: await listKeyedPasswords(tx, { loginId, scope }, clock()),
      };
    });
    const nobody = {
      keys: makeDecoy(await keeper.saltOf(name), keeper.iterations),
      accept: async () => undefined,
    };
    if (row === undefined) return nobody;
    const attempt = { ...parts, row, scope, from };
    const first =
      own === undefined ? nobody : { keys: toKeys(own), accept: () => acceptOwn(attempt, row.password) };
    const others = programs
      .filter(({ keys }) => isAlike(keys, first.keys))
      .map(({ id, keys }) => ({ keys, accept: () => acceptProgram(attempt, id) }));
    return { ...first, others };
  };
}

type ScramAttempt = ScramParts & {
  readonly row: LoginRow;
  readonly scope: Scope;
  readonly from: string | undefined;
};

/** The keys that were proved are those of the password the row had: `stored`. */
async function acceptOwn(attempt: ScramAttempt, stored: string): Promise<Login | undefined> {
  return accept(attempt, async (_tx, row) => (row.password === stored ? { kind: 'password' } : undefined));
}

/** Unless it was revoked since the keys were offered. */
async function acceptProgram(attempt: ScramAttempt, id: number): Promise<Login | undefined> {
  return accept(attempt, async (tx, row) => {
    const password = await findApplicationPassword(tx, { loginId: row.id, id }, attempt.clock());
    return password === undefined ? undefined : { kind: 'application-password', password };
  });
}

async function accept(
  { db, clock, lastUses, row, scope, from }: ScramAttempt,
  prove: (tx: ReadTransaction, row: LoginRow) => Promise<Proof | undefined>,
): Promise<Login | undefined> {
  const login = await db.read(async (tx) => {
    const now = await findLoginRow(tx, row.name);
    const proof = now === undefined ? undefined : await prove(tx, now);
    return now === undefined || proof === undefined ? undefined : readLogin(tx, now, proof);
  });
  if (login !== undefined)
    lastUses.note({ loginId: row.id, credential: login.credential, at: clock(), from, by: scope });
  return login;
}

/** The client derives with one salt and one number of iterations, before we know which password it has. */
function isAlike(a: ScramKeys, b: ScramKeys): boolean {
  return a.iterations === b.iterations && Buffer.compare(a.salt, b.salt) === 0;
}

function findKeys(tx: ReadTransaction, loginId: number): Promise<StoredKeys | undefined> {
  return tx.get<StoredKeys>(
    'SELECT salt, iterations, stored_key, server_key FROM scram_key WHERE login_id = ? AND mechanism = ?',
    loginId,
    mechanism,
  );
}

/** The same each time the name is asked for, in every process, whether it is there or not. */
function drawSalt(secret: Uint8Array, name: string): Uint8Array {
  return createHmac('sha256', secret).update(keyOf(name)).digest().subarray(0, saltLength);
}

/** Keys of no password. */
function makeDecoy(salt: Uint8Array, iterations: number): ScramKeys {
  return { salt, iterations, storedKey: randomBytes(32), serverKey: randomBytes(32) };
}

/** Drawn once for the whole store. */
function createSecret(db: Database): () => Promise<Uint8Array> {
  let known: Uint8Array | undefined;
  const read = () =>
    db.read((tx) => tx.get<{ secret: Uint8Array }>('SELECT secret FROM scram_secret WHERE id = 1'));
  return async () => {
    known ??= (await read())?.secret;
    if (known !== undefined) return known;
    await db.transact((tx) =>
      tx.run('INSERT INTO scram_secret (id, secret) VALUES (1, ?) ON CONFLICT DO NOTHING', randomBytes(32)),
    );
    known = (await read())?.secret ?? new Uint8Array();
    return known;
  };
}

function toValues({ salt, iterations, storedKey, serverKey }: ScramKeys) {
  return [mechanism, salt, iterations, storedKey, serverKey] as const;
}

function toKeys({ salt, iterations, stored_key, server_key }: StoredKeys): ScramKeys {
  return { salt, iterations, storedKey: stored_key, serverKey: server_key };
}
