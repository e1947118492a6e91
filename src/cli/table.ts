/** Lists, instants and foreign texts on the terminal. */
import { localTime } from '../mime/date.ts';

/** A table: columns as wide as their longest cell, two blanks apart. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** An instant in Italian legal time, as commands take it too, to the second: `2026-11-21 10:11:12`. */
export function formatInstant(at: number): string {
  const { year, month, day, hour, minute, second } = localTime(at);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${[year, two(month), two(day)].join('-')} ${[hour, minute, second].map(two).join(':')}`;
}

/** Texts from outside must not steer the terminal. */
export function showOneLine(text: string): string {
  return text.replace(/\p{Cc}/gu, ' ');
}
