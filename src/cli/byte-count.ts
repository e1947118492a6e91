/** Sizes as people write and read them. K, M, G and T are powers of 1024. */
import { InvalidArgumentError } from 'commander';

const UNITS = ['', 'K', 'M', 'G', 'T'];

/**
 * `500M`, `2 GiB`, `1048576` → bytes.
 * @throws {InvalidArgumentError} for anything else.
 */
export function parseByteCount(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  if (match === null) throw new InvalidArgumentError('Write a size such as 500M or 2G.');
  return Math.round(Number(match[1]) * 1024 ** UNITS.indexOf((match[2] ?? '').toUpperCase()));
}

/** `1073741824` → `1.0 GiB`. */
export function formatByteCount(bytes: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), UNITS.length - 1);
  return power === 0 ? `${bytes} B` : `${(bytes / 1024 ** power).toFixed(1)} ${UNITS[power]}iB`;
}
