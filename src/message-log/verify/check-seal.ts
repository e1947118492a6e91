/**
 * One seal by itself and after the one before: header, roots, statement, time stamps, and the files of the
 * latter two. Nothing of it needs the entries.
 */
import { equalBytes, hex } from '../../lib/bytes.ts';
import type { Instant } from '../../lib/time.ts';
import { describeInstant } from '../../smime/problems.ts';
import { archivePolicy, type Trust } from '../../smime/trust.ts';
import { verifyAttached } from '../../smime/verify.ts';
import { sha256Imprint } from '../../tsa/message-imprint.ts';
import { readResponse } from '../../tsa/response.ts';
import { verifyTimeStamp } from '../../tsa/verify-time-stamp.ts';
import { emptyHash } from '../append.ts';
import { rootOf, splitNodes } from '../seal/merkle.ts';
import type { SealStamp } from '../seal/seal-rows.ts';
import { readWhole, type SegmentArchive } from '../seal/segment-archive.ts';
import { nameSegment, nameStampFile, nameStatementFile, readHeader } from '../seal/segment-line.ts';
import { readStatement, type SealStatement } from '../seal/statement.ts';
import type { FilledSeal } from './check-segment.ts';
import type { FindingCode, Findings } from './findings.ts';

export interface LogTrust {
  /** Under whom the provider's signatures must verify. */
  readonly provider: Trust;
  /** Under whom time stamps must verify. */
  readonly stamps: Trust;
}

export interface SealCheck {
  readonly seal: FilledSeal;
  /** The seal before; undefined for the first. */
  readonly before: FilledSeal | undefined;
  readonly stamps: readonly SealStamp[];
  readonly archive: SegmentArchive;
  readonly trust: LogTrust;
  readonly now: Instant;
  readonly findings: Findings;
}

/** A stamp may be so much older than the youngest entry: clocks are within a second, authorities within some. */
const toleranceMs = 60_000;

/** Reports what is wrong; what was signed, if its signature is good. */
export async function checkSeal(check: SealCheck): Promise<SealStatement | undefined> {
  checkHeader(check);
  checkRoots(check);
  const statement = await checkStatement(check);
  await checkStamps(check);
  return statement;
}

function checkHeader(check: SealCheck): void {
  const { seal, before } = check;
  const header = readHeader(seal.header);
  if (header === undefined) {
    report(check, 'seal-changed', 'the header of the seal cannot be read');
    return;
  }
  const { node, number, day, firstSeq, lastSeq } = header;
  if (node !== seal.node || number !== seal.number) {
    report(check, 'seal-displaced', `the seal of ${node}/${number} of ${day} stands in its place`);
    return;
  }
  if (day !== seal.day || firstSeq !== seal.firstSeq || lastSeq !== seal.lastSeq)
    report(check, 'seal-changed', 'the header of the seal does not speak of its entries');
  if (seal.firstSeq !== (before?.lastSeq ?? 0) + 1 || seal.number !== (before?.number ?? 0) + 1)
    report(check, 'seal-missing', 'the seal does not continue the one before it');
  if (header.previousRoot !== (before === undefined ? null : hex(before.content.root)))
    report(check, 'seal-displaced', 'the seal does not name the root of the one before it');
  if (header.previousHash !== hex(before?.content.lastHash ?? emptyHash))
    report(check, 'seal-displaced', 'the seal does not name the last entry before it');
}

function checkRoots(check: SealCheck): void {
  const { root, subtreeRoots } = check.seal.content;
  const nodes = splitNodes(subtreeRoots);
  if (nodes.length === 0 || !equalBytes(rootOf(nodes), root))
    report(check, 'seal-changed', 'the root of the seal is not the one of its subtrees');
}

async function checkStatement(check: SealCheck): Promise<SealStatement | undefined> {
  const { seal, archive, trust, now } = check;
  const { statement: cms, root, lastHash, fileName } = seal.content;
  const name = nameStatementFile(nameSegment(seal));
  await compareFile(check, name, cms);
  const domain = readHeader(seal.header)?.provider.domain;
  const { verdict, content } = verifyAttached({
    cms,
    trust: trust.provider,
    policy: archivePolicy,
    now,
    // Any provider of the same authority could sign, but only this one for this log.
    ...(domain === undefined ? {} : { from: `posta-certificata@${domain}` }),
  });
  const statement = content === undefined ? undefined : readStatement(content);
  for (const { text } of verdict.problems) report(check, 'statement-wrong', `the signed statement: ${text}`);
  if (statement === undefined) {
    if (verdict.ok) report(check, 'statement-wrong', 'what was signed is no statement about a segment');
    return undefined;
  }
  const isAbout =
    statement.node === seal.node &&
    statement.number === seal.number &&
    statement.root === hex(root) &&
    statement.lastHash === hex(lastHash) &&
    statement.firstSeq === seal.firstSeq &&
    statement.lastSeq === seal.lastSeq &&
    statement.file.name === fileName;
  if (!isAbout)
    report(
      check,
      'statement-wrong',
      `the signed statement is about ${statement.node}/${statement.number} with the root ${statement.root}`,
    );
  const size = await archive.size(fileName);
  if (size !== undefined && isAbout && size !== statement.file.size)
    report(check, 'file-changed', `${fileName} has ${size} bytes instead of ${statement.file.size}`);
  return verdict.ok && isAbout ? statement : undefined;
}

async function checkStamps(check: SealCheck): Promise<void> {
  const { seal, stamps, archive, trust, findings } = check;
  const { root, lastAt } = seal.content;
  if (stamps.length === 0)
    report(check, 'stamp-missing', 'the seal has no time stamp yet: nobody else vouches for its time');
  for (const { authority, token } of stamps) {
    const verdict = verifyTimeStamp({ token, imprint: sha256Imprint(root), trust: trust.stamps });
    for (const problem of verdict.problems)
      report(check, 'stamp-wrong', `the time stamp of ${authority}: ${problem}`);
    if (verdict.ok && verdict.time !== undefined && verdict.time + toleranceMs < lastAt)
      report(
        check,
        'stamp-wrong',
        `the time stamp of ${authority} (${describeInstant(verdict.time)}) is older than entries it covers (${describeInstant(lastAt)})`,
      );
    const file = nameStampFile(nameSegment(seal), authority);
    const place = { node: seal.node, seal: seal.number, file };
    if ((await archive.size(file)) === undefined)
      findings.add({ code: 'file-missing', ...place, text: 'the file of the time stamp is missing' });
    else {
      const response = readResponse(await readWhole(archive, file));
      if (response.outcome !== 'granted' || !equalBytes(response.token, token))
        findings.add({
          code: 'file-changed',
          ...place,
          text: 'the file of the time stamp is not the one of the database',
        });
    }
  }
}

async function compareFile(check: SealCheck, file: string, wanted: Uint8Array): Promise<void> {
  const { archive, findings, seal } = check;
  const place = { node: seal.node, seal: seal.number, file };
  if ((await archive.size(file)) === undefined)
    findings.add({ code: 'file-missing', ...place, text: 'the file of the signed statement is missing' });
  else if (!equalBytes(await readWhole(archive, file), wanted))
    findings.add({
      code: 'file-changed',
      ...place,
      text: 'the file of the signed statement is not the one of the database',
    });
}

function report({ seal, findings }: SealCheck, code: FindingCode, text: string): void {
  findings.add({ code, node: seal.node, seal: seal.number, text });
}
