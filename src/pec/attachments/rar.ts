import { asBuffer } from '../../lib/bytes.ts';
import { type ArchiveEntry, mostEntries, readEntryName } from './archive-entry.ts';

/**
 * The names in a RAR archive, versions 4 and 5 (technical notes of RARLAB). Contents are not unpacked. With
 * encrypted headers there is one entry without a name.
 */
const hidden: ArchiveEntry = { name: '', encrypted: true };

export function readRarEntries(bytes: Uint8Array): readonly ArchiveEntry[] {
  const buffer = asBuffer(bytes);
  return buffer[6] === 1 ? readVersion5(buffer) : readVersion4(buffer);
}

function readVersion4(bytes: Buffer): ArchiveEntry[] {
  const entries: ArchiveEntry[] = [];
  let at = 7;
  while (at + 7 <= bytes.length && entries.length < mostEntries) {
    const type = bytes[at + 2];
    const flags = bytes.readUInt16LE(at + 3);
    const headSize = bytes.readUInt16LE(at + 5);
    if (headSize < 7) break;
    if (type === 0x73 && (flags & 0x80) !== 0) return [hidden];
    const isFile = type === 0x74;
    const hasData = isFile || (flags & 0x8000) !== 0;
    const dataSize = hasData && at + 11 <= bytes.length ? bytes.readUInt32LE(at + 7) : 0;
    if (isFile && at + 32 <= bytes.length) entries.push(readFile4(bytes, at, flags));
    at += headSize + dataSize;
  }
  return entries;
}

function readFile4(bytes: Buffer, at: number, flags: number): ArchiveEntry {
  const length = bytes.readUInt16LE(at + 26);
  const start = at + 32 + ((flags & 0x100) === 0 ? 0 : 8);
  // A Unicode form may follow the plain name after a NUL.
  const [name = ''] = readEntryName(bytes.subarray(start, start + length)).split('\0');
  return { name, encrypted: (flags & 4) !== 0 };
}

function readVersion5(bytes: Buffer): ArchiveEntry[] {
  const entries: ArchiveEntry[] = [];
  let at = 8;
  while (at + 6 < bytes.length && entries.length < mostEntries) {
    const block = new NumberReader(bytes, at + 4);
    const headSize = block.next();
    const next = block.at + headSize;
    const type = block.next();
    const flags = block.next();
    if (type === 4) return [hidden];
    const extraSize = (flags & 1) === 0 ? 0 : block.next();
    const dataSize = (flags & 2) === 0 ? 0 : block.next();
    if (headSize === 0 || type === 5 || next > bytes.length) break;
    if (type === 2) entries.push(readFile5(bytes, block, next - extraSize));
    at = next + dataSize;
  }
  return entries;
}

function readFile5(bytes: Buffer, block: NumberReader, extraStart: number): ArchiveEntry {
  const flags = block.next();
  block.next(); // unpacked size
  block.next(); // attributes
  if ((flags & 2) !== 0) block.at += 4; // modification time
  if ((flags & 4) !== 0) block.at += 4; // checksum
  block.next(); // compression
  block.next(); // host system
  const length = block.next();
  const name = readEntryName(bytes.subarray(block.at, block.at + length));
  // The first record of the extra area of an encrypted file is its encryption record, type 1.
  const extra = new NumberReader(bytes, extraStart);
  const isLast = extraStart <= block.at;
  extra.next();
  return { name, encrypted: !isLast && extra.next() === 1 };
}

/** Numbers of variable length, seven bits a byte, low ones first. */
class NumberReader {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at: number) {
    this.#bytes = bytes;
    this.at = at;
  }

  /** Beyond the end, or after ten bytes, the number ends. */
  next(): number {
    let value = 0;
    for (let place = 0; place < 10; place++) {
      const byte = this.#bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * 2 ** (7 * place);
      if (byte < 0x80) break;
    }
    return value;
  }
}
