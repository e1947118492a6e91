/**
 * A segment from the rows of the database into a file, with its tree on the way: streamed in pages, so a day of
 * a million entries needs no more memory than a day of ten. The chain is checked as it goes; over a damaged one
 * no seal is made.
 */
import { createHash, hash } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import type { Database } from '../../db/database.ts';
import { equalBytes, hex } from '../../lib/bytes.ts';
import type { Instant } from '../../lib/time.ts';
import { checkRow } from '../check-chain.ts';
import { type LogRow, readLogRows, renderLogRow } from '../log-rows.ts';
import { type FinishedTree, MerkleTree } from './merkle.ts';
import type { ArchivedFile, SegmentArchive } from './segment-archive.ts';
import {
  digestLine,
  nameEntriesFile,
  nameSegment,
  RecentFacts,
  renderHeader,
  type SegmentHeader,
} from './segment-line.ts';

/** Entries of the database that a seal would cover are not what was written. */
export class LogDamage extends Error {
  readonly node: string;
  readonly seq: number;

  constructor(node: string, seq: number, text: string) {
    super(`entry ${node}/${seq}: ${text}`);
    this.name = 'LogDamage';
    this.node = node;
    this.seq = seq;
  }
}

export interface ExportedSegment {
  readonly tree: FinishedTree;
  /** The smallest and the largest time of its entries. */
  readonly firstAt: Instant;
  readonly lastAt: Instant;
  readonly lastHash: Uint8Array;
  readonly file: ArchivedFile;
  /** The file's content before compression. */
  readonly content: { readonly size: number; readonly sha256: Uint8Array };
}

/** Gzip of what comes; by itself on another thread. */
export type PackLines = (lines: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

export interface ExportRequest {
  readonly db: Database;
  readonly archive: SegmentArchive;
  readonly header: SegmentHeader;
  /** Instead of zlib's threads. */
  readonly pack?: PackLines | undefined;
  /** Called between pages: to keep a lease. */
  readonly onPage?: () => Promise<void>;
}

/** Room for some pages, so that the next one is read while another thread packs the last. */
const packing = { chunkSize: 256 * 1024, highWaterMark: 2 * 1024 * 1024 };

/** Small, so that mail is served between two pages. */
const pageRows = 400;

/**
 * Writes the segment's file; the same rows give the same bytes.
 * @throws {LogDamage} when the rows are not what was written, or not all there.
 */
export async function exportSegment(request: ExportRequest): Promise<ExportedSegment> {
  const { archive, header, pack } = request;
  const writer = new SegmentWriter(header);
  const name = nameEntriesFile(nameSegment(header));
  const lines = writeLines(request, writer);
  const file =
    pack === undefined
      ? await pipeline(lines, createGzip(packing), (packed) =>
          archive.write(name, packed as AsyncIterable<Uint8Array>),
        )
      : await archive.write(name, pack(lines));
  return { ...writer.finish(), file };
}

async function* writeLines(
  { db, header, onPage }: ExportRequest,
  writer: SegmentWriter,
): AsyncGenerator<Uint8Array> {
  yield writer.start();
  const { node, lastSeq: through } = header;
  for (let after = header.firstSeq - 1; after < through; ) {
    const range = { node, after, through, limit: pageRows };
    const rows = await db.read((tx) => readLogRows(tx, range));
    const last = rows.at(-1);
    if (last === undefined) throw new LogDamage(node, after + 1, 'the entry is missing');
    yield writer.write(rows);
    after = last.seq;
    await onPage?.();
    await nextTurn();
  }
}

/** Turns rows into lines and keeps what the seal needs of them. */
class SegmentWriter {
  readonly #header: SegmentHeader;
  readonly #tree = new MerkleTree();
  readonly #facts = new RecentFacts();
  readonly #content = createHash('sha256');
  #size = 0;
  #seq: number;
  #hash: Uint8Array;
  #firstAt = Number.POSITIVE_INFINITY;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(header: SegmentHeader) {
    this.#header = header;
    this.#seq = header.firstSeq - 1;
    this.#hash = Buffer.from(header.previousHash, 'hex');
  }

  start(): Uint8Array {
    const line = renderHeader(this.#header);
    this.#tree.add(digestLine(line));
    return this.#pass(Buffer.from(`${line}\n`, 'utf8'));
  }

  write(rows: readonly LogRow[]): Uint8Array {
    return this.#pass(Buffer.concat(rows.flatMap((row) => this.#render(row))));
  }

  finish() {
    return {
      tree: this.#tree.finish(),
      firstAt: this.#firstAt,
      lastAt: this.#lastAt,
      lastHash: this.#hash,
      content: { size: this.#size, sha256: this.#content.digest() },
    };
  }

  #render(row: LogRow): Uint8Array[] {
    const facts = hex(row.facts);
    const isKnown = this.#facts.get(facts) === row.facts_json;
    const line = Buffer.from(renderLogRow(row, isKnown ? row.facts : undefined), 'utf8');
    const digest = hash('sha256', line, 'buffer');
    if (
      row.seq !== this.#seq + 1 ||
      !equalBytes(digest, row.hash) ||
      !equalBytes(row.prev_hash, this.#hash)
    ) {
      const [problem] = checkRow(row, this.#seq + 1, this.#hash);
      throw new LogDamage(row.node, row.seq, problem?.text ?? 'the row was changed');
    }
    this.#seq = row.seq;
    this.#hash = row.hash;
    this.#firstAt = Math.min(this.#firstAt, row.at);
    this.#lastAt = Math.max(this.#lastAt, row.at);
    this.#tree.add(digest);
    if (isKnown) return [line, lineEnd];
    this.#facts.add(facts, row.facts_json);
    return [Buffer.from(row.facts_json, 'utf8'), lineEnd, line, lineEnd];
  }

  #pass(bytes: Uint8Array): Uint8Array {
    this.#content.update(bytes);
    this.#size += bytes.length;
    return bytes;
  }
}

const lineEnd = Uint8Array.of(0x0a);
