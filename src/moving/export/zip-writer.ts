/**
 * A ZIP archive as a stream: entries are stored as they are, sizes and checksums stand before the bytes, so that any
 * reader can take it as it comes; Zip64 where 32 bits are not enough (APPNOTE 6.3.10 §4.3). Pure but for `write`.
 */
import type { Instant } from '../../lib/time.ts';

export interface ZipEntry {
  /** `/` between levels; a folder ends in `/`. */
  readonly name: string;
  readonly at: Instant;
  readonly size: number;
  readonly crc32: number;
}

interface WrittenEntry extends ZipEntry {
  readonly offset: number;
}

const largest16 = 0xffff;
const largest32 = 0xffffffff;
/** Bit 11: names are UTF-8. */
const flags = 0x0800;
const version = 45;
/** A regular file, or a folder, that its owner only reads; made by a Unix system. */
const madeBy = (3 << 8) | version;

export class ZipWriter {
  readonly #write: (bytes: Uint8Array) => Promise<void>;
  readonly #entries: WrittenEntry[] = [];
  #offset = 0;

  constructor(write: (bytes: Uint8Array) => Promise<void>) {
    this.#write = write;
  }

  /**
   * Adds an entry. When `chunks` throws, or gives other than `size` bytes, the entry is not listed: readers pass over
   * what is left of it.
   */
  async add(entry: ZipEntry, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const offset = this.#offset;
    await this.#put(buildLocalHeader(entry));
    const start = this.#offset;
    for await (const chunk of chunks) await this.#put(chunk);
    const written = this.#offset - start;
    if (written !== entry.size) throw new Error(`${entry.name} has ${written} bytes, not ${entry.size}`);
    this.#entries.push({ ...entry, offset });
  }

  /** The central directory: after this the archive is whole. */
  async finish(): Promise<void> {
    const start = this.#offset;
    for (const entry of this.#entries) await this.#put(buildCentralHeader(entry));
    const size = this.#offset - start;
    await this.#put(buildEnd({ count: this.#entries.length, start, size }));
  }

  async #put(bytes: Uint8Array): Promise<void> {
    this.#offset += bytes.length;
    await this.#write(bytes);
  }
}

function buildLocalHeader({ name, at, size, crc32 }: ZipEntry): Uint8Array {
  const nameBytes = Buffer.from(name);
  const extra = Buffer.concat([size >= largest32 ? zip64([size, size]) : empty, unixTime(at)]);
  const head = Buffer.alloc(30);
  head.writeUInt32LE(0x04034b50, 0);
  head.writeUInt16LE(version, 4);
  writeCommon(head, 6, { name: nameBytes, extra, at, size, crc32 });
  return Buffer.concat([head, nameBytes, extra]);
}

function buildCentralHeader({ name, at, size, crc32, offset }: WrittenEntry): Uint8Array {
  const nameBytes = Buffer.from(name);
  const large = [...(size >= largest32 ? [size, size] : []), ...(offset >= largest32 ? [offset] : [])];
  const extra = Buffer.concat([large.length > 0 ? zip64(large) : empty, unixTime(at)]);
  const head = Buffer.alloc(46);
  head.writeUInt32LE(0x02014b50, 0);
  head.writeUInt16LE(madeBy, 4);
  head.writeUInt16LE(version, 6);
  writeCommon(head, 8, { name: nameBytes, extra, at, size, crc32 });
  const mode = name.endsWith('/') ? 0o040700 : 0o100600;
  head.writeUInt32LE(((mode << 16) | (name.endsWith('/') ? 0x10 : 0)) >>> 0, 38);
  head.writeUInt32LE(Math.min(offset, largest32), 42);
  return Buffer.concat([head, nameBytes, extra]);
}

interface CommonFields {
  readonly name: Uint8Array;
  readonly extra: Uint8Array;
  readonly at: Instant;
  readonly size: number;
  readonly crc32: number;
}

/** Flags to length of the extra field: the same in both headers. Method 0: stored. */
function writeCommon(head: Buffer, from: number, { name, extra, at, size, crc32 }: CommonFields): void {
  const { time, date } = toDosTime(at);
  head.writeUInt16LE(flags, from);
  head.writeUInt16LE(0, from + 2);
  head.writeUInt16LE(time, from + 4);
  head.writeUInt16LE(date, from + 6);
  head.writeUInt32LE(crc32, from + 8);
  head.writeUInt32LE(Math.min(size, largest32), from + 12);
  head.writeUInt32LE(Math.min(size, largest32), from + 16);
  head.writeUInt16LE(name.length, from + 20);
  head.writeUInt16LE(extra.length, from + 22);
}

const empty = Buffer.alloc(0);

/** §4.5.3. */
function zip64(values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + 8 * values.length);
  extra.writeUInt16LE(0x0001, 0);
  extra.writeUInt16LE(8 * values.length, 2);
  for (const [index, value] of values.entries()) extra.writeBigUInt64LE(BigInt(value), 4 + 8 * index);
  return extra;
}

/** "Extended timestamp" of Info-ZIP: seconds of Unix, where the DOS time has no zone and even seconds only. */
function unixTime(at: Instant): Buffer {
  const seconds = Math.floor(at / 1000);
  if (seconds < -0x80000000 || seconds > 0x7fffffff) return empty;
  const extra = Buffer.alloc(9);
  extra.writeUInt16LE(0x5455, 0);
  extra.writeUInt16LE(5, 2);
  extra.writeUInt8(1, 4);
  extra.writeInt32LE(seconds, 5);
  return extra;
}

/** In UTC, within what DOS can say. */
function toDosTime(at: Instant): { time: number; date: number } {
  const date = new Date(Math.min(Math.max(at, Date.UTC(1980, 0, 1)), Date.UTC(2107, 11, 31, 23, 59, 58)));
  return {
    time: (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1),
    date: ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate(),
  };
}

function buildEnd({ count, start, size }: { count: number; start: number; size: number }): Uint8Array {
  const large = count >= largest16 || start >= largest32 || size >= largest32;
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(count, largest16), 8);
  end.writeUInt16LE(Math.min(count, largest16), 10);
  end.writeUInt32LE(Math.min(size, largest32), 12);
  end.writeUInt32LE(Math.min(start, largest32), 16);
  return large ? Buffer.concat([buildZip64End({ count, start, size }), end]) : end;
}

function buildZip64End({ count, start, size }: { count: number; start: number; size: number }): Uint8Array {
  const record = Buffer.alloc(56 + 20);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeUInt16LE(madeBy, 12);
  record.writeUInt16LE(version, 14);
  record.writeBigUInt64LE(BigInt(count), 24);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(size), 40);
  record.writeBigUInt64LE(BigInt(start), 48);
  // The locator of the record above.
  record.writeUInt32LE(0x07064b50, 56);
  record.writeBigUInt64LE(BigInt(start + size), 64);
  record.writeUInt32LE(1, 72);
  return record;
}
