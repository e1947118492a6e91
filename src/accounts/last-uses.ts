/**
 * When and from where logins and application passwords were used last. A login must not cost a commit: uses are
 * kept in memory and written together after a while. A crash loses the last minute of them, and nothing rests on
 * it: they are there for people to see which device still comes.
 */
import type { Database, Transaction } from '../db/database.ts';
import type { Credential, LastUse } from './logins.ts';

export interface NotedUse extends LastUse {
  readonly loginId: number;
  readonly credential: Credential;
}

const writeAfterMs = 60_000;
/** Rows to a transaction, so that mail does not wait. */
const batch = 500;

export class LastUses {
  readonly #db: Database;
  readonly #afterMs: number;
  #noted = new Map<string, NotedUse>();
  #timer: NodeJS.Timeout | undefined;

  constructor(db: Database, afterMs: number = writeAfterMs) {
    this.#db = db;
    this.#afterMs = afterMs;
  }

  /** Costs nothing now. */
  note(use: NotedUse): void {
    const { credential, loginId } = use;
    const key = credential.kind === 'password' ? `login ${loginId}` : `application ${credential.id}`;
    this.#noted.set(key, use);
    this.#timer ??= setTimeout(() => this.#writeLater(), this.#afterMs).unref();
  }

  /** Writes what is not written yet. @throws {MailError} `temporary`; it stays noted then. */
  async write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const uses = [...this.#noted];
    this.#noted = new Map();
    while (uses.length > 0) {
      const some = uses.slice(0, batch);
      try {
        await this.#db.transact(async (tx) => {
          for (const [, use] of some) await writeUse(tx, use);
        });
      } catch (error) {
        // Newer uses of the same came in the meantime and count.
        this.#noted = new Map([...uses, ...this.#noted]);
        throw error;
      }
      uses.splice(0, batch);
    }
  }

  #writeLater(): void {
    this.write().catch(() => {
      if (this.#noted.size > 0) this.#timer ??= setTimeout(() => this.#writeLater(), this.#afterMs).unref();
    });
  }
}

async function writeUse(tx: Transaction, { loginId, credential, at, from, by }: NotedUse): Promise<void> {
  const table = credential.kind === 'password' ? 'login' : 'application_password';
  await tx.run(
    `UPDATE ${table} SET last_used_at = ?, last_used_from = ?, last_used_by = ? WHERE id = ?`,
    at,
    from ?? null,
    by ?? null,
    credential.kind === 'password' ? loginId : credential.id,
  );
}
