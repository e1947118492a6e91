/**
 * The entries of one sealed segment: what the database has, what the exported file has, and the root that was
 * sealed. Both are read once, side by side, in bounded memory; where they differ the entry is named, and the
 * root says which of the two is the one that was sealed.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from '../../db/database.ts';
import { equalBytes } from '../../lib/bytes.ts';
import { digestFacts } from '../append.ts';
import { checkRow } from '../check-chain.ts';
import { type LogRow, readLogRows, renderLogRow } from '../log-rows.ts';
import { type FinishedTree, MerkleTree, splitNodes, subtreeLeaves } from '../seal/merkle.ts';
import type { Seal, SealContent } from '../seal/seal-rows.ts';
import type { SegmentArchive } from '../seal/segment-archive.ts';
import { digestLine, readEntry, readHeader } from '../seal/segment-line.ts';
import type { SealStatement } from '../seal/statement.ts';
import type { Findings } from './findings.ts';
import { type FileEntry, SegmentFileError, SegmentReader } from './segment-reader.ts';

export type FilledSeal = Seal & { readonly content: SealContent };

export interface SegmentCheck {
  readonly db: Database;
  readonly archive: SegmentArchive;
  readonly seal: FilledSeal;
  /** What was signed about it; undefined when that could not be read. */
  readonly statement: SealStatement | undefined;
  /** Entries up to this one have left the database by the rules. */
  readonly removedThrough: number;
  readonly findings: Findings;
}

/** One entry as one of the two sides has it. */
interface Side {
  readonly seq: number;
  readonly line: string;
}

interface Difference {
  readonly seq: number;
  readonly database: string | undefined;
  readonly file: string | undefined;
}

const pageRows = 500;
const mostDifferences = 200;

/** Reads the whole segment and reports everything that is wrong with it. */
export async function checkSegment(check: SegmentCheck): Promise<void> {
  const { archive, seal, removedThrough } = check;
  const isGone = removedThrough >= seal.lastSeq;
  const size = await archive.size(seal.content.fileName);
  if (size === undefined) {
    // Who has let entries go may have handed their file to a preservation service as well.
    if (!isGone) reportFile(check, 'file-missing', 'the exported file is missing');
    if (isGone) return;
  }
  const reader = new SegmentReader(archive, seal.content.fileName);
  const rows = new RowSide(check);
  const differences: Difference[] = [];
  const fileFailure = await walkBoth(check, {
    rows: rows.entries(),
    file: size === undefined ? emptySide() : readFileSide(check, reader),
    onDifference: (difference) => {
      if (differences.length < mostDifferences) differences.push(difference);
    },
    withFile: size !== undefined,
  });
  const fileTree = size === undefined || fileFailure ? undefined : checkFile(check, reader);
  judge(check, { rows: isGone ? undefined : rows.finish(), file: fileTree, differences });
}

interface Walk {
  readonly rows: AsyncGenerator<Side>;
  readonly file: AsyncGenerator<Side>;
  readonly onDifference: (difference: Difference) => void;
  readonly withFile: boolean;
}

/** True when the file could not be read to its end. Rows are then read on without it. */
async function walkBoth(check: SegmentCheck, walk: Walk): Promise<boolean> {
  let broken = !walk.withFile;
  const nextOfFile = async (): Promise<Side | undefined> => {
    if (broken) return undefined;
    try {
      return take(await walk.file.next());
    } catch (error) {
      if (!(error instanceof SegmentFileError)) throw error;
      reportFile(check, 'file-changed', error.message);
      broken = true;
      return undefined;
    }
  };
  let row = take(await walk.rows.next());
  let entry = await nextOfFile();
  while (row !== undefined || entry !== undefined) {
    if (broken) row = take(await walk.rows.next());
    else if (entry !== undefined && (row === undefined || entry.seq < row.seq)) {
      if (entry.seq > check.removedThrough)
        walk.onDifference({ seq: entry.seq, database: undefined, file: entry.line });
      entry = await nextOfFile();
    } else if (row !== undefined && (entry === undefined || row.seq < entry.seq)) {
      walk.onDifference({ seq: row.seq, database: row.line, file: undefined });
      row = take(await walk.rows.next());
    } else {
      if (row !== undefined && entry !== undefined && row.line !== entry.line)
        walk.onDifference({ seq: row.seq, database: row.line, file: entry.line });
      row = take(await walk.rows.next());
      entry = await nextOfFile();
    }
  }
  return broken && walk.withFile;
}

/** The rows of the database, with their own tree; the chain between them is checked on the way. */
class RowSide {
  readonly #check: SegmentCheck;
  readonly #tree = new MerkleTree();

  constructor(check: SegmentCheck) {
    this.#check = check;
    this.#tree.add(digestLine(check.seal.header));
  }

  /** Undefined when rows have left by the rules: their tree cannot be built any more. */
  finish(): FinishedTree | undefined {
    const { seal, removedThrough } = this.#check;
    return removedThrough < seal.firstSeq ? this.#tree.finish() : undefined;
  }

  async *entries(): AsyncGenerator<Side> {
    const { db, seal, removedThrough, findings } = this.#check;
    const { node, lastSeq: through } = seal;
    let after = Math.max(seal.firstSeq - 1, removedThrough);
    let expected = after + 1;
    let previous: Uint8Array | undefined = previousHash(seal, removedThrough);
    for (;;) {
      const range = { node, after, through, limit: pageRows };
      const rows = await db.read((tx) => readLogRows(tx, range));
      if (rows.length === 0) break;
      for (const row of rows) {
        reportRow(findings, row, { expected, previous: previous ?? row.prev_hash });
        const line = renderLogRow(row);
        this.#tree.add(digestLine(line));
        previous = row.hash;
        expected = row.seq + 1;
        yield { seq: row.seq, line };
      }
      after = expected - 1;
      await nextTurn();
    }
    if (expected <= through)
      findings.add({
        code: 'entry-missing',
        node,
        seq: expected,
        seal: seal.number,
        text: describeMissing(expected, through),
      });
  }
}

/** Unknown after a part of the segment has left. */
function previousHash(seal: Seal, removedThrough: number): Uint8Array | undefined {
  if (removedThrough >= seal.firstSeq) return undefined;
  const text = readHeader(seal.header)?.previousHash;
  return text === undefined ? undefined : Buffer.from(text, 'hex');
}

/** What is wrong with one row by itself and after its predecessor. */
export function reportRow(
  findings: Findings,
  row: LogRow,
  { expected, previous }: { readonly expected: number; readonly previous: Uint8Array },
): void {
  const { node, seq } = row;
  if (seq !== expected)
    findings.add({ code: 'entry-missing', node, seq: expected, text: describeMissing(expected, seq - 1) });
  else if (!equalBytes(row.prev_hash, previous))
    findings.add({ code: 'entry-displaced', node, seq, text: 'the entry does not follow the one before it' });
  if (!equalBytes(row.facts, digestFacts(row.facts_json)))
    findings.add({
      code: 'facts-changed',
      node,
      seq,
      text:
        row.facts_json === '' ? 'the facts of the entry are missing' : 'the facts of the entry were changed',
    });
  else if (checkRow(row, seq, row.prev_hash).length > 0)
    findings.add({
      code: 'entry-changed',
      node,
      seq,
      text: 'the entry was changed',
    });
}

function describeMissing(from: number, to: number): string {
  return from === to ? 'the entry is missing' : `the entries from ${from} to ${to} are missing`;
}

/** The entries of the file; wrong order inside it is told here. */
async function* readFileSide(check: SegmentCheck, reader: SegmentReader): AsyncGenerator<Side> {
  const { seal, findings } = check;
  let expected = seal.firstSeq;
  for await (const entry of reader.entries()) {
    if (expected === seal.firstSeq) checkFileHeader(check, reader);
    reportFileEntry(check, entry, expected);
    expected = entry.seq + 1;
    yield entry;
  }
  if (expected !== seal.lastSeq + 1)
    findings.add({
      code: 'file-changed',
      node: seal.node,
      seal: seal.number,
      seq: expected,
      file: seal.content.fileName,
      text: `the exported file ends before entry ${expected}`,
    });
}

function reportFileEntry({ seal, findings }: SegmentCheck, entry: FileEntry, expected: number): void {
  const place = { node: seal.node, seal: seal.number, seq: entry.seq, file: seal.content.fileName };
  if (entry.seq !== expected)
    findings.add({
      code: 'file-changed',
      ...place,
      text: `in the exported file entry ${entry.seq} stands where ${expected} should`,
    });
  if (!entry.hasFacts)
    findings.add({
      code: 'file-changed',
      ...place,
      text: 'the exported file lacks the facts of the entry',
    });
}

function checkFileHeader(check: SegmentCheck, { header }: SegmentReader): void {
  const { seal } = check;
  if (header !== undefined && (header.number !== seal.number || header.node !== seal.node))
    reportFile(
      check,
      'file-displaced',
      `the file holds segment ${header.node}/${header.number} of ${header.day} instead of ${seal.node}/${seal.number} of ${seal.day}`,
    );
}

/** The file against what was signed about it. */
function checkFile(check: SegmentCheck, reader: SegmentReader): FinishedTree {
  const { tree, file, content } = reader.finish();
  const { statement } = check;
  if (statement !== undefined && content.sha256 !== statement.content.sha256)
    reportFile(check, 'file-changed', 'the content of the exported file is not the one that was signed');
  else if (statement !== undefined && file.sha256 !== statement.file.sha256)
    reportFile(check, 'file-changed', 'the exported file was packed again or altered outside its content');
  return tree;
}

interface Judgement {
  /** Undefined when entries have left by the rules. */
  readonly rows: FinishedTree | undefined;
  /** Undefined when there is no readable file. */
  readonly file: FinishedTree | undefined;
  readonly differences: readonly Difference[];
}

function judge(check: SegmentCheck, { rows, file, differences }: Judgement): void {
  const { root } = check.seal.content;
  const rowsGood = rows !== undefined && equalBytes(rows.root, root);
  const fileGood = file !== undefined && equalBytes(file.root, root);
  for (const difference of differences) reportDifference(check, difference, { rowsGood, fileGood });
  if (rows !== undefined && !rowsGood && differences.length === 0) reportSubtrees(check, rows);
  if (file !== undefined && !fileGood && rows === undefined && differences.length === 0)
    reportFile(
      check,
      'file-changed',
      'the entries of the exported file do not give the root that was sealed',
    );
}

function reportDifference(
  { seal, findings }: SegmentCheck,
  { seq, database, file }: Difference,
  { rowsGood, fileGood }: { readonly rowsGood: boolean; readonly fileGood: boolean },
): void {
  const place = { node: seal.node, seq, seal: seal.number };
  if (rowsGood && !fileGood) {
    const text = `the exported file differs from the sealed entry${describeColumns(file, database)}`;
    findings.add({ code: 'file-changed', ...place, file: seal.content.fileName, text });
    return;
  }
  const sealed = fileGood ? 'sealed' : 'exported';
  if (database === undefined)
    findings.add({
      code: 'entry-missing',
      ...place,
      text: `the ${sealed} entry is missing from the database`,
    });
  else if (file === undefined)
    findings.add({ code: 'entry-added', ...place, text: `the entry is not among the ${sealed} ones` });
  else
    findings.add({
      code: 'entry-changed',
      ...place,
      text: `the entry differs from the ${sealed} one${describeColumns(database, file)}`,
    });
}

/** Which columns differ, by name; without values, for reports travel. */
function describeColumns(actual: string | undefined, wanted: string | undefined): string {
  const [a, b] = [actual, wanted].map((line) => (line === undefined ? undefined : readEntry(line)));
  if (a === undefined || b === undefined) return '';
  const names = Object.entries(a).flatMap(([name, value]) =>
    value === b[name as keyof typeof b] ? [] : [name],
  );
  return names.length === 0 ? '' : ` in ${names.join(', ')}`;
}

/** Without a file to compare with, the subtrees whose roots were kept narrow it down. */
function reportSubtrees({ seal, findings }: SegmentCheck, rows: FinishedTree): void {
  const kept = splitNodes(seal.content.subtreeRoots);
  const built = splitNodes(rows.subtreeRoots);
  const { node, number, firstSeq, lastSeq } = seal;
  for (const [index, root] of kept.entries()) {
    const actual = built[index];
    if (actual !== undefined && equalBytes(actual, root)) continue;
    // Leaf 0 is the header, leaf 1 the first entry.
    const from = Math.max(firstSeq, firstSeq - 1 + index * subtreeLeaves);
    const to = Math.min(lastSeq, firstSeq - 2 + (index + 1) * subtreeLeaves);
    const text = `the database does not have what was sealed somewhere in the entries from ${from} to ${to}`;
    findings.add({ code: 'entries-unsealed', node, seal: number, seq: from, text });
  }
}

function reportFile(
  { seal, findings }: SegmentCheck,
  code: 'file-missing' | 'file-changed' | 'file-displaced',
  text: string,
): void {
  findings.add({ code, node: seal.node, seal: seal.number, file: seal.content.fileName, text });
}

function take<T>(result: IteratorResult<T>): T | undefined {
  return result.done === true ? undefined : result.value;
}

async function* emptySide(): AsyncGenerator<Side> {}
