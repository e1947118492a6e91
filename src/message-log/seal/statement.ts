/**
 * What the provider signs about a segment (`.p7m`): which file, with which digest, which entries, which root,
 * after which root. With the file and the time stamps it is the package for legal preservation.
 */
import { hash } from 'node:crypto';
import type { Signer } from '../../keys/signer.ts';
import { hex, utf8 } from '../../lib/bytes.ts';
import type { Instant } from '../../lib/time.ts';
import { buildSignedData } from '../../smime/signed-data.ts';
import type { ExportedSegment } from './export-segment.ts';
import type { SegmentHeader } from './segment-line.ts';

export interface SealStatement {
  /** The format. */
  readonly statement: 'openpec-seal-1';
  readonly provider: { readonly name: string; readonly domain: string };
  readonly node: string;
  readonly number: number;
  readonly day: string;
  readonly entries: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** ISO 8601, UTC: the smallest and the largest time of the entries. */
  readonly firstAt: string;
  readonly lastAt: string;
  /** Hash of the last entry, hex. */
  readonly lastHash: string;
  /** Root of the tree over header and entries, hex: what is time-stamped. */
  readonly root: string;
  readonly previousRoot: string | null;
  readonly file: { readonly name: string; readonly size: number; readonly sha256: string };
  /** The file's content before compression. */
  readonly content: { readonly size: number; readonly sha256: string };
}

export function buildStatement(header: SegmentHeader, exported: ExportedSegment): SealStatement {
  const { provider, node, number, day, entries, firstSeq, lastSeq, previousRoot } = header;
  const { file, content, tree } = exported;
  return {
    statement: 'openpec-seal-1',
    provider,
    node,
    number,
    day,
    entries,
    firstSeq,
    lastSeq,
    firstAt: new Date(exported.firstAt).toISOString(),
    lastAt: new Date(exported.lastAt).toISOString(),
    lastHash: hex(exported.lastHash),
    root: hex(tree.root),
    previousRoot,
    file: { name: file.name, size: file.size, sha256: hex(file.sha256) },
    content: { size: content.size, sha256: hex(content.sha256) },
  };
}

/**
 * CMS SignedData with the JSON inside, DER.
 * @throws {MailError} what the signer throws.
 */
export function signJson(value: object, signer: Signer, signingTime: Instant): Promise<Uint8Array> {
  const content = Buffer.from(`${JSON.stringify(value)}\n`, 'utf8');
  return buildSignedData({ content, contentDigest: hash('sha256', content, 'buffer'), signingTime, signer });
}

/** From the content of a statement whose signature was checked; undefined when it is none. */
export function readStatement(content: Uint8Array): SealStatement | undefined {
  try {
    const value = JSON.parse(utf8(content)) as SealStatement;
    const isComplete =
      value.statement === 'openpec-seal-1' &&
      typeof value.root === 'string' &&
      typeof value.file?.sha256 === 'string' &&
      typeof value.content?.sha256 === 'string';
    return isComplete ? value : undefined;
  } catch {
    return undefined;
  }
}
