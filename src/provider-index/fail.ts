/** An index source that is away: proves that a stale index is kept and that "no index" is not "no provider". */
import { IndexError } from './index-error.ts';
import type { IndexSource } from './index-source.ts';

/** Every fetch rejects with an IndexError. */
export function createFailingSource(): IndexSource {
  return {
    name: 'nowhere',
    fetch: () => Promise.reject(new IndexError('the index cannot be fetched now')),
  };
}
