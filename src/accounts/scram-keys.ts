/**
 * What SCRAM needs of a password (RFC 5802), kept beside its hash: derived when the password is set, or when it is seen
 * at a login and no keys are there yet. A name that is not there is offered keys too, always the same salt and as many
 * iterations, so that nobody learns which names exist; those keys nobody can prove.
 * Application passwords have no keys: a login has several, and SCRAM begins before we know which one is meant.
 */
import { createHmac, randomBytes } from 'node:crypto';
import type { Database, ReadTransaction, Transaction } from '../db/database.ts';
import type { Clock } from '../lib/time.ts';
import type { KeysOffer } from '../sasl/mechanisms.ts';
import { deriveScramKeys, type ScramKeys } from '../sasl/scram.ts';
import { keyOf } from './address-key.ts';
import type { LastUses } from './last-uses.ts';
import type { Login, Scope } from './logins.ts';
import { findLoginRow, type LoginRow, readLogin } from './proven-login.ts';

export interface ScramParts {
  readonly db: Database;
  readonly clock: Clock;
  readonly lastUses: LastUses;
  /** Of PBKDF2, for keys derived from now on. RFC 7677 §4 asks for 4096 at least. */
  readonly iterations: number;
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

export function deriveNewKeys(password: string, iterations: number): Promise<ScramKeys> {
  return deriveScramKeys(password, { salt: randomBytes(saltLength), iterations });
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

/** Keys for a login whose own password was just seen, if it has none or they are of another strength. */
export async function learnKeys(
  db: Database,
  { id, password: stored }: Pick<LoginRow, 'id' | 'password'>,
  { password, iterations }: { readonly password: string; readonly iterations: number },
): Promise<void> {
  const known = await db.read((tx) => findKeys(tx, id));
  if (known?.iterations === iterations) return;
  const keys = await deriveNewKeys(password, iterations);
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

/** The function that offers keys for any name. */
export function createOfferKeys({ db, clock, lastUses, iterations }: ScramParts): OfferKeys {
  const secretOf = createSecret(db);
  return async (name, scope, from) => {
    const secret = await secretOf();
    const { row, keys } = await db.read(async (tx) => {
      const found = await findLoginRow(tx, name);
      return { row: found, keys: await findKeys(tx, found?.id ?? 0) };
    });
    if (row === undefined || keys === undefined)
      return { keys: makeDecoy(secret, name, iterations), accept: async () => undefined };
    const accept = async () => {
      const login = await db.read(async (tx) => {
        const now = await findLoginRow(tx, name);
        // The keys that were proved are those of the password the row had.
        return now?.password === row.password ? readLogin(tx, now, { kind: 'password' }) : undefined;
      });
      if (login === undefined) return undefined;
      lastUses.note({ loginId: row.id, credential: login.credential, at: clock(), from, by: scope });
      return login;
    };
    return { keys: toKeys(keys), accept };
  };
}

function findKeys(tx: ReadTransaction, loginId: number): Promise<StoredKeys | undefined> {
  return tx.get<StoredKeys>(
    'SELECT salt, iterations, stored_key, server_key FROM scram_key WHERE login_id = ? AND mechanism = ?',
    loginId,
    mechanism,
  );
}

/** Keys of no password; the salt is the same each time the name is asked for, in every process. */
function makeDecoy(secret: Uint8Array, name: string, iterations: number): ScramKeys {
  const digest = createHmac('sha256', secret).update(keyOf(name)).digest();
  return {
    salt: digest.subarray(0, saltLength),
    iterations,
    storedKey: randomBytes(32),
    serverKey: randomBytes(32),
  };
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
