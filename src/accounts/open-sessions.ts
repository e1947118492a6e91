/**
 * Sessions that stay open after the login. When what a session proved itself with is taken back (password changed,
 * application password revoked or expired, login disabled or removed, rights changed), it is told so and ends:
 * at once for changes of this process, within the rows' look at other processes (about a second) for theirs.
 */
import type { Database } from '../db/database.ts';
import type { Clock } from '../lib/time.ts';
import { loginTopic, readLoginSerial } from './login-changes.ts';
import type { Login } from './logins.ts';
import { renewLogin } from './proven-login.ts';

interface OpenSession {
  readonly login: Login;
  readonly end: () => void;
}

/** `setTimeout` takes no longer one. */
const longestTimerMs = 2_147_483_647;
/** Timers may come a moment early. */
const expiryMarginMs = 20;
const retryMs = 5000;

export class OpenSessions {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #sessions = new Map<number, Set<OpenSession>>();
  #stopListening: (() => void) | undefined;
  #serial = 0;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** Calls `end` at most once, when the login is no longer what it was. Returns how to stop. */
  watch(login: Login, end: () => void): () => void {
    const session: OpenSession = {
      login,
      end: () => {
        if (!this.#has(session)) return;
        stop();
        end();
      },
    };
    const timer = this.#watchExpiry(session);
    const stop = () => {
      clearTimeout(timer);
      this.#remove(session);
    };
    const ofLogin = this.#sessions.get(login.loginId) ?? new Set();
    ofLogin.add(session);
    this.#sessions.set(login.loginId, ofLogin);
    this.#listen();
    // What changed between the proof and this call was told to nobody.
    void this.#check([session]);
    return stop;
  }

  #listen(): void {
    this.#stopListening ??= this.#db.listen(loginTopic, (payload) => {
      if (payload === undefined) void this.#checkAll();
      else void this.#check([...(this.#sessions.get(Number(payload)) ?? [])]);
    });
  }

  #remove(session: OpenSession): void {
    const { loginId } = session.login;
    const ofLogin = this.#sessions.get(loginId);
    ofLogin?.delete(session);
    if (ofLogin?.size === 0) this.#sessions.delete(loginId);
    if (this.#sessions.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  #has(session: OpenSession): boolean {
    return this.#sessions.get(session.login.loginId)?.has(session) === true;
  }

  #watchExpiry(session: OpenSession): NodeJS.Timeout | undefined {
    const { credential } = session.login;
    const expiresAt = credential.kind === 'password' ? undefined : credential.expiresAt;
    if (expiresAt === undefined) return undefined;
    const delay = Math.min(Math.max(expiresAt - this.#clock(), 0) + expiryMarginMs, longestTimerMs);
    return setTimeout(() => void this.#check([session]), delay).unref();
  }

  /** Another process wrote something: only if it was about logins, every session is looked at. */
  async #checkAll(): Promise<void> {
    const all = () => [...this.#sessions.values()].flatMap((ofLogin) => [...ofLogin]);
    try {
      const serial = await this.#db.read(readLoginSerial);
      if (serial === this.#serial) return;
      this.#serial = serial;
      await this.#check(all());
    } catch {
      this.#checkLater(all());
    }
  }

  async #check(sessions: readonly OpenSession[]): Promise<void> {
    for (const [index, session] of sessions.entries()) {
      if (!this.#has(session)) continue;
      const { login } = session;
      try {
        const now = await this.#db.read((tx) => renewLogin(tx, login, this.#clock()));
        if (now === undefined || !sameAccess(now, login)) session.end();
      } catch {
        this.#checkLater(sessions.slice(index));
        return;
      }
    }
  }

  /** The rows cannot answer now. */
  #checkLater(sessions: readonly OpenSession[]): void {
    setTimeout(() => void this.#check(sessions), retryMs).unref();
  }
}

/** A block of sending leaves reading as it was: the sending edges ask at each message. */
function sameAccess({ rights: now }: Login, { rights: before }: Login): boolean {
  return now.read === before.read && now.write === before.write && now.manage === before.manage;
}
