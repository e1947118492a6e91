/** The signing key in use, which can be changed for the next one while the provider runs. */
import type { Signer } from './signer.ts';

export interface SigningKey {
  /** To be asked once for each signature: key and certificates of one signer belong together. */
  current(): Signer;
  replace(next: Signer): void;
}

export function createSigningKey(first: Signer): SigningKey {
  let signer = first;
  return {
    current: () => signer,
    replace: (next) => {
      signer = next;
    },
  };
}
