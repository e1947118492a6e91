/** BODY and BODYSTRUCTURE (RFC 3501 §7.4.2) from the part tree. */
import { unfold } from '../../mime/header.ts';
import type { MessagePart } from '../../mime/message-part.ts';
import { type RawParameter, readParameterizedValue } from '../../mime/parameter-reader.ts';
import { formatNstring, formatString } from '../wire/format.ts';
import { findField, formatEnvelope, formatField } from './envelope.ts';

/** Stands where the grammar wants a part and the message has none: an empty multipart, an unread message. */
const emptyText = '("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 0 0)';
const emptyEnvelope = '(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)';

/** @param extended BODYSTRUCTURE rather than BODY: with the extension data. */
export function formatBodyStructure(part: MessagePart, extended: boolean): string {
  return part.type === 'multipart' ? formatMultipart(part, extended) : formatLeaf(part, extended);
}

function formatMultipart(part: MessagePart, extended: boolean): string {
  const children = part.children.map((child) => formatBodyStructure(child, extended)).join('');
  const head = `${children === '' ? emptyText : children} ${formatString(part.subtype)}`;
  if (!extended) return `(${head})`;
  return `(${head} ${formatParameters(part)} ${formatCommonExtension(part)})`;
}

function formatLeaf(part: MessagePart, extended: boolean): string {
  const { fields } = part;
  const items = [
    formatString(part.type),
    formatString(part.subtype),
    formatParameters(part),
    formatField(fields, 'content-id'),
    formatField(fields, 'content-description'),
    formatString(part.transferEncoding),
    `${part.bodyEnd - part.bodyStart}`,
    ...formatTypeSpecific(part, extended),
  ];
  if (extended) items.push(formatField(fields, 'content-md5'), formatCommonExtension(part));
  return `(${items.join(' ')})`;
}

function formatTypeSpecific(part: MessagePart, extended: boolean): string[] {
  if (part.type === 'text') return [`${part.lines}`];
  if (part.type !== 'message' || (part.subtype !== 'rfc822' && part.subtype !== 'global')) return [];
  const { message } = part;
  if (message === undefined) return [emptyEnvelope, emptyText, `${part.lines}`];
  return [formatEnvelope(message.fields), formatBodyStructure(message, extended), `${part.lines}`];
}

/** Disposition, languages, location. */
function formatCommonExtension({ fields }: MessagePart): string {
  return [formatDisposition(fields), formatLanguages(fields), formatField(fields, 'content-location')].join(
    ' ',
  );
}

function formatParameters(part: MessagePart): string {
  const value = findField(part.fields, 'content-type');
  if (value === undefined) return part.type === 'text' ? '("charset" "us-ascii")' : 'NIL';
  return formatParameterList(readParameterizedValue(unfold(value)).parameters);
}

function formatParameterList(raw: readonly RawParameter[]): string {
  const items = joinContinuations(raw).map(
    ({ name, value }) => `${formatString(name)} ${formatString(clean(value))}`,
  );
  return items.length === 0 ? 'NIL' : `(${items.join(' ')})`;
}

const clean = (value: string) => value.replace(/[\r\n\0]/g, ' ');

function formatDisposition(fields: MessagePart['fields']): string {
  const value = findField(fields, 'content-disposition');
  if (value === undefined) return 'NIL';
  const { head, parameters } = readParameterizedValue(unfold(value));
  const [type] = /^[^\s"]+/.exec(head) ?? ['attachment'];
  return `(${formatString(clean(type).toLowerCase())} ${formatParameterList(parameters)})`;
}

function formatLanguages(fields: MessagePart['fields']): string {
  const tags = findField(fields, 'content-language')?.match(/[A-Za-z0-9-]+/g);
  return tags === null || tags === undefined ? 'NIL' : `(${tags.map((tag) => formatNstring(tag)).join(' ')})`;
}

interface Continued {
  readonly pieces: Map<number, RawParameter>;
  extended: boolean;
}

/**
 * Joins `name*0`, `name*1*` into one parameter, as RFC 2231 §7 and RFC 9051 want it from servers. What has a
 * charset keeps its form under the name `name*`; other parameters stay as they are.
 */
export function joinContinuations(raw: readonly RawParameter[]): RawParameter[] {
  const continued = new Map<string, Continued>();
  const joined: (RawParameter | string)[] = [];
  for (const parameter of raw) {
    const found = /^(.+?)\*(\d{1,4})(\*?)$/.exec(parameter.name);
    if (found === null) {
      joined.push(parameter);
      continue;
    }
    const [name, index, extended] = [found[1] as string, Number(found[2]), found[3] === '*'];
    const entry = continued.get(name) ?? { pieces: new Map(), extended: false };
    if (!continued.has(name)) joined.push(name);
    continued.set(name, entry);
    entry.pieces.set(index, parameter);
    entry.extended ||= extended;
  }
  return joined.map((item) =>
    typeof item === 'string' ? joinPieces(item, continued.get(item) as Continued) : item,
  );
}

function joinPieces(name: string, { pieces, extended }: Continued): RawParameter {
  let value = '';
  for (let index = 0; pieces.has(index); index++) {
    const piece = pieces.get(index) as RawParameter;
    // Among pieces with percent signs, one without the mark is meant literally.
    value += extended && !piece.name.endsWith('*') ? percentEncode(piece.value) : piece.value;
  }
  return { name: extended ? `${name}*` : name, value };
}

const percentEncode = (bytes: string) =>
  bytes.replace(
    /[^A-Za-z0-9._-]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
