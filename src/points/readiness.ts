/** Whether the provider may certify now: what it says about time and about other providers must be true. */
import { MailError } from '../lib/mail-error.ts';
import type { Clock } from '../lib/time.ts';
import type { ProviderIndex } from '../provider-index/provider-index.ts';

export interface ReadinessOptions {
  readonly isClockRight: () => boolean;
  readonly index: () => ProviderIndex;
  /** Oldest copy of the index to work with. */
  readonly maxIndexAgeMs: number;
  readonly clock: Clock;
}

/** What keeps the provider from certifying now; undefined when nothing does. */
export type Hindrance = 'clock' | 'index-missing' | 'index-too-old';

export function findHindrance(options: ReadinessOptions): Hindrance | undefined {
  // RFC 6109 §4.1: within one second of UTC.
  if (!options.isClockRight()) return 'clock';
  const { fetchedAt } = options.index();
  // Without an index every recipient would be ordinary, and every provider a stranger.
  if (fetchedAt === undefined) return 'index-missing';
  return options.clock() - fetchedAt > options.maxIndexAgeMs ? 'index-too-old' : undefined;
}

const texts: Readonly<Record<Hindrance, string>> = {
  clock: "The provider's clock cannot be relied upon now and certification is suspended",
  'index-missing': 'The index of certified mail providers is not available yet',
  'index-too-old': 'The index of certified mail providers is too old and certification is suspended',
};

/** A check that throws {MailError} `temporary`, 451 4.3.0, while something is in the way: the client tries again. */
export function createReadyCheck(options: ReadinessOptions): () => void {
  return () => {
    const hindrance = findHindrance(options);
    if (hindrance === undefined) return;
    const text = `${texts[hindrance]}, please try again later`;
    throw new MailError('temporary', text, { code: 451, enhanced: '4.3.0' });
  };
}

/** For workers, which wait instead of answering. */
export function isReady({ ready }: { readonly ready: () => void }): boolean {
  try {
    ready();
    return true;
  } catch (error) {
    if (error instanceof MailError) return false;
    throw error;
  }
}
