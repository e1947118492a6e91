/** A signer whose key is away: for tests of what must happen then (451, nothing unsigned leaves). */
import { MailError } from '../lib/mail-error.ts';
import type { Signer } from './signer.ts';

/** Has a chain like any signer; every `sign` rejects with MailError `temporary`, 451 4.7.0. */
export function createFailingSigner(chain: readonly Uint8Array[] = []): Signer {
  return {
    chain,
    sign: () =>
      Promise.reject(
        new MailError('temporary', 'The signing key cannot be used now, please try again later', {
          code: 451,
          enhanced: '4.7.0',
        }),
      ),
  };
}
