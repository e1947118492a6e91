import { isUtf8 } from 'node:buffer';
import { latin1, utf8 } from '../../lib/bytes.ts';

/** A file named in an archive. */
export interface ArchiveEntry {
  readonly name: string;
  readonly encrypted: boolean;
  /** Where its bytes stand and how they are packed; undefined when they cannot be had. */
  readonly packed?: {
    readonly method: 'stored' | 'deflated';
    /** First byte in the archive, and first byte after it. */
    readonly start: number;
    readonly end: number;
  };
}

/** More entries than this are not read: no honest archive needs them, and each costs memory. */
export const mostEntries = 20_000;

/** Names in archives are UTF-8 or some eight-bit set; extensions are ASCII in both. */
export function readEntryName(bytes: Uint8Array): string {
  return isUtf8(bytes) ? utf8(bytes) : latin1(bytes);
}
