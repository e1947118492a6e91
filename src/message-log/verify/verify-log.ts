/**
 * Verification of the whole message log, live or a copy: nothing is written. The usual check looks at every
 * seal with its signature, stamps and files, at where segments meet, and at every entry that is not sealed yet
 * or stands in the newest segment. The full one reads every entry with what finds it, every file and every message.
 */
import type { Database } from '../../db/database.ts';
import { equalBytes } from '../../lib/bytes.ts';
import type { Instant } from '../../lib/time.ts';
import { archivePolicy } from '../../smime/trust.ts';
import { verifyAttached } from '../../smime/verify.ts';
import { emptyHash } from '../append.ts';
import { readLogRows } from '../log-rows.ts';
import { listRemovals } from '../retention/removal-rows.ts';
import { findLastSeal, listSeals, listStamps, listStreams, type Seal } from '../seal/seal-rows.ts';
import type { SegmentArchive } from '../seal/segment-archive.ts';
import { checkAddresses } from './check-addresses.ts';
import { checkIndexes } from './check-indexes.ts';
import { checkMessages, type MessagesCheck } from './check-messages.ts';
import { checkSeal, type LogTrust } from './check-seal.ts';
import { checkSegment, type FilledSeal, reportRow } from './check-segment.ts';
import { Findings, type LogFinding } from './findings.ts';
import { nameUnreadable } from './unreadable.ts';

export interface LogVerification {
  readonly db: Database;
  readonly archive: SegmentArchive;
  readonly trust: LogTrust;
  readonly full: boolean;
  readonly now: Instant;
  /** Our `gestore-emittente`, and the domains whose mailboxes are ours. */
  readonly provider: string;
  readonly isOurDomain: MessagesCheck['isOurDomain'];
}

export interface StreamSummary {
  readonly node: string;
  /** Entries up to this one have left by the rules; 0 when none have. */
  readonly removedThrough: number;
  readonly seals: number;
  readonly stamps: number;
  /** Entries up to this one are under a stamped seal. */
  readonly sealedThrough: number;
  /** The last entry of the stream. */
  readonly lastSeq: number;
  /** Entries that were read one by one. */
  readonly entriesRead: number;
}

export interface LogReport {
  readonly ok: boolean;
  readonly full: boolean;
  readonly streams: readonly StreamSummary[];
  /** Messages whose coherence was judged; only in the full check. */
  readonly messages: number;
  /** The first thousand; `found` counts all. Seals without a stamp yet are not among them but in `open`. */
  readonly findings: readonly LogFinding[];
  readonly found: number;
  /** Seals that wait for their stamp: no damage, but nobody vouches for their time yet. */
  readonly open: readonly LogFinding[];
}

const pageSeals = 100;
const pageRows = 500;

/** Reads everything that it is asked to look at; never throws for what the log holds. */
export async function verifyLog(verification: LogVerification): Promise<LogReport> {
  const { db, full, now, provider, isOurDomain } = verification;
  const findings = new Findings();
  const streams: StreamSummary[] = [];
  for (const node of await db.read(listStreams))
    streams.push(await new StreamVerifier(verification, node, findings).run());
  if (full) await checkIndexes(db, findings);
  const hasGaps = streams.some(({ removedThrough }) => removedThrough > 0);
  let messages = 0;
  if (full)
    await nameUnreadable(findings, 'messages', async () => {
      messages = await checkMessages({ db, provider, isOurDomain, now, hasGaps, findings });
    });
  const wrong = findings.kept.filter(({ code }) => code !== 'stamp-missing');
  const open = findings.kept.filter(({ code }) => code === 'stamp-missing');
  const found = findings.count - open.length;
  return { ok: found === 0, full, streams, messages, findings: wrong, found, open };
}

class StreamVerifier {
  readonly #verification: LogVerification;
  readonly #node: string;
  readonly #findings: Findings;
  #removedThrough = 0;
  #seals = 0;
  #stamps = 0;
  #sealedThrough = 0;
  #entriesRead = 0;

  constructor(verification: LogVerification, node: string, findings: Findings) {
    this.#verification = verification;
    this.#node = node;
    this.#findings = findings;
  }

  async run(): Promise<StreamSummary> {
    const { db, full } = this.#verification;
    const findings = this.#findings;
    let lastSeq = 0;
    await nameUnreadable(findings, `the stream of ${this.#node}`, async () => {
      await this.#checkRemovals();
      lastSeq = await this.#checkTail(await this.#checkSeals());
      if (full)
        await checkAddresses({
          db,
          node: this.#node,
          after: this.#removedThrough,
          through: lastSeq,
          findings,
        });
    });
    return {
      node: this.#node,
      removedThrough: this.#removedThrough,
      seals: this.#seals,
      stamps: this.#stamps,
      sealedThrough: this.#sealedThrough,
      lastSeq,
      entriesRead: this.#entriesRead,
    };
  }

  async #checkRemovals(): Promise<void> {
    const { db, trust, now } = this.#verification;
    const removals = await db.read((tx) => listRemovals(tx, this.#node));
    this.#removedThrough = removals.at(-1)?.removedThrough ?? 0;
    for (const { record: cms, number } of removals) {
      const { verdict } = verifyAttached({ cms, trust: trust.provider, policy: archivePolicy, now });
      for (const { text } of verdict.problems)
        this.#findings.add({
          code: 'removal-wrong',
          node: this.#node,
          seal: number,
          text: `the signed record of what left the log: ${text}`,
        });
    }
  }

  /** The last seal that has its content. */
  async #checkSeals(): Promise<FilledSeal | undefined> {
    const { db } = this.#verification;
    const newest = await db.read((tx) => findLastSeal(tx, this.#node));
    const last = newest?.content === undefined ? (newest?.number ?? 0) - 1 : newest.number;
    let before: FilledSeal | undefined;
    for (let after = 0; ; ) {
      const range = { node: this.#node, after, limit: pageSeals };
      const page = await db.read((tx) => listSeals(tx, range));
      for (const seal of page) {
        // Planned and not exported: its entries are checked like those that are not sealed.
        if (!isFilled(seal)) return before;
        await this.#checkOne(seal, before, seal.number === last);
        before = seal;
      }
      if (page.length === 0) return before;
      after = before?.number ?? 0;
    }
  }

  async #checkOne(seal: FilledSeal, before: FilledSeal | undefined, isNewest: boolean): Promise<void> {
    const { db, archive, trust, full, now } = this.#verification;
    const findings = this.#findings;
    const stamps = await db.read((tx) => listStamps(tx, seal));
    this.#seals += 1;
    this.#stamps += stamps.length;
    if (stamps.length > 0) this.#sealedThrough = seal.lastSeq;
    const statement = await checkSeal({ seal, before, stamps, archive, trust, now, findings });
    const removedThrough = this.#removedThrough;
    if (full || isNewest) {
      this.#entriesRead += Math.max(0, seal.lastSeq - Math.max(seal.firstSeq - 1, removedThrough));
      await checkSegment({ db, archive, seal, statement, removedThrough, findings });
    } else if (removedThrough < seal.lastSeq) await this.#checkBorder(seal);
  }

  /** Where the segment ends, and that its file is there. */
  async #checkBorder({ node, number, lastSeq, content }: FilledSeal): Promise<void> {
    const { db, archive } = this.#verification;
    const range = { node, after: lastSeq - 1, through: lastSeq, limit: 1 };
    const [row] = await db.read((tx) => readLogRows(tx, range));
    const place = { node, seal: number, seq: lastSeq };
    if (row === undefined)
      this.#findings.add({ code: 'entry-missing', ...place, text: 'the entry is missing' });
    else if (!equalBytes(row.hash, content.lastHash))
      this.#findings.add({
        code: 'entry-changed',
        ...place,
        text: 'the entry is not the one that was sealed',
      });
    if ((await archive.size(content.fileName)) === undefined)
      this.#findings.add({
        code: 'file-missing',
        node,
        seal: number,
        file: content.fileName,
        text: 'the exported file is missing',
      });
  }

  /** The entries after the last seal; the last of the stream. */
  async #checkTail(last: FilledSeal | undefined): Promise<number> {
    const { db } = this.#verification;
    let previous = last?.content.lastHash ?? emptyHash;
    let expected = (last?.lastSeq ?? 0) + 1;
    for (;;) {
      const range = { node: this.#node, after: expected - 1, limit: pageRows };
      const rows = await db.read((tx) => readLogRows(tx, range));
      for (const row of rows) {
        reportRow(this.#findings, row, { expected, previous });
        previous = row.hash;
        expected = row.seq + 1;
      }
      this.#entriesRead += rows.length;
      if (rows.length === 0) return expected - 1;
    }
  }
}

function isFilled(seal: Seal): seal is FilledSeal {
  return seal.content !== undefined;
}
