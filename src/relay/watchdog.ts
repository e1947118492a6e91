/** Ends what takes too long. */
export class Watchdog {
  readonly #expired: (error: Error) => void;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(expired: (error: Error) => void) {
    this.#expired = expired;
  }

  wait(ms: number, what: string): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    this.#timer = setTimeout(() => {
      this.#stopped = true;
      this.#expired(new Error(`timed out: ${what}`));
    }, ms);
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }
}
