/**
 * Slows down and stops guessing of passwords. Failures are counted by client address, by account, and by both
 * together, whether the account exists or not, so that neither text nor time tells which accounts do.
 * - Each failure from an address makes its next answer slower.
 * - Too many failures lock the pair of address and account, or the whole address, for a while.
 * - Too many failures on one account from everywhere lock it for addresses that never logged in to it: its
 *   owner, coming from a known address, is not shut out by an attack.
 * No more passwords are looked at together than might still fail before the lock; who comes beyond waits in line. So
 * many tries at once gain nothing, and many programs with the right password all get in. Nothing is written to disk: a
 * restart forgets. Memory is bounded; the oldest entries go first.
 */
import type { Clock, Instant } from '../lib/time.ts';
import { addressKey } from './admission.ts';
import { WaitingLine } from './waiting-line.ts';

export interface LoginGuardLimits {
  /** Failures are forgotten, and locks end, so long after the last one. */
  readonly windowMs: number;
  readonly failuresPerPair: number;
  readonly failuresPerAddress: number;
  readonly failuresPerAccount: number;
  /** Answer to the first failure; doubles with each further one from the address. */
  readonly delayMs: number;
  readonly longestDelayMs: number;
  /** Entries kept of each kind. */
  readonly entries: number;
  /** Tries that wait in line because of one address, account or pair; more are refused. */
  readonly lineLength: number;
  /** How long a try waits in line before it is refused. */
  readonly lineMs: number;
}

export const defaultGuardLimits: LoginGuardLimits = {
  windowMs: 15 * 60_000,
  failuresPerPair: 10,
  failuresPerAddress: 50,
  failuresPerAccount: 100,
  delayMs: 250,
  longestDelayMs: 4000,
  entries: 100_000,
  lineLength: 1000,
  lineMs: 30_000,
};

export interface LoginTry {
  /** Too many failures, or too long a line: the password is not even looked at; answer with a temporary failure. */
  readonly locked: boolean;
  /** How long to wait before a negative answer, milliseconds; the same for every reason. */
  readonly delayMs: number;
  // One of them must be called, once, unless it is locked.
  /** The password was right: the address is known for this account. */
  succeeded(): void;
  /** The password was wrong. */
  failed(): void;
  /** It could not be checked (the store is down): the try does not count. */
  undecided(): void;
}

export interface LoginGuard {
  /** Must be waited for before the password is checked. `account` as the client wrote it. Never rejects. */
  begin(address: string, account: string): Promise<LoginTry>;
}

interface Failures {
  count: number;
  last: Instant;
}

/** What is counted by one kind of key: failures, with an age, and tries under way. */
class TryTable {
  readonly limit: number;
  readonly #failures = new Map<string, Failures>();
  readonly #underWay = new Map<string, number>();
  readonly #windowMs: number;
  readonly #entries: number;

  constructor(limit: number, { windowMs, entries }: LoginGuardLimits) {
    this.limit = limit;
    this.#windowMs = windowMs;
    this.#entries = entries;
  }

  failures(key: string, now: Instant): number {
    const entry = this.#failures.get(key);
    return entry === undefined || now - entry.last >= this.#windowMs ? 0 : entry.count;
  }

  underWay(key: string): number {
    return this.#underWay.get(key) ?? 0;
  }

  /** Tries that may begin now. */
  room(key: string, now: Instant): number {
    return this.limit - this.failures(key, now) - this.underWay(key);
  }

  enter(key: string): void {
    this.#underWay.set(key, this.underWay(key) + 1);
  }

  leave(key: string): void {
    const left = this.underWay(key) - 1;
    if (left <= 0) this.#underWay.delete(key);
    else this.#underWay.set(key, left);
  }

  addFailure(key: string, now: Instant): void {
    const count = this.failures(key, now) + 1;
    this.#failures.delete(key);
    this.#failures.set(key, { count, last: now });
    if (this.#failures.size <= this.#entries) return;
    const [oldest] = this.#failures.keys();
    if (oldest !== undefined) this.#failures.delete(oldest);
  }

  forgive(key: string): void {
    this.#failures.delete(key);
  }
}

/** One of the three things a try is counted by. */
interface Gate {
  readonly table: TryTable;
  readonly key: string;
  readonly line: WaitingLine;
}

interface Gates {
  readonly pair: Gate;
  readonly address: Gate;
  readonly account: Gate;
}

function allOf({ pair, address, account }: Gates): readonly Gate[] {
  return [pair, address, account];
}

class CountingGuard implements LoginGuard {
  readonly #limits: LoginGuardLimits;
  readonly #clock: Clock;
  readonly #pairs: TryTable;
  readonly #addresses: TryTable;
  readonly #accounts: TryTable;
  readonly #lines: { pairs: WaitingLine; addresses: WaitingLine; accounts: WaitingLine };
  readonly #known = new Set<string>();

  constructor(clock: Clock, limits: LoginGuardLimits) {
    this.#limits = limits;
    this.#clock = clock;
    this.#pairs = new TryTable(limits.failuresPerPair, limits);
    this.#addresses = new TryTable(limits.failuresPerAddress, limits);
    this.#accounts = new TryTable(limits.failuresPerAccount, limits);
    const line = () => new WaitingLine(limits.lineLength);
    this.#lines = { pairs: line(), addresses: line(), accounts: line() };
  }

  async begin(address: string, account: string): Promise<LoginTry> {
    const gates = this.#gatesFor(address, account);
    const until = performance.now() + this.#limits.lineMs;
    let behind: Gate | undefined;
    while (true) {
      const stop = this.#findStop(gates);
      if (stop === undefined) return this.#enter(gates);
      // The place that it was called for is another's.
      if (behind !== undefined && behind !== stop) behind.line.call(behind.key, 1);
      if (stop === 'locked' || !(await stop.line.wait(stop.key, until - performance.now())))
        return this.#refuse(gates);
      behind = stop;
    }
  }

  #gatesFor(address: string, account: string): Gates {
    const from = addressKey(address);
    // What is longer than any address is one account to us: keys must stay small.
    const name = account.toLowerCase().slice(0, 256);
    return {
      pair: { table: this.#pairs, key: `${from} ${name}`, line: this.#lines.pairs },
      address: { table: this.#addresses, key: from, line: this.#lines.addresses },
      account: { table: this.#accounts, key: name, line: this.#lines.accounts },
    };
  }

  /** Where the try has to wait; undefined when it may begin. */
  #findStop({ pair, address, account }: Gates): Gate | 'locked' | undefined {
    const now = this.#clock();
    // One office may have many people behind one address: who is known there gets through.
    const gates = this.#known.has(pair.key) ? [pair] : [pair, address, account];
    if (gates.some(({ table, key }) => table.failures(key, now) >= table.limit)) return 'locked';
    return gates.find(({ table, key }) => table.room(key, now) <= 0);
  }

  #enter(gates: Gates): LoginTry {
    const delayMs = this.#delayFor(gates);
    for (const { table, key } of allOf(gates)) table.enter(key);
    const end = (act: () => void) => () => {
      for (const { table, key } of allOf(gates)) table.leave(key);
      act();
      const now = this.#clock();
      // A lock is told to all who wait: each one called calls the next.
      for (const { table, key, line } of allOf(gates)) line.call(key, Math.max(1, table.room(key, now)));
    };
    return {
      locked: false,
      delayMs,
      succeeded: end(() => {
        this.#pairs.forgive(gates.pair.key);
        this.#remember(gates.pair.key);
      }),
      failed: end(() => {
        const now = this.#clock();
        for (const { table, key } of allOf(gates)) table.addFailure(key, now);
      }),
      undecided: end(() => undefined),
    };
  }

  #refuse(gates: Gates): LoginTry {
    const nothing = () => undefined;
    const delayMs = this.#delayFor(gates);
    return { locked: true, delayMs, succeeded: nothing, failed: nothing, undecided: nothing };
  }

  /** Tries under way count like failures here: many wrong ones at once are not answered sooner. */
  #delayFor({ address: { table, key } }: Gates): number {
    const failures = table.failures(key, this.#clock()) + table.underWay(key);
    return Math.min(this.#limits.delayMs * 2 ** Math.min(failures, 20), this.#limits.longestDelayMs);
  }

  #remember(pair: string): void {
    this.#known.delete(pair);
    this.#known.add(pair);
    if (this.#known.size <= this.#limits.entries) return;
    const [oldest] = this.#known;
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}

/** One guard should serve all edges of a provider: a guesser may change the protocol. */
export function createLoginGuard(clock: Clock, limits: Partial<LoginGuardLimits> = {}): LoginGuard {
  return new CountingGuard(clock, { ...defaultGuardLimits, ...limits });
}
