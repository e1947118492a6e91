/** The answers to FETCH items: short ones as text, bodies as streams of exactly announced length. */
import { latin1 } from '../../lib/bytes.ts';
import type { MessagePart } from '../../mime/message-part.ts';
import { TransferDecoder } from '../../mime/transfer.ts';
import { Refusal } from '../refusal.ts';
import type { FetchRequest, Partial } from '../wire/fetch-items.ts';
import { selectFields } from './header-subset.ts';
import { type ByteSpan, cutSpan, findPart, locateSection, type Section } from './sections.ts';
import type { StoredMessage } from './stored-message.ts';

/** A literal whose bytes are sent as they are read. */
export interface StreamedValue {
  readonly label: string;
  readonly size: number;
  /** As literal8, because it may hold NULs (RFC 3516). */
  readonly binary: boolean;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** A whole `NAME value` as a byte string, or a name and a stream. */
export type FetchValue = string | StreamedValue;

/** What is no longer than this is read before the answer begins, so that a failure can still be told. */
const smallSize = 32 * 1024;
/** A header is filtered in memory; beyond this its fields are not looked at. */
const longestHeader = 1024 * 1024;

const identityEncodings = new Set(['7bit', '8bit', 'binary']);
const knownEncodings = new Set([...identityEncodings, 'base64', 'quoted-printable']);

function textValue(label: string, bytes: Uint8Array): string {
  return bytes.length === 0 ? `${label} ""` : `${label} {${bytes.length}}\r\n${latin1(bytes)}`;
}

/** @throws {MailError} when the store cannot read; {@link Refusal} UNKNOWN-CTE */
export async function produceValue(
  message: StoredMessage,
  request: Exclude<FetchRequest, { kind: 'word' }>,
): Promise<FetchValue> {
  if (request.kind === 'section') return produceSection(message, request);
  if (request.kind === 'binary-size') return produceBinarySize(message, request);
  return produceBinary(message, request);
}

/** Fields of the header of a message whose bytes are at hand: where it ends they say themselves. */
export function produceAtOnce(message: StoredMessage, request: FetchRequest): string | undefined {
  if (request.kind !== 'section' || message.bytes === undefined) return undefined;
  const { section, partial, label } = request;
  if (section.path.length > 0 || section.fields === undefined) return undefined;
  return textValue(label, cutBytes(selectFields(message.bytes, section.fields), partial));
}

type SectionRequest = Extract<FetchRequest, { kind: 'section' }>;

async function produceSection(message: StoredMessage, request: SectionRequest): Promise<FetchValue> {
  const { section, partial, label } = request;
  const span = await spanOf(message, section);
  if (span === undefined) return `${label} NIL`;
  if (section.fields !== undefined) {
    const end = Math.min(span.end, span.start + longestHeader);
    const chosen = selectFields(await message.collect({ start: span.start, end }), section.fields);
    return textValue(label, cutBytes(chosen, partial));
  }
  const wanted = partial === undefined ? span : cutSpan(span, partial.offset, partial.length);
  return produceSpan(message, label, wanted);
}

/** The whole message needs no look at its structure. */
async function spanOf(message: StoredMessage, section: Section): Promise<ByteSpan | undefined> {
  if (section.path.length === 0 && section.text === undefined) return { start: 0, end: message.record.size };
  return locateSection(await message.structure(), section);
}

async function produceSpan(message: StoredMessage, label: string, span: ByteSpan): Promise<FetchValue> {
  const size = span.end - span.start;
  if (size <= smallSize) return textValue(label, await message.collect(span));
  return { label, size, binary: false, bytes: message.read(span) };
}

function cutBytes(bytes: Uint8Array, partial: Partial | undefined): Uint8Array {
  return partial === undefined ? bytes : bytes.subarray(partial.offset, partial.offset + partial.length);
}

type BinaryRequest = Extract<FetchRequest, { kind: 'binary' }>;

async function produceBinary(message: StoredMessage, request: BinaryRequest): Promise<FetchValue> {
  const part = await binaryPart(message, request.path);
  if (part === undefined) return `${request.label} NIL`;
  const decode = () => cutStream(decodePart(message, part, request.path), request.partial);
  const { size, hasNul } = await measure(decode());
  return { label: request.label, size, binary: hasNul, bytes: decode() };
}

async function produceBinarySize(
  message: StoredMessage,
  request: Extract<FetchRequest, { kind: 'binary-size' }>,
): Promise<string> {
  const part = await binaryPart(message, request.path);
  if (part === undefined) return `${request.label} 0`;
  const { size } = await measure(decodePart(message, part, request.path));
  return `${request.label} ${size}`;
}

async function binaryPart(message: StoredMessage, path: readonly number[]): Promise<MessagePart | undefined> {
  const part = findPart(await message.structure(), path);
  // RFC 3516 §4.3: what cannot be decoded is refused, not sent as if it were.
  if (path.length > 0 && part !== undefined && !knownEncodings.has(part.transferEncoding)) {
    throw new Refusal('UNKNOWN-CTE', `The transfer encoding ${part.transferEncoding} is not known`);
  }
  return part;
}

async function* decodePart(
  message: StoredMessage,
  part: MessagePart,
  path: readonly number[],
): AsyncGenerator<Uint8Array> {
  const isWhole = path.length === 0;
  const source = message.read({ start: isWhole ? part.headerStart : part.bodyStart, end: part.bodyEnd });
  if (isWhole || identityEncodings.has(part.transferEncoding)) return yield* source;
  const decoder = new TransferDecoder(part.transferEncoding);
  for await (const chunk of source) yield decoder.push(chunk);
  yield decoder.end();
}

async function* cutStream(
  source: AsyncIterable<Uint8Array>,
  partial: Partial | undefined,
): AsyncGenerator<Uint8Array> {
  let position = 0;
  const [from, to] =
    partial === undefined ? [0, Infinity] : [partial.offset, partial.offset + partial.length];
  for await (const chunk of source) {
    const start = Math.max(from - position, 0);
    position += chunk.length;
    if (start < chunk.length)
      yield chunk.subarray(start, Math.max(chunk.length - Math.max(position - to, 0), start));
    if (position >= to) return;
  }
}

async function measure(source: AsyncIterable<Uint8Array>): Promise<{ size: number; hasNul: boolean }> {
  let size = 0;
  let hasNul = false;
  for await (const chunk of source) {
    size += chunk.length;
    hasNul ||= chunk.includes(0);
  }
  return { size, hasNul };
}
