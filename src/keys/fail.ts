/** A signer whose key goes away on demand, around a real one: for tests of what must happen then. */
import type { Signer } from './signer.ts';
import { signerUnavailable } from './unavailable.ts';

export interface FailingSigner extends Signer {
  /** The next `times` signatures fail; without a number all do, until `heal`. */
  failNext(times?: number): void;
  heal(): void;
}

/** Signs like `inner` until told to fail; then `sign` rejects with MailError `temporary`, 451 4.7.0. */
export function createFailingSigner(inner: Signer): FailingSigner {
  let failures = 0;
  return {
    get chain() {
      return inner.chain;
    },
    sign: (tbs) => {
      if (failures === 0) return inner.sign(tbs);
      failures -= 1;
      return Promise.reject(signerUnavailable());
    },
    failNext: (times = Number.POSITIVE_INFINITY) => {
      failures = times;
    },
    heal: () => {
      failures = 0;
    },
  };
}
