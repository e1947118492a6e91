/** What the log can prove about one message, put together from its sealed entries. */
import type { Database, ReadTransaction } from '../../db/database.ts';
import { hex } from '../../lib/bytes.ts';
import type { Instant } from '../../lib/time.ts';
import { readCertificate } from '../../smime/certificate.ts';
import { parseRevocationList, RevocationListError } from '../../smime/revocation-list.ts';
import { type LogRow, readLogRows, renderLogRow, toLogEvent } from '../log-rows.ts';
import { findSealOf, listStamps } from '../seal/seal-rows.ts';
import type { FilledSeal } from '../verify/check-segment.ts';
import type { ProofBundle, ProofEntry, ProofIndex, ProofSegment, ProvedMessage } from './bundle.ts';
import { findPath } from './inclusion.ts';

export interface ProofRequest {
  readonly db: Database;
  readonly provider: ProofBundle['provider'];
  readonly identificativo: string;
  readonly message: ProvedMessage | null;
  readonly now: Instant;
  /** The chain that goes with a certificate named in the log, DER, own certificate first. */
  readonly findChain: (
    tx: ReadTransaction,
    certificate: string,
  ) => Promise<readonly Uint8Array[] | undefined>;
  /** The provider's record in the index in force on a day. */
  readonly findIndex: (day: string) => Promise<ProofIndex | null>;
  /** Revocation lists held, DER. */
  readonly crls: readonly Uint8Array[];
}

/** Why there is no proof; `text` is for the person who asked. */
export class NoProof extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'NoProof';
  }
}

interface SealedEntries {
  readonly seal: FilledSeal;
  readonly rows: LogRow[];
}

/** @throws {NoProof} when the log has nothing sealed about the message, or no longer. */
export async function makeProof(request: ProofRequest): Promise<ProofBundle> {
  const { db, provider, identificativo, message, now } = request;
  const found = await db.read((tx) => readEntries(tx, identificativo));
  if (found.rows.length === 0) throw new NoProof(`The message log knows no message ${identificativo}.`);
  if (found.sealed.length === 0)
    throw new NoProof(
      'Its entries are not sealed and time-stamped yet: wait for tomorrow, or run pec log seal.',
    );
  const rows = found.sealed.flatMap((each) => each.rows);
  const certificates = await db.read((tx) => collectCertificates(tx, request, rows));
  const segments: ProofSegment[] = [];
  for (const each of found.sealed) segments.push(await describeSegment(request, each));
  return {
    format: 'openpec-proof-1',
    madeAt: new Date(now).toISOString(),
    provider,
    identificativo,
    unsealed: found.rows.length - rows.length,
    facts: [...new Set(rows.map((row) => row.facts_json))],
    segments,
    certificates: certificates.map(toBase64),
    crls: chooseLists(request.crls, certificates).map(toBase64),
    message,
  };
}

async function readEntries(tx: ReadTransaction, identificativo: string) {
  const places = await tx.all<{ node: string; seq: number }>(
    'SELECT node, seq FROM message_log WHERE identificativo = ? ORDER BY at, node, seq',
    identificativo,
  );
  const rows: LogRow[] = [];
  const sealed = new Map<string, SealedEntries>();
  for (const { node, seq } of places) {
    const [row] = await readLogRows(tx, { node, after: seq - 1, through: seq, limit: 1 });
    if (row === undefined) continue;
    rows.push(row);
    const seal = await findSealOf(tx, node, seq);
    if (seal?.content === undefined || seal.sealedAt === undefined) continue;
    const key = `${node}/${seal.number}`;
    const known = sealed.get(key);
    if (known === undefined) sealed.set(key, { seal: { ...seal, content: seal.content }, rows: [row] });
    else known.rows.push(row);
  }
  return { rows, sealed: [...sealed.values()] };
}

async function describeSegment(request: ProofRequest, { seal, rows }: SealedEntries): Promise<ProofSegment> {
  const { db, findIndex } = request;
  const { root, statement } = seal.content;
  const { stamps, headerPath, entries } = await db.read(async (tx) => ({
    stamps: await listStamps(tx, seal),
    headerPath: await requirePath(tx, seal, 0),
    entries: await describeEntries(tx, seal, rows),
  }));
  return {
    header: seal.header,
    size: seal.lastSeq - seal.firstSeq + 2,
    root: hex(root),
    headerPath,
    entries,
    stamps: stamps.map(({ authority, time, token }) => ({
      authority,
      time: new Date(time).toISOString(),
      token: toBase64(token),
    })),
    statement: toBase64(statement),
    index: await findIndex(seal.day),
  };
}

async function describeEntries(
  tx: ReadTransaction,
  seal: FilledSeal,
  rows: readonly LogRow[],
): Promise<ProofEntry[]> {
  const entries: ProofEntry[] = [];
  for (const row of rows) {
    const index = row.seq - seal.firstSeq + 1;
    entries.push({ line: renderLogRow(row), index, path: await requirePath(tx, seal, index) });
  }
  return entries;
}

async function requirePath(tx: ReadTransaction, seal: FilledSeal, leaf: number): Promise<string[]> {
  const path = await findPath(tx, seal, leaf);
  if (path === undefined)
    throw new NoProof(
      'Entries beside it have left the database for their age: prove it from the exported file.',
    );
  return path.map(hex);
}

/** The chains of all keys that the entries name, each certificate once. */
async function collectCertificates(
  tx: ReadTransaction,
  { findChain }: ProofRequest,
  rows: readonly LogRow[],
): Promise<Uint8Array[]> {
  const names = new Set(
    rows.flatMap((row) => toLogEvent(row).generated.flatMap(({ signature }) => signature?.certificate ?? [])),
  );
  const found = new Map<string, Uint8Array>();
  for (const name of names) for (const der of (await findChain(tx, name)) ?? []) found.set(hex(der), der);
  return [...found.values()];
}

/** Those of the issuers of the certificates. */
function chooseLists(crls: readonly Uint8Array[], certificates: readonly Uint8Array[]): Uint8Array[] {
  const issuers = certificates.flatMap((der) => readCertificate(der)?.issuer ?? []);
  return crls.filter((der) => {
    try {
      const { issuer } = parseRevocationList(der);
      return issuers.some((each) => Buffer.compare(each, issuer) === 0);
    } catch (error) {
      if (error instanceof RevocationListError) return false;
      throw error;
    }
  });
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
