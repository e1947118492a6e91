/** An authority that goes away on demand, around a real one: for tests of what must happen then. */
import type { TimeStampAuthority } from './time-stamp.ts';
import { stampUnavailable } from './unavailable.ts';

export interface FailingAuthority extends TimeStampAuthority {
  /** The next `times` stamps fail; without a number all do, until `heal`. */
  failNext(times?: number): void;
  heal(): void;
  /** How often it was asked. */
  readonly asked: number;
}

/** Stamps like `inner` until told to fail; then `stamp` rejects with MailError `temporary`. */
export function createFailingAuthority(inner: TimeStampAuthority): FailingAuthority {
  let failures = 0;
  let asked = 0;
  return {
    name: inner.name,
    get asked() {
      return asked;
    },
    stamp: (digest) => {
      asked += 1;
      if (failures === 0) return inner.stamp(digest);
      failures -= 1;
      return Promise.reject(stampUnavailable(inner.name, 'it was told to fail'));
    },
    failNext: (times = Number.POSITIVE_INFINITY) => {
      failures = times;
    },
    heal: () => {
      failures = 0;
    },
  };
}
