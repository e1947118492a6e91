/**
 * Any receipt, notice or transport envelope this provider issued, again: the very bytes, from the values and the
 * signature that the message log keeps, also after the key was renewed (RFC 6109 §2.3). What encloses an original
 * that is not kept any more comes as an attested duplicate. Nothing goes out that its signature does not hold for,
 * and each request is an entry of the log itself.
 */
import { hash as hashBytes, verify, X509Certificate } from 'node:crypto';
import { hashSegments } from '../blob/read-segments.ts';
import type { ReadTransaction } from '../db/database.ts';
import type { Signer } from '../keys/signer.ts';
import { hex } from '../lib/bytes.ts';
import type { Segments } from '../lib/segments.ts';
import type { Instant } from '../lib/time.ts';
import { appendEvent } from '../message-log/append.ts';
import { findEvents, type LoggedEvent } from '../message-log/find.ts';
import { buildDuplicateAttestation } from '../pec/duplicate-attestation.ts';
import type { ProviderIdentity } from '../pec/facts.ts';
import type { DeliveryReceiptRecord, GeneratedMessage } from '../pec/generated.ts';
import { type Reproduction, rebuildGenerated } from '../pec/reproduction.ts';
import { assembleSignedMessage } from '../smime/sign.ts';
import { buildSignedAttributes, rebuildDetached, signatureProfile } from '../smime/signed-data.ts';
import { encloses, findEnclosed } from './enclosed-original.ts';
import { aboutOf, type ReproducibleKind, wireKindOf } from './issued-kinds.ts';
import type { PointParts } from './parts.ts';
import { seal } from './seal.ts';
import { findChain, keepChain } from './signing-chains.ts';

export interface ReceiptRequest {
  /** With or without angle brackets. */
  readonly identificativo: string;
  readonly kind: ReproducibleKind;
  /** Whom the receipt is about, compared without case; needed where there are several. */
  readonly recipient?: string;
  /** Of the receipt itself, with or without angle brackets; tells apart what nothing else does. */
  readonly messageId?: string;
  /** Who asks: stands in the log. */
  readonly requestedBy: string;
  /** An attested duplicate even where the original may be there, e.g. because it cannot be read. */
  readonly attest?: boolean;
}

/** An entry of the message log. */
type LogPlace = Pick<LoggedEvent, 'node' | 'seq'>;

export interface ReproductionParts extends Pick<PointParts, 'db' | 'blobs' | 'node' | 'clock'> {
  /** Who attests a duplicate: asked for only when one is needed. */
  readonly provider: ProviderIdentity;
  readonly signer: () => Signer;
  /** The signed proof bundle about the message, for a duplicate; undefined when the entry is not sealed yet. */
  readonly prove: (identificativo: string, entry: LogPlace) => Promise<Uint8Array | undefined>;
}

export interface ReproducedReceipt {
  /** `exact`: the bytes that were issued. `attested`: a signed statement about them. */
  readonly form: 'exact' | 'attested';
  readonly segments: Segments;
  readonly messageId: string;
}

/** One message that was issued, as a person tells it from others. */
export interface IssuedMessage {
  readonly at: Instant;
  readonly messageId: string;
  readonly recipients: readonly string[];
}

export class ReproductionFailure extends Error {
  /**
   * `unknown`: no such message. `none`: none of that kind. `several`: one must be named. `unsigned`, `altered`,
   * `unavailable`: recorded, but cannot be written again.
   */
  readonly reason: 'unknown' | 'none' | 'several' | 'unsigned' | 'altered' | 'unavailable';
  readonly candidates: readonly IssuedMessage[];

  constructor(
    reason: ReproductionFailure['reason'],
    message: string,
    candidates: readonly IssuedMessage[] = [],
  ) {
    super(message);
    this.name = 'ReproductionFailure';
    this.reason = reason;
    this.candidates = candidates;
  }
}

interface Issued {
  readonly logged: LoggedEvent;
  readonly generated: GeneratedMessage;
}

/**
 * The message, and the request in the log.
 * @throws {ReproductionFailure} when it cannot be told which, or cannot be written again.
 * @throws {MailError} `temporary` when the store, or for a duplicate the key, cannot be used now.
 */
export async function reproduceReceipt(
  parts: ReproductionParts,
  request: ReceiptRequest,
): Promise<ReproducedReceipt> {
  const identificativo = bare(request.identificativo);
  const events = await parts.db.read((tx) => findEvents(tx, { identificativo }));
  if (events.length === 0)
    throw new ReproductionFailure('unknown', `the message log knows no message ${identificativo}`);
  const issued = selectOne(events, request);
  const exact = request.attest === true ? undefined : await rebuild(parts, issued);
  if (exact === undefined) return attest(parts, issued, { request, events });
  await record(parts, issued, { request, at: parts.clock(), written: [] });
  return { form: 'exact', segments: exact, messageId: issued.generated.messageId };
}

function selectOne(events: readonly LoggedEvent[], request: ReceiptRequest): Issued {
  const { kind, recipient } = request;
  const ofKind = events.flatMap((logged) =>
    logged.event.generated
      .filter((generated) => wireKindOf(generated.kind) === kind)
      .map((generated) => ({ logged, generated })),
  );
  const messageId = request.messageId === undefined ? undefined : `<${bare(request.messageId)}>`;
  const found = ofKind
    .filter(({ generated }) => messageId === undefined || generated.messageId === messageId)
    .filter((one) => recipient === undefined || concerns(one, recipient));
  const [only, ...more] = found;
  if (only === undefined)
    throw new ReproductionFailure('none', `no ${kind} was issued here for it`, ofKind.map(describe));
  if (more.length > 0)
    throw new ReproductionFailure('several', `${found.length} of that kind`, found.map(describe));
  return only;
}

function concerns({ generated, logged }: Issued, recipient: string): boolean {
  const wanted = recipient.toLowerCase();
  return aboutOf(generated, logged.event.facts).some((address) => address.toLowerCase() === wanted);
}

function describe({ logged, generated }: Issued): IssuedMessage {
  const { at, facts } = logged.event;
  return { at, messageId: generated.messageId, recipients: aboutOf(generated, facts) };
}

/**
 * The bytes as they were; undefined when what they enclosed is gone.
 * @throws {ReproductionFailure} when the log or the store has not what was signed.
 */
async function rebuild(parts: ReproductionParts, issued: Issued): Promise<Segments | undefined> {
  const record = { ...issued.logged.event, generated: issued.generated };
  const signature = await findSignature(parts, issued.generated);
  if (!encloses(record)) {
    const exact = await rebuildAround(parts, record, signature);
    if (exact === undefined) throw altered();
    return exact;
  }
  let wasKept = false;
  for await (const enclosed of findEnclosed(parts, record)) {
    const exact = await rebuildAround(parts, { ...record, enclosed }, signature);
    if (exact !== undefined) return exact;
    wasKept ||= enclosed.from === 'kept';
  }
  if (wasKept) throw altered();
  return undefined;
}

interface KeptSignature {
  /** The signer's certificates, DER, its own first. */
  readonly chain: readonly Uint8Array[];
  readonly own: Uint8Array;
  readonly value: Uint8Array;
}

async function findSignature({ db }: ReproductionParts, generated: GeneratedMessage): Promise<KeptSignature> {
  const { signature } = generated;
  if (signature === undefined || signature.profile !== signatureProfile)
    throw new ReproductionFailure('unsigned', 'the log holds no signature for it that this version can use');
  const chain = await db.read((tx) => findChain(tx, signature.certificate));
  const [own] = chain ?? [];
  if (chain === undefined || own === undefined)
    throw new ReproductionFailure('unsigned', `certificate ${signature.certificate} is not in the store`);
  return { chain, own, value: Buffer.from(signature.value, 'base64') };
}

/** The message around the signature; undefined when that is not over what was built. */
async function rebuildAround(
  { blobs }: ReproductionParts,
  record: Reproduction,
  { chain, own, value }: KeptSignature,
): Promise<Segments | undefined> {
  const { facts, at, generated, enclosed } = record;
  const built = rebuildGenerated({ facts, at, generated, ...(enclosed === undefined ? {} : { enclosed }) });
  const contentDigest = await hashSegments(blobs, built.content, 'sha256');
  const attributes = buildSignedAttributes(contentDigest, at);
  if (!verify('sha256', attributes, new X509Certificate(own).publicKey, value)) return undefined;
  return assembleSignedMessage(built, rebuildDetached({ contentDigest, signingTime: at, chain, value }));
}

function altered(): ReproductionFailure {
  return new ReproductionFailure(
    'altered',
    'what was written again is not what was signed: the entry or the stored original was changed',
  );
}

interface AttestRequest {
  readonly request: ReceiptRequest;
  /** All events of the message. */
  readonly events: readonly LoggedEvent[];
}

async function attest(
  parts: ReproductionParts,
  issued: Issued,
  { request, events }: AttestRequest,
): Promise<ReproducedReceipt> {
  const { logged, generated } = issued;
  if (generated.kind !== 'delivery-receipt' || generated.receiptKind === 'sintetica')
    throw new ReproductionFailure('unavailable', 'only a delivery receipt can come as an attested duplicate');
  const at = parts.clock();
  const signer = parts.signer();
  const { facts } = logged.event;
  const proof = await parts.prove(facts.identificativo, logged);
  const built = buildDuplicateAttestation({
    provider: parts.provider,
    facts,
    at,
    attested: {
      ...(proof === undefined ? {} : { proofSha256: hashBytes('sha256', proof, 'hex') }),
      ...describeReceipt(logged, generated, events),
    },
    ...(proof && { proof }),
  });
  const sealed = await seal({ blobs: parts.blobs, signer }, built, at);
  await parts.db.transact((tx) => keepChain(tx, signer, at));
  await record(parts, issued, { request, at, written: [sealed.generated] });
  return { form: 'attested', segments: sealed.segments, messageId: sealed.generated.messageId };
}

function describeReceipt(
  logged: LoggedEvent,
  receipt: DeliveryReceiptRecord,
  events: readonly LoggedEvent[],
) {
  const { node, seq, hash, event } = logged;
  const accepted = events.map((one) => one.event).find((one) => one.type === 'accepted');
  return {
    at: event.at,
    entry: { node, seq, hash: hex(hash) },
    ...(accepted === undefined ? {} : { originalSha256: accepted.originalSha256 }),
    receipt,
  };
}

interface Reproduced {
  readonly request: ReceiptRequest;
  readonly at: Instant;
  readonly written: readonly GeneratedMessage[];
}

async function record(
  { db, node }: ReproductionParts,
  { logged, generated }: Issued,
  { request, at, written }: Reproduced,
): Promise<void> {
  const { facts, sendingProvider } = logged.event;
  const { messageId } = generated;
  const { requestedBy } = request;
  await db.transact((tx) =>
    appendEvent(
      tx,
      { type: 'reproduced', at, facts, sendingProvider, generated: written, messageId, requestedBy },
      node,
    ),
  );
}

/** The messages of these kinds that were issued for one identificativo: what can be asked for. */
export async function listIssued(
  tx: ReadTransaction,
  identificativo: string,
): Promise<readonly (IssuedMessage & { readonly kind: ReproducibleKind })[]> {
  const events = await findEvents(tx, { identificativo: bare(identificativo) });
  return events.flatMap((logged) =>
    logged.event.generated.flatMap((generated) => {
      const kind = wireKindOf(generated.kind);
      return kind === undefined ? [] : [{ kind, ...describe({ logged, generated }) }];
    }),
  );
}

/** People copy identifiers with and without angle brackets. */
function bare(identifier: string): string {
  return identifier.trim().replace(/^<(.*)>$/, '$1');
}
