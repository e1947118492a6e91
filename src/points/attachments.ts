/**
 * Looking into the attachments of a message that was taken in (pec-wire §7.3): decoded from its stored bytes chunk by
 * chunk, one attachment after the other, so that the memory it takes does not grow with the message.
 */
import type { BlobStore } from '../blob/blob-store.ts';
import { readSegments } from '../blob/read-segments.ts';
import { sliceSegments } from '../lib/segments.ts';
import { TransferDecoder } from '../mime/transfer.ts';
import {
  type Allowance,
  ContentInspector,
  type ContentReport,
  findPartsToInspect,
  newAllowance,
  type PartToInspect,
} from '../pec/attachment-rules.ts';
import type { Intake } from './intake.ts';

export interface InspectionParts {
  readonly blobs: BlobStore;
  /** Lower case, without dots. */
  readonly forbiddenExtensions: readonly string[];
}

/** More attachments are not looked into: each costs a read of the store. */
const mostInspected = 2000;

/**
 * One report for each attachment, enclosed messages' included; a message without any costs nothing.
 * @throws {MailError} `temporary` when the bytes cannot be read.
 */
export async function inspectAttachments(
  parts: InspectionParts,
  intake: Pick<Intake, 'segments' | 'tree'>,
): Promise<ContentReport[]> {
  const allowance = newAllowance();
  const reports: ContentReport[] = [];
  for (const part of findPartsToInspect(intake.tree).slice(0, mostInspected))
    reports.push(await inspectOne(parts, intake, { part, allowance }));
  return reports;
}

interface Wanted {
  readonly part: PartToInspect;
  readonly allowance: Allowance;
}

async function inspectOne(
  { blobs, forbiddenExtensions }: InspectionParts,
  { segments }: Pick<Intake, 'segments'>,
  { part, allowance }: Wanted,
): Promise<ContentReport> {
  const { name, start, end, transferEncoding, isMessage } = part;
  const inspector = new ContentInspector(name, forbiddenExtensions, { allowance, isMessage });
  const decoder = new TransferDecoder(transferEncoding);
  for await (const chunk of readSegments(blobs, sliceSegments(segments, start, end))) {
    inspector.push(decoder.push(chunk));
    if (inspector.settled) return inspector.end();
  }
  inspector.push(decoder.end());
  return inspector.end();
}
