/**
 * An exported segment read back, line by line: its header, its entries, and on the way all digests that its
 * seal speaks of. Whatever the file holds, nothing but `SegmentFileError` is thrown for it.
 */
import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { hex } from '../../lib/bytes.ts';
import { type FinishedTree, MerkleTree } from '../seal/merkle.ts';
import type { SegmentArchive } from '../seal/segment-archive.ts';
import {
  digestLine,
  isEntryLine,
  RecentFacts,
  readEntry,
  readHeader,
  type SegmentHeader,
} from '../seal/segment-line.ts';

/** The file cannot be read as a segment. */
export class SegmentFileError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'SegmentFileError';
  }
}

export interface FileEntry {
  readonly seq: number;
  readonly line: string;
  /** False when the facts that the entry names do not stand before it. */
  readonly hasFacts: boolean;
}

export interface FileDigests {
  readonly tree: FinishedTree;
  readonly file: { readonly size: number; readonly sha256: string };
  readonly content: { readonly size: number; readonly sha256: string };
}

const longestLine = 16 << 20;

export class SegmentReader {
  readonly #archive: SegmentArchive;
  readonly #name: string;
  readonly #tree = new MerkleTree();
  readonly #facts = new RecentFacts();
  readonly #fileDigest = createHash('sha256');
  readonly #contentDigest = createHash('sha256');
  #fileSize = 0;
  #contentSize = 0;
  #header: SegmentHeader | undefined;

  constructor(archive: SegmentArchive, name: string) {
    this.#archive = archive;
    this.#name = name;
  }

  /** Known once the first entry was read, or the file is at its end. */
  get header(): SegmentHeader | undefined {
    return this.#header;
  }

  /** To be asked at the end. */
  finish(): FileDigests {
    return {
      tree: this.#tree.finish(),
      file: { size: this.#fileSize, sha256: this.#fileDigest.digest('hex') },
      content: { size: this.#contentSize, sha256: this.#contentDigest.digest('hex') },
    };
  }

  /** @throws {SegmentFileError} when the file is missing, damaged or no segment. */
  async *entries(): AsyncGenerator<FileEntry> {
    let isFirst = true;
    for await (const line of this.#lines()) {
      if (isFirst) this.#begin(line);
      isFirst = false;
      if (!isEntryLine(line)) {
        this.#facts.add(hex(digestLine(line)), line);
        continue;
      }
      const entry = readEntry(line);
      if (entry === undefined) throw new SegmentFileError('a line is no entry');
      this.#tree.add(digestLine(line));
      yield { seq: entry.seq, line, hasFacts: this.#facts.get(entry.factsSha256) !== undefined };
    }
    if (isFirst) throw new SegmentFileError('the file is empty');
  }

  #begin(line: string): void {
    this.#header = readHeader(line);
    if (this.#header === undefined) throw new SegmentFileError('the file does not begin with a header');
    this.#tree.add(digestLine(line));
  }

  async *#lines(): AsyncGenerator<string> {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of this.#unpacked()) {
      let text = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      for (let end = text.indexOf(lineFeed); end >= 0; end = text.indexOf(lineFeed)) {
        yield text.toString('utf8', 0, end);
        text = text.subarray(end + 1);
      }
      rest = text;
      if (rest.length > longestLine) throw new SegmentFileError('a line is too long');
    }
    if (rest.length > 0) throw new SegmentFileError('the last line has no end');
  }

  async *#unpacked(): AsyncGenerator<Buffer> {
    const gunzip = createGunzip();
    pipeline(Readable.from(this.#packed()), gunzip, () => undefined);
    try {
      for await (const chunk of gunzip as AsyncIterable<Buffer>) {
        this.#contentDigest.update(chunk);
        this.#contentSize += chunk.length;
        yield chunk;
      }
    } catch (error) {
      if (error instanceof SegmentFileError) throw error;
      throw new SegmentFileError(`the file cannot be read: ${(error as Error).message}`, error);
    }
  }

  async *#packed(): AsyncGenerator<Uint8Array> {
    for await (const chunk of this.#archive.read(this.#name)) {
      this.#fileDigest.update(chunk);
      this.#fileSize += chunk.length;
      yield chunk;
    }
  }
}

const lineFeed = 0x0a;
