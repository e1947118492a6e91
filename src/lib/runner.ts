/**
 * A loop that works while there is work and otherwise sleeps until the next due time or a wake-up.
 * It never rejects: what `round` throws goes to `onError` and the loop goes on after a pause.
 */
export interface RunnerOptions {
  /** Does what is due and tells in how many milliseconds to come again; `undefined` = only when woken. */
  readonly round: () => Promise<number | undefined>;
  readonly onError: (error: unknown) => void;
  /** Longest sleep, so that a changed clock or another process's rows are seen; milliseconds. */
  readonly longestSleepMs: number;
}

export interface Runner {
  /** There may be work now. */
  wake(): void;
  /** Resolves when the round under way has ended; no other begins. */
  stop(): Promise<void>;
}

const pauseAfterError = 1000;

export function startRunner(options: RunnerOptions): Runner {
  let woken = false;
  let stopped = false;
  let interrupt: () => void = () => undefined;

  const sleep = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      interrupt = () => {
        clearTimeout(timer);
        resolve();
      };
    });

  const loop = async () => {
    while (!stopped) {
      woken = false;
      let wait: number | undefined;
      try {
        wait = await options.round();
      } catch (error) {
        options.onError(error);
        wait = pauseAfterError;
      }
      if (stopped || woken) continue;
      await sleep(Math.max(0, Math.min(wait ?? options.longestSleepMs, options.longestSleepMs)));
    }
  };
  const ended = Promise.resolve().then(loop); // the first round may already want to wake its own runner

  return {
    wake: () => {
      woken = true;
      interrupt();
    },
    stop: () => {
      stopped = true;
      interrupt();
      return ended;
    },
  };
}
