/** Durations as people write them: `13h`, `90m`, `1d12h`, `45s`. */
import { InvalidArgumentError } from 'commander';

const unitMs = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 } as const;
const units = Object.keys(unitMs) as (keyof typeof unitMs)[];
const form = /^(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,7})s)?$/;

/** Milliseconds, above zero. @throws {InvalidArgumentError} */
export function parseDuration(text: string): number {
  const parts = form.exec(text.trim())?.slice(1) ?? [];
  const sum = units.reduce((ms, unit, index) => ms + Number(parts[index] ?? 0) * unitMs[unit], 0);
  if (sum === 0) throw new InvalidArgumentError('Write a duration such as 13h, 90m or 1d12h.');
  return sum;
}

/** The same way back, `0s` for nothing; parts of a second are left out. */
export function formatDuration(ms: number): string {
  let rest = ms;
  const parts = units.map((unit) => {
    const count = Math.floor(rest / unitMs[unit]);
    rest -= count * unitMs[unit];
    return count === 0 ? '' : `${count}${unit}`;
  });
  return parts.join('') || '0s';
}
