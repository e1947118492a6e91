/**
 * Where sealed segments are kept as files: written once, whole or not at all, for legal preservation. A folder
 * in the data folder, or a store with object lock.
 */
export interface ArchivedFile {
  readonly name: string;
  readonly size: number;
  /** SHA-256 of the bytes, 32 bytes. */
  readonly sha256: Uint8Array;
}

export interface SegmentArchive {
  /**
   * Durable under its name when it resolves; if `source` throws, nothing is kept and the error is passed on.
   * A file of the same name is replaced: an export that was interrupted is done again.
   */
  write(name: string, source: AsyncIterable<Uint8Array>): Promise<ArchivedFile>;
  /** @throws {Error} with code `ENOENT` when there is no such file. */
  read(name: string): AsyncIterable<Uint8Array>;
  /** Bytes, or undefined when there is no such file. */
  size(name: string): Promise<number | undefined>;
  /** A missing file is no error. */
  remove(name: string): Promise<void>;
  /** The names, in order. */
  list(): Promise<string[]>;
}

/** All bytes of a small file: a statement, a stamp. */
export async function readWhole(archive: SegmentArchive, name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of archive.read(name)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** One piece as a source. */
export async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
