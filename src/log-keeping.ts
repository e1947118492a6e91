/**
 * The message log as the law wants it kept, beside the mail: sealed and time-stamped each legal day, exported for
 * preservation, let go after its months. Commands use the same sealer as the running provider.
 */
import { hash, randomUUID } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from './config/schema.ts';
import type { Signer } from './keys/signer.ts';
import { hex, utf8 } from './lib/bytes.ts';
import type { Runner } from './lib/runner.ts';
import type { Clock, Instant } from './lib/time.ts';
import {
  type ProofBundle,
  type ProofIndex,
  type ProvedMessage,
  signBundle,
} from './message-log/proof/bundle.ts';
import { makeProof, NoProof } from './message-log/proof/make-proof.ts';
import { type RetentionRound, removeOldSegments } from './message-log/retention/remove-segments.ts';
import { startSealRunner } from './message-log/seal/seal-runner.ts';
import { createSealer, type SealEvent, type Sealer } from './message-log/seal/sealer.ts';
import type { SegmentArchive } from './message-log/seal/segment-archive.ts';
import { openSegmentFolder } from './message-log/seal/segment-folder.ts';
import { readEntry, type SegmentHeader } from './message-log/seal/segment-line.ts';
import { findChain } from './points/signing-chains.ts';
import { openDailyCopies } from './provider-index/daily-copies.ts';
import { createIndex } from './provider-index/index-from-records.ts';
import { buildIndex, parseIndex } from './provider-index/index-ldif.ts';
import { openSignedLdif } from './provider-index/signed-ldif.ts';
import type { Log } from './telemetry/log.ts';
import { reportRetention, reportSealing, reportSealRound } from './telemetry/seal-events.ts';
import { openStampAuthorities, readTrust, type Stores } from './wire.ts';

export interface LogKeepingOptions {
  /** The key in use. */
  readonly signer: () => Signer;
  readonly clock: Clock;
  readonly onEvent: (event: SealEvent) => void;
}

export interface LogKeeping {
  readonly archive: SegmentArchive;
  readonly sealer: Sealer;
  /** Lets go of what the settings no longer keep. */
  removeOld(): Promise<RetentionRound>;
}

/** @throws {ConfigError | Error} when a file of an authority cannot be used. */
export function openLogKeeping(
  config: Config,
  { db }: Pick<Stores, 'db'>,
  options: LogKeepingOptions,
): LogKeeping {
  const { signer, clock, onEvent } = options;
  const archive = openSegments(config.dataFolder);
  const sealer = createSealer({
    db,
    archive,
    signer,
    authorities: openStampAuthorities(config, clock),
    leastStamps: config.timeStamp.leastStamps,
    provider: { name: config.provider.name, domain: config.provider.domain },
    indexOn: (day) => findIndexCopy(config.dataFolder, day),
    clock,
    owner: `${config.node} ${process.pid} ${randomUUID()}`,
    onEvent,
  });
  const months = config.retention.logMonths;
  return { archive, sealer, removeOld: () => removeOldSegments({ db, archive, signer, clock, months }) };
}

/** Where the sealed segments of a data folder are. */
export function openSegments(dataFolder: string): SegmentArchive {
  return openSegmentFolder(join(dataFolder, 'log-segments'));
}

/** The copy of the provider index that was in force on the day. */
export async function findIndexCopy(dataFolder: string, day: string): Promise<SegmentHeader['index']> {
  const copies = openDailyCopies(join(dataFolder, 'index'));
  const found = (await copies.days()).find((each) => each <= day);
  if (found === undefined) return null;
  const { bytes } = await copies.load(found);
  return { day: found, sha256: hex(hash('sha256', bytes, 'buffer')) };
}

export interface WantedProof {
  readonly identificativo: string;
  /** What ties the very bytes in hand to the log. */
  readonly message: ProvedMessage | null;
  /** True for the whole signed index of each day, not only our record. */
  readonly withIndex: boolean;
  readonly now: Instant;
}

/** What the log proves about a message. @throws {NoProof} when it has nothing sealed about it. */
export function proveMessage(
  config: Config,
  { db }: Pick<Stores, 'db'>,
  { identificativo, message, withIndex, now }: WantedProof,
): Promise<ProofBundle> {
  return makeProof({
    db,
    provider: { name: config.provider.name, domain: config.provider.domain },
    identificativo,
    message,
    now,
    findChain,
    findIndex: (day) => findProofIndex(config, day, withIndex),
    crls: listHeldCrls(config.dataFolder),
  });
}

/** A signed bundle about the message that proves this entry; undefined when it is not sealed yet. */
export async function proveEntry(
  config: Config,
  stores: Pick<Stores, 'db'>,
  { identificativo, node, seq, signer, now }: EntryToProve,
): Promise<Uint8Array | undefined> {
  try {
    const wanted = { identificativo, message: null, withIndex: false, now };
    const bundle = await proveMessage(config, stores, wanted);
    const entries = bundle.segments.flatMap((segment) => segment.entries.map(({ line }) => readEntry(line)));
    if (!entries.some((entry) => entry?.node === node && entry.seq === seq)) return undefined;
    return Buffer.from(await signBundle(bundle, signer, now), 'utf8');
  } catch (error) {
    if (error instanceof NoProof) return undefined;
    throw error;
  }
}

export interface EntryToProve {
  readonly identificativo: string;
  readonly node: string;
  readonly seq: number;
  readonly signer: Signer;
  readonly now: Instant;
}

/** The record of this provider in the index in force on the day; with `whole`, also the index as it was signed. */
export async function findProofIndex(
  config: Config,
  day: string,
  whole: boolean,
): Promise<ProofIndex | null> {
  const copies = openDailyCopies(join(config.dataFolder, 'index'));
  const found = (await copies.days()).find((each) => each <= day);
  if (found === undefined) return null;
  const { bytes, fetchedAt } = await copies.load(found);
  const isSigned = bytes[0] === 0x30; // DER: SEQUENCE
  const ldif = isSigned
    ? openSignedLdif(bytes, { trust: readTrust(config), policy: indexPolicy, now: fetchedAt }).ldif
    : bytes;
  const record = createIndex(parseIndex(ldif).providers).providerOf(config.provider.domain);
  if (record === undefined) return null;
  return {
    day: found,
    sha256: hex(hash('sha256', bytes, 'buffer')),
    entry: utf8(buildIndex([record])),
    copy: whole && isSigned ? Buffer.from(bytes).toString('base64') : null,
  };
}

/** Verified when it was fetched; now only its signature must still hold. */
const indexPolicy = { mode: 'archive', profile: 'any', revocation: 'none' } as const;

/** The revocation lists that the provider holds, DER. */
export function listHeldCrls(dataFolder: string): Uint8Array[] {
  const folder = join(dataFolder, 'revocation');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.crl'))
    .map((name) => readFileSync(join(folder, name)));
}

export interface LogKeepingRun {
  readonly signer: () => Signer;
  readonly clock: Clock;
  readonly log: Log;
  readonly onError: (error: unknown) => void;
}

/** Seals and lets go in the background, beside the mail; to be stopped with the other workers. */
export function startLogKeeping(config: Config, stores: Stores, run: LogKeepingRun): Runner {
  const { signer, clock, log, onError } = run;
  const keeping = openLogKeeping(config, stores, {
    signer,
    clock,
    onEvent: (event) => reportSealing(log, event, clock()),
  });
  return startSealRunner({
    // Where nodes share a database each seals its own stream; alone, also those of a node's earlier names.
    seal: () => keeping.sealer.seal(stores.db.dialect === 'sqlite' ? {} : { node: config.node }),
    afterwards: async () => reportRetention(log, await keeping.removeOld()),
    clock,
    onRound: ({ pending }) => reportSealRound(log, { open: pending.length }),
    onError,
  });
}
