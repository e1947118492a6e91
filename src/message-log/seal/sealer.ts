/**
 * Sealing the message log: each legal day of each stream becomes a segment, exported, signed and time-stamped
 * (RFC 6109 §2.3, DM 2 November 2005). Nothing here waits for anybody in the way of mail: an authority that is
 * away leaves the seal open, the next days are exported all the same, and stamps are asked for in order when it
 * is back. Every step can be done again after a crash.
 */
import type { Database } from '../../db/database.ts';
import type { Signer } from '../../keys/signer.ts';
import { MailError } from '../../lib/mail-error.ts';
import type { Clock, Instant } from '../../lib/time.ts';
import { buildGranted } from '../../tsa/response.ts';
import type { TimeStampAuthority } from '../../tsa/time-stamp.ts';
import { readTimeStamp } from '../../tsa/verify-time-stamp.ts';
import { exportSegment, LogDamage, type PackLines } from './export-segment.ts';
import { findSpan, type PlanRequest, planSpan } from './plan.ts';
import {
  addStamp,
  dropSealLease,
  fillSeal,
  findLastSeal,
  listOpenSeals,
  listStamps,
  listStreams,
  markSealed,
  planSeal,
  type Seal,
  type SealContent,
  type SealKey,
  takeSealLease,
} from './seal-rows.ts';
import { oneChunk, type SegmentArchive } from './segment-archive.ts';
import {
  nameSegment,
  nameStampFile,
  nameStatementFile,
  readHeader,
  type SegmentHeader,
} from './segment-line.ts';
import { buildStatement, signJson } from './statement.ts';

export interface SealerOptions {
  readonly db: Database;
  readonly archive: SegmentArchive;
  /** The key in use; asked for each signature, for it may be renewed. */
  readonly signer: () => Signer;
  /** Each stamps every seal. */
  readonly authorities: readonly TimeStampAuthority[];
  /** How many stamps make a seal good. */
  readonly leastStamps: number;
  readonly provider: SegmentHeader['provider'];
  readonly indexOn: PlanRequest['indexOn'];
  readonly clock: Clock;
  /** Unique among all processes that seal. */
  readonly owner: string;
  readonly onEvent: (event: SealEvent) => void;
  /** Instead of zlib's threads. */
  readonly pack?: PackLines;
}

export type SealEvent =
  | { readonly type: 'exported'; readonly seal: SealedSegment; readonly milliseconds: number }
  | { readonly type: 'sealed'; readonly seal: SealedSegment }
  /** An alarm: an authority gave no stamp for this seal; `since` is when the seal was planned. */
  | (SealKey & {
      readonly type: 'stamp-missing';
      readonly authority: string;
      readonly reason: string;
      readonly since: Instant;
    })
  /** What is needed besides the authorities cannot be had now: the key, the store. */
  | { readonly type: 'delayed'; readonly node: string; readonly reason: string }
  /** An alarm: entries are not what was written, and nothing is sealed over them. */
  | { readonly type: 'damaged'; readonly node: string; readonly seq: number; readonly reason: string };

export interface SealedSegment extends SealKey {
  readonly day: string;
  readonly entries: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
}

export interface SealRound {
  /** Segments that became sealed in this round. */
  readonly sealed: readonly SealedSegment[];
  /** Segments that lack stamps or could not be exported. */
  readonly pending: readonly SealedSegment[];
  /** When the next day will be due; undefined when no entries wait. */
  readonly nextAt: Instant | undefined;
  /** Streams that another process is sealing. */
  readonly busy: readonly string[];
}

export interface Sealer {
  /** Seals what is due; with `early` also what there is of today. */
  seal(options?: { readonly early?: boolean; readonly node?: string }): Promise<SealRound>;
}

const leaseMs = 120_000;
/** A second authority that was away is asked again for so long; then the seal stands with the stamps it has. */
const askAgainMs = 7 * 86_400_000;

export function createSealer(options: SealerOptions): Sealer {
  return {
    seal: async ({ early = false, node } = {}) => {
      const nodes = node === undefined ? await options.db.read(listStreams) : [node];
      const rounds: SealRound[] = [];
      for (const each of nodes) rounds.push(await sealStream(options, each, early));
      return joinRounds(rounds);
    },
  };
}

async function sealStream(options: SealerOptions, node: string, early: boolean): Promise<SealRound> {
  const lease = new StreamLease(options, node);
  if (!(await lease.take())) return { sealed: [], pending: [], nextAt: undefined, busy: [node] };
  try {
    const nextAt = await exportDue(options, { node, early, lease });
    return { ...(await stampOpen(options, node, lease)), nextAt, busy: [] };
  } finally {
    await lease.drop();
  }
}

interface StreamTask {
  readonly node: string;
  readonly early: boolean;
  readonly lease: StreamLease;
}

/** Exports day after day what is due; when the next one will be. */
async function exportDue(
  options: SealerOptions,
  { node, early, lease }: StreamTask,
): Promise<Instant | undefined> {
  const { db, clock, provider, indexOn } = options;
  try {
    for (;;) {
      const last = await db.read((tx) => findLastSeal(tx, node));
      if (last !== undefined && last.content === undefined) await fillIn(options, last, lease);
      const request: PlanRequest = { node, now: clock(), early, provider, indexOn };
      const { span, waitUntil } = await db.read((tx) => findSpan(tx, request));
      if (span === undefined) return waitUntil;
      const planned = await planSpan(span, request);
      await db.transact((tx) => planSeal(tx, planned));
    }
  } catch (error) {
    // Stamps for earlier segments can be had all the same.
    if (error instanceof LogDamage)
      options.onEvent({ type: 'damaged', node, seq: error.seq, reason: error.message });
    else if (error instanceof MailError && error.kind === 'temporary')
      options.onEvent({ type: 'delayed', node, reason: error.message });
    else throw error;
    return undefined;
  }
}

async function fillIn(options: SealerOptions, seal: Seal, lease: StreamLease): Promise<void> {
  const { db, archive, signer, clock, pack } = options;
  const began = performance.now();
  const header = readHeader(seal.header);
  if (header === undefined) throw new Error(`the header of seal ${seal.node}/${seal.number} is not readable`);
  const exported = await exportSegment({ db, archive, header, onPage: () => lease.keep(), pack });
  const statement = await signJson(buildStatement(header, exported), signer(), clock());
  await archive.write(nameStatementFile(nameSegment(seal)), oneChunk(statement));
  const content: SealContent = {
    firstAt: exported.firstAt,
    lastAt: exported.lastAt,
    lastHash: exported.lastHash,
    root: exported.tree.root,
    subtreeRoots: exported.tree.subtreeRoots,
    fileName: exported.file.name,
    statement,
  };
  await db.transact((tx) => fillSeal(tx, seal, content));
  const milliseconds = Math.round(performance.now() - began);
  options.onEvent({ type: 'exported', seal: summarize(seal), milliseconds });
}

/** Asks each authority for the stamps that are missing, in order; one that is away is not asked twice a round. */
async function stampOpen(
  options: SealerOptions,
  node: string,
  lease: StreamLease,
): Promise<Pick<SealRound, 'sealed' | 'pending'>> {
  const { db, clock, authorities, leastStamps } = options;
  const open = await db.read((tx) => listOpenSeals(tx, node, clock() - askAgainMs));
  const away = new Set<string>();
  const sealed: SealedSegment[] = [];
  const pending: SealedSegment[] = [];
  for (const seal of open) {
    if (seal.content === undefined) {
      pending.push(summarize(seal));
      break;
    }
    await lease.keep();
    const had = new Set((await db.read((tx) => listStamps(tx, seal))).map(({ authority }) => authority));
    for (const authority of authorities) {
      if (had.has(authority.name) || away.has(authority.name)) continue;
      if (await stampOne(options, { seal, root: seal.content.root, authority })) had.add(authority.name);
      else away.add(authority.name);
    }
    if (authorities.length === 0) reportNoAuthority(options, seal);
    if (seal.sealedAt === undefined && had.size >= leastStamps) {
      await db.transact((tx) => markSealed(tx, seal, clock()));
      options.onEvent({ type: 'sealed', seal: summarize(seal) });
      sealed.push(summarize(seal));
    }
    const isMissing = authorities.some(({ name }) => !had.has(name));
    if (isMissing || had.size < leastStamps) pending.push(summarize(seal));
  }
  return { sealed, pending };
}

interface StampTask {
  readonly seal: Seal;
  readonly root: Uint8Array;
  readonly authority: TimeStampAuthority;
}

/** File first, then row: a stamp that the database knows is in the archive. */
async function stampOne(options: SealerOptions, { seal, root, authority }: StampTask): Promise<boolean> {
  const { node, number } = seal;
  const { name } = authority;
  try {
    const token = await authority.stamp(root);
    const time = readTimeStamp(token)?.time;
    if (time === undefined) throw new Error(`${name} gave something that is no time stamp`);
    await options.archive.write(nameStampFile(nameSegment(seal), name), oneChunk(buildGranted(token)));
    await options.db.transact((tx) => addStamp(tx, { node, number, authority: name, token, time }));
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    options.onEvent({ type: 'stamp-missing', node, number, authority: name, reason, since: seal.createdAt });
    return false;
  }
}

function reportNoAuthority({ onEvent }: SealerOptions, { node, number, createdAt: since }: Seal): void {
  const reason = 'no time-stamp authority is configured (timeStamp.authorities)';
  onEvent({ type: 'stamp-missing', node, number, authority: '', reason, since });
}

/** The right to seal one stream, prolonged while it is used. */
class StreamLease {
  readonly #options: SealerOptions;
  readonly #node: string;
  #renewAt = 0;

  constructor(options: SealerOptions, node: string) {
    this.#options = options;
    this.#node = node;
  }

  take(): Promise<boolean> {
    const { db, clock, owner } = this.#options;
    const now = clock();
    this.#renewAt = performance.now() + leaseMs / 4;
    return db.transact((tx) => takeSealLease(tx, { node: this.#node, owner, now, until: now + leaseMs }));
  }

  /** @throws {MailError} when somebody else has taken the stream over in the meantime. */
  async keep(): Promise<void> {
    if (performance.now() < this.#renewAt || (await this.take())) return;
    const text = `Another process has begun to seal the stream ${this.#node}`;
    throw new MailError('temporary', text, { code: 451, enhanced: '4.3.0' });
  }

  drop(): Promise<void> {
    const { db, owner } = this.#options;
    return db.transact((tx) => dropSealLease(tx, this.#node, owner));
  }
}

function summarize({ node, number, day, firstSeq, lastSeq }: Seal): SealedSegment {
  return { node, number, day, entries: lastSeq - firstSeq + 1, firstSeq, lastSeq };
}

function joinRounds(rounds: readonly SealRound[]): SealRound {
  const times = rounds.flatMap(({ nextAt }) => (nextAt === undefined ? [] : [nextAt]));
  return {
    sealed: rounds.flatMap(({ sealed }) => sealed),
    pending: rounds.flatMap(({ pending }) => pending),
    nextAt: times.length === 0 ? undefined : Math.min(...times),
    busy: rounds.flatMap(({ busy }) => busy),
  };
}
