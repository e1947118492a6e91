import { asBuffer } from '../../lib/bytes.ts';
import { type ArchiveEntry, mostEntries, readEntryName } from './archive-entry.ts';

/** The names in a tar archive (POSIX ustar, GNU long names); what comes after a damaged header is not read. */
export function readTarEntries(bytes: Uint8Array): readonly ArchiveEntry[] {
  const buffer = asBuffer(bytes);
  const entries: ArchiveEntry[] = [];
  let longName: string | undefined;
  let at = 0;
  while (at + 512 <= buffer.length && entries.length < mostEntries) {
    const header = buffer.subarray(at, at + 512);
    const size = Number.parseInt(readString(header, 124, 12), 8);
    if (header[0] === 0 || !Number.isSafeInteger(size) || size < 0) break;
    const start = at + 512;
    const end = start + size;
    // GNU: the next entry's name is this one's content.
    const isLongName = header[156] === 0x4c;
    if (isLongName) longName = readString(buffer, start, Math.min(size, 4096));
    else {
      const name = longName ?? readName(header);
      longName = undefined;
      const complete = end <= buffer.length;
      entries.push({ name, encrypted: false, ...(complete && { packed: { method: 'stored', start, end } }) });
    }
    at = start + Math.ceil(size / 512) * 512;
  }
  return entries;
}

function readName(header: Buffer): string {
  const prefix = readString(header, 345, 155);
  const name = readString(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function readString(bytes: Buffer, start: number, length: number): string {
  const field = bytes.subarray(start, start + length);
  const end = field.indexOf(0);
  return readEntryName(end === -1 ? field : field.subarray(0, end)).trim();
}
