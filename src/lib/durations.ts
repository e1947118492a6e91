/** Percentiles of any number of durations in little memory: two significant digits, rounded up. */
export class Durations {
  readonly #counts = new Map<number, number>();
  #total = 0;

  /** @param ms below zero (a clock was set back) counts as zero */
  add(ms: number): void {
    const rounded = roundUp(Math.max(0, ms));
    this.#counts.set(rounded, (this.#counts.get(rounded) ?? 0) + 1);
    this.#total++;
  }

  get count(): number {
    return this.#total;
  }

  /** The duration that `share` (0 to 1) of all do not exceed, milliseconds; undefined when there are none. */
  percentile(share: number): number | undefined {
    const wanted = Math.max(1, Math.ceil(share * this.#total));
    let seen = 0;
    for (const [ms, count] of [...this.#counts].sort(([a], [b]) => a - b)) {
      seen += count;
      if (seen >= wanted) return ms;
    }
    return undefined;
  }
}

function roundUp(ms: number): number {
  if (ms <= 100) return Math.ceil(ms);
  const step = 10 ** (Math.floor(Math.log10(ms)) - 1);
  return Math.ceil(ms / step) * step;
}
