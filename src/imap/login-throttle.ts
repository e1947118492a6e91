/**
 * Slows down guessing: each wrong password from an address doubles the wait before the next answer to that
 * address. Remembers a bounded number of addresses and forgets them after quiet.
 */
import type { Clock, Instant } from '../lib/time.ts';

export interface ThrottleSettings {
  readonly firstDelayMs: number;
  readonly mostDelayMs: number;
  readonly clock: Clock;
}

interface Offender {
  failures: number;
  last: Instant;
}

const forgottenAfterMs = 15 * 60_000;
const mostAddresses = 10_000;

export class LoginThrottle {
  readonly #settings: ThrottleSettings;
  /** In the order of the last failure. */
  readonly #offenders = new Map<string, Offender>();

  constructor(settings: ThrottleSettings) {
    this.#settings = settings;
  }

  /** Notes a wrong password; how many milliseconds to wait before it is answered. */
  noteFailure(address: string): number {
    const now = this.#settings.clock();
    const known = this.#offenders.get(address);
    const failures = known === undefined || now - known.last > forgottenAfterMs ? 1 : known.failures + 1;
    this.#offenders.delete(address);
    this.#offenders.set(address, { failures, last: now });
    this.#forgetOldest();
    const { firstDelayMs, mostDelayMs } = this.#settings;
    return Math.min(firstDelayMs * 2 ** Math.min(failures - 1, 30), mostDelayMs);
  }

  #forgetOldest(): void {
    if (this.#offenders.size <= mostAddresses) return;
    const [oldest] = this.#offenders.keys();
    if (oldest !== undefined) this.#offenders.delete(oldest);
  }
}
