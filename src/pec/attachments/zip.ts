import { asBuffer } from '../../lib/bytes.ts';
import { type ArchiveEntry, mostEntries, readEntryName } from './archive-entry.ts';

/**
 * The central directory of a ZIP archive (APPNOTE 4.3): names without unpacking anything. Wants the archive's
 * last bytes only, so that a big one need not be held in memory.
 */
const endSignature = 0x06054b50;
const end64Signature = 0x06064b50;
const locator64Signature = 0x07064b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;

interface DirectoryPlace {
  /** In the archive. */
  readonly start: number;
  readonly end: number;
}

/**
 * @param tail the archive's last bytes, or all of them
 * @param size of the whole archive
 * @returns undefined when there is no directory, or it begins before `tail`
 */
export function readZipDirectory(tail: Uint8Array, size = tail.length): readonly ArchiveEntry[] | undefined {
  const bytes = asBuffer(tail);
  const base = size - bytes.length;
  const place = findDirectory(bytes, base);
  if (place === undefined || place.start < base) return undefined;
  const entries: ArchiveEntry[] = [];
  let at = place.start - base;
  const last = Math.min(place.end - base, bytes.length);
  while (at + 46 <= last && bytes.readUInt32LE(at) === entrySignature && entries.length < mostEntries) {
    const nameLength = bytes.readUInt16LE(at + 28);
    entries.push(readEntry(bytes, { at, nameLength, base }));
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return entries;
}

/** The end record stands before a comment of at most 65,535 bytes. */
function findDirectory(bytes: Buffer, base: number): DirectoryPlace | undefined {
  const from = Math.max(bytes.length - 22 - 0xffff, 0);
  for (let at = bytes.length - 22; at >= from; at--) {
    if (bytes.readUInt32LE(at) !== endSignature) continue;
    const length = bytes.readUInt32LE(at + 12);
    const offset = bytes.readUInt32LE(at + 16);
    if (offset === 0xffffffff || length === 0xffffffff) return findDirectory64(bytes, at, base);
    // Bytes may stand before the archive (self-extracting ones): the directory ends where the record begins.
    const start = base + at - length;
    return start < 0 ? undefined : { start, end: start + length };
  }
  return undefined;
}

function findDirectory64(bytes: Buffer, end: number, base: number): DirectoryPlace | undefined {
  const locator = end - 20;
  if (locator < 0 || bytes.readUInt32LE(locator) !== locator64Signature) return undefined;
  const at = Number(bytes.readBigUInt64LE(locator + 8)) - base;
  if (at < 0 || at + 56 > bytes.length || bytes.readUInt32LE(at) !== end64Signature) return undefined;
  const length = Number(bytes.readBigUInt64LE(at + 40));
  const start = Number(bytes.readBigUInt64LE(at + 48));
  return { start, end: start + length };
}

interface EntryPlace {
  readonly at: number;
  readonly nameLength: number;
  readonly base: number;
}

function readEntry(bytes: Buffer, { at, nameLength, base }: EntryPlace): ArchiveEntry {
  const flags = bytes.readUInt16LE(at + 8);
  const name = readEntryName(bytes.subarray(at + 46, at + 46 + nameLength));
  const encrypted = (flags & 1) === 1;
  const method = bytes.readUInt16LE(at + 10);
  const start = bytes.readUInt32LE(at + 42) - base;
  const size = bytes.readUInt32LE(at + 20);
  const dataStart = findData(bytes, start);
  const known = method === 0 || method === 8;
  if (encrypted || !known || dataStart === undefined || dataStart + size > bytes.length)
    return { name, encrypted };
  const range = { start: base + dataStart, end: base + dataStart + size };
  return { name, encrypted, packed: { method: method === 0 ? 'stored' : 'deflated', ...range } };
}

/** The local header repeats the name, with an extra field of its own length. */
function findData(bytes: Buffer, start: number): number | undefined {
  if (start < 0 || start + 30 > bytes.length || bytes.readUInt32LE(start) !== localSignature)
    return undefined;
  return start + 30 + bytes.readUInt16LE(start + 26) + bytes.readUInt16LE(start + 28);
}
