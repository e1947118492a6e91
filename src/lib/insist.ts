/**
 * Acts that must happen but meet a failure that passes: a full disk, a key that is away. Nothing is forgotten while
 * the process lives, and who has taken something in hand lets go of it only when that is recorded.
 */
export interface InsistOptions {
  /** Hears each failure. */
  readonly onError: (error: unknown) => void;
  /** Between two tries, milliseconds. */
  readonly pauseMs: number;
  /** No further try after so many milliseconds since the first: then something else is wrong. */
  readonly limitMs: number;
}

export interface Insistence {
  /**
   * Tries `act` until it succeeds. Every failure has gone to `onError`.
   * @throws what the last try threw, when the limit is reached or `stop` was called.
   */
  insist(act: () => Promise<void>): Promise<void>;
  /** No further try: what waits is told its last failure at once. */
  stop(): void;
}

export function createInsistence({ onError, pauseMs, limitMs }: InsistOptions): Insistence {
  const waiting = new Set<() => void>();
  let stopped = false;

  const pause = () =>
    new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, pauseMs);
      waiting.add(end);
    });

  return {
    insist: async (act) => {
      // Measured, not counted: a try may itself take long.
      const until = performance.now() + limitMs;
      while (true) {
        try {
          return await act();
        } catch (error) {
          onError(error);
          if (stopped || performance.now() + pauseMs > until) throw error;
          await pause();
          if (stopped) throw error;
        }
      }
    },
    stop: () => {
      stopped = true;
      for (const end of waiting) end();
    },
  };
}
