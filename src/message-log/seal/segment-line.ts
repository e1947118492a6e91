/**
 * The lines of an exported segment: JSON Lines, UTF-8, each ended by one LF. The first line is the header;
 * after it come the entries in order, each as the JSON array that its hash is over, and before an entry the
 * facts that it names by their digest, unless they stood shortly before. So SHA-256 over a line (without its
 * LF) is the hash of the entry, or the digest of the facts: who has the file needs nothing else to check it.
 *
 * The leaves of the segment's tree are the header (number 0) and the entries, by SHA-256 of their lines.
 */
import { hash } from 'node:crypto';
import type { Instant } from '../../lib/time.ts';

export interface SegmentHeader {
  /** The format. */
  readonly segment: 'openpec-log-1';
  readonly provider: { readonly name: string; readonly domain: string };
  readonly node: string;
  /** 1, 2, 3 … of the node. */
  readonly number: number;
  /** The legal day of the first entry, `YYYY-MM-DD`. */
  readonly day: string;
  readonly entries: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Hash of the entry before the first, hex; 64 zeros at the beginning of the stream. */
  readonly previousHash: string;
  /** Root of the segment before, hex; null for the first: this is what chains the seals. */
  readonly previousRoot: string | null;
  /** The provider index that was in force: its day and SHA-256; null when there was none. */
  readonly index: { readonly day: string; readonly sha256: string } | null;
  /** What stands where in an entry. */
  readonly columns: readonly string[];
}

export const segmentFormat = 'openpec-log-1';

export const entryColumns = [
  'previousHash',
  'node',
  'seq',
  'at',
  'type',
  'identificativo',
  'msgid',
  'sender',
  'subject',
  'sendingProvider',
  'factsSha256',
  'generated',
  'detail',
] as const;

/** An entry as its line says it. */
export interface EntryLine {
  readonly previousHash: string;
  readonly node: string;
  readonly seq: number;
  readonly at: Instant;
  readonly type: string;
  readonly identificativo: string;
  readonly msgid: string | null;
  readonly sender: string;
  readonly subject: string;
  readonly sendingProvider: string;
  readonly factsSha256: string;
  /** JSON. */
  readonly generated: string;
  /** JSON. */
  readonly detail: string;
}

export function renderHeader(header: SegmentHeader): string {
  return JSON.stringify(header);
}

/** Undefined when the line is no header of this format. */
export function readHeader(line: string): SegmentHeader | undefined {
  const value = parseJson(line);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const header = value as SegmentHeader;
  const isComplete =
    header.segment === segmentFormat &&
    typeof header.node === 'string' &&
    typeof header.provider?.domain === 'string' &&
    Number.isSafeInteger(header.number) &&
    Number.isSafeInteger(header.firstSeq) &&
    header.entries === header.lastSeq - header.firstSeq + 1 &&
    typeof header.previousHash === 'string';
  return isComplete ? header : undefined;
}

/** Undefined when the line is no entry. */
export function readEntry(line: string): EntryLine | undefined {
  const value = parseJson(line);
  if (!Array.isArray(value) || value.length !== entryColumns.length) return undefined;
  const entry = Object.fromEntries(entryColumns.map((name, index) => [name, value[index] as unknown]));
  return Number.isSafeInteger(entry.seq) && typeof entry.node === 'string'
    ? (entry as unknown as EntryLine)
    : undefined;
}

/** An entry begins with `[`, everything else with `{`. */
export function isEntryLine(line: string): boolean {
  return line.startsWith('[');
}

/** SHA-256 over the line, without its LF. */
export function digestLine(line: string): Uint8Array {
  return hash('sha256', line, 'buffer');
}

/** `n1-000012-2026-11-21`: what the names of a segment's files begin with. */
export function nameSegment({ node, number, day }: Pick<SegmentHeader, 'node' | 'number' | 'day'>): string {
  return `${node}-${String(number).padStart(6, '0')}-${day}`;
}

/** The entries, gzip. */
export function nameEntriesFile(segment: string): string {
  return `${segment}.jsonl.gz`;
}

/** The signed statement about them. */
export function nameStatementFile(segment: string): string {
  return `${segment}.p7m`;
}

/** The time stamp of one authority. */
export function nameStampFile(segment: string, authority: string): string {
  return `${segment}.${authority}.tsr`;
}

/**
 * Which facts stood shortly before: the 4096 named last. Writer and readers follow the same rule, so facts
 * never need to be looked for further back.
 */
export class RecentFacts {
  readonly #known = new Map<string, string>();

  /** The facts, if they stood lately; naming them makes them recent again. */
  get(digest: string): string | undefined {
    const facts = this.#known.get(digest);
    if (facts === undefined) return undefined;
    this.#known.delete(digest);
    this.#known.set(digest, facts);
    return facts;
  }

  add(digest: string, facts: string): void {
    this.#known.set(digest, facts);
    if (this.#known.size <= recentFacts) return;
    const oldest = this.#known.keys().next();
    if (!oldest.done) this.#known.delete(oldest.value);
  }
}

const recentFacts = 4096;

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
