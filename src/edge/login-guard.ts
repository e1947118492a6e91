/**
 * Slows down and stops guessing of passwords. Failures are counted by client address, by account, and by both
 * together, whether the account exists or not, so that neither text nor time tells which accounts do.
 * - Each failure from an address makes its next answer slower.
 * - Too many failures lock the pair of address and account, or the whole address, for a while.
 * - Too many failures on one account from everywhere lock it for addresses that never logged in to it: its
 *   owner, coming from a known address, is not shut out by an attack.
 * A try counts as failed from its beginning, so that many tries at once gain nothing. Nothing is written to
 * disk: a restart forgets. Memory is bounded; the oldest entries go first.
 */
import type { Clock, Instant } from '../lib/time.ts';
import { addressKey } from './admission.ts';

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
}

export const defaultGuardLimits: LoginGuardLimits = {
  windowMs: 15 * 60_000,
  failuresPerPair: 10,
  failuresPerAddress: 50,
  failuresPerAccount: 100,
  delayMs: 250,
  longestDelayMs: 4000,
  entries: 100_000,
};

export interface LoginTry {
  /** The password is not even looked at: answer with a temporary failure. */
  readonly locked: boolean;
  /** How long to wait before a negative answer, milliseconds; the same for every reason. */
  readonly delayMs: number;
  /** The password was right: the try no longer counts, and the address is known for this account. */
  succeeded(): void;
  /** It could not be checked (the store is down): the try does not count. */
  undecided(): void;
}

export interface LoginGuard {
  /** Must be called before the password is checked. `account` as the client wrote it. */
  begin(address: string, account: string): LoginTry;
}

interface Failures {
  count: number;
  last: Instant;
}

/** Counts with an age, at most `entries` of them. */
class FailureTable {
  readonly #counts = new Map<string, Failures>();
  readonly #windowMs: number;
  readonly #entries: number;

  constructor(windowMs: number, entries: number) {
    this.#windowMs = windowMs;
    this.#entries = entries;
  }

  count(key: string, now: Instant): number {
    const entry = this.#counts.get(key);
    return entry === undefined || now - entry.last >= this.#windowMs ? 0 : entry.count;
  }

  add(key: string, now: Instant): void {
    const count = this.count(key, now) + 1;
    this.#counts.delete(key);
    this.#counts.set(key, { count, last: now });
    if (this.#counts.size <= this.#entries) return;
    const [oldest] = this.#counts.keys();
    if (oldest !== undefined) this.#counts.delete(oldest);
  }

  takeBack(key: string): void {
    const entry = this.#counts.get(key);
    if (entry !== undefined && --entry.count <= 0) this.#counts.delete(key);
  }

  clear(key: string): void {
    this.#counts.delete(key);
  }
}

class CountingGuard implements LoginGuard {
  readonly #limits: LoginGuardLimits;
  readonly #clock: Clock;
  readonly #pairs: FailureTable;
  readonly #addresses: FailureTable;
  readonly #accounts: FailureTable;
  readonly #known = new Set<string>();

  constructor(clock: Clock, limits: LoginGuardLimits) {
    this.#limits = limits;
    this.#clock = clock;
    this.#pairs = new FailureTable(limits.windowMs, limits.entries);
    this.#addresses = new FailureTable(limits.windowMs, limits.entries);
    this.#accounts = new FailureTable(limits.windowMs, limits.entries);
  }

  begin(address: string, account: string): LoginTry {
    const now = this.#clock();
    const from = addressKey(address);
    // What is longer than any address is one account to us: keys must stay small.
    const name = account.toLowerCase().slice(0, 256);
    const pair = `${from} ${name}`;
    const locked = this.#isLocked(from, name, now);
    const failures = this.#addresses.count(from, now);
    const delayMs = Math.min(this.#limits.delayMs * 2 ** Math.min(failures, 20), this.#limits.longestDelayMs);
    if (locked) return { locked, delayMs, succeeded: () => undefined, undecided: () => undefined };
    this.#pairs.add(pair, now);
    this.#addresses.add(from, now);
    this.#accounts.add(name, now);
    return {
      locked,
      delayMs,
      succeeded: () => {
        this.#takeBack(from, name);
        this.#pairs.clear(pair);
        this.#remember(pair);
      },
      undecided: () => this.#takeBack(from, name),
    };
  }

  #isLocked(from: string, name: string, now: Instant): boolean {
    const pair = `${from} ${name}`;
    if (this.#pairs.count(pair, now) >= this.#limits.failuresPerPair) return true;
    // One office may have many people behind one address: who is known there gets through.
    if (this.#known.has(pair)) return false;
    return (
      this.#addresses.count(from, now) >= this.#limits.failuresPerAddress ||
      this.#accounts.count(name, now) >= this.#limits.failuresPerAccount
    );
  }

  #takeBack(from: string, name: string): void {
    this.#pairs.takeBack(`${from} ${name}`);
    this.#addresses.takeBack(from);
    this.#accounts.takeBack(name);
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
