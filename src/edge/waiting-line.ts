/** Lines, one for each key, in which somebody waits to be called: first come, first called. Bounded in length and time. */
export class WaitingLine {
  readonly #longest: number;
  readonly #lines = new Map<string, Set<(called: boolean) => void>>();

  /** @param longest how many may wait for one key */
  constructor(longest: number) {
    this.#longest = longest;
  }

  /** True when called; false when the line is full, or nobody called within `forMs` milliseconds. */
  wait(key: string, forMs: number): Promise<boolean> {
    const line = this.#lines.get(key) ?? new Set();
    if (line.size >= this.#longest || forMs <= 0) return Promise.resolve(false);
    this.#lines.set(key, line);
    return new Promise((resolve) => {
      const end = (called: boolean) => {
        clearTimeout(timer);
        line.delete(end);
        if (line.size === 0) this.#lines.delete(key);
        resolve(called);
      };
      const timer = setTimeout(() => end(false), forMs);
      timer.unref();
      line.add(end);
    });
  }

  /** Calls the next `count` who wait for the key. */
  call(key: string, count: number): void {
    const line = this.#lines.get(key);
    if (line === undefined) return;
    let left = count;
    for (const end of line) {
      if (left-- <= 0) return;
      end(true);
    }
  }
}
