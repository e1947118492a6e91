/** Medians and how they are written: a single run says little, and the spread says how little. */

export interface Series {
  readonly median: number;
  /** Half of what lies between the least and the greatest, as a share of the median. */
  readonly spread: number;
}

/** @throws {RangeError} without values. */
export function summarize(values: readonly number[]): Series {
  const sorted = [...values].sort((a, b) => a - b);
  const least = sorted[0];
  const greatest = sorted.at(-1);
  if (least === undefined || greatest === undefined) throw new RangeError('no values');
  const median = quantile(sorted, 0.5);
  return { median, spread: median === 0 ? 0 : (greatest - least) / 2 / median };
}

/** Of values in ascending order, between two of them when it falls there. */
export function quantile(ascending: readonly number[], share: number): number {
  const at = (ascending.length - 1) * share;
  const below = ascending[Math.floor(at)] ?? 0;
  const above = ascending[Math.ceil(at)] ?? below;
  return below + (above - below) * (at - Math.floor(at));
}

export function formatSeries({ median, spread }: Series): string {
  return `${formatNumber(median)} ± ${(spread * 100).toFixed(0)} %`;
}

/** Three digits that count, or all before the point. */
export function formatNumber(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en');
  return value.toFixed(value >= 10 ? 1 : 2);
}

export function formatMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
