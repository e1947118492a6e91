/**
 * Which bytes of a message a section names (RFC 3501 §6.4.5): `BODY[1.2.MIME]` and its like, over the part
 * tree. A PEC is a message inside a part of a part: every step here goes through enclosed messages.
 */
import type { MessagePart } from '../../mime/message-part.ts';

export type SectionText = 'HEADER' | 'TEXT' | 'MIME';

export interface Section {
  /** Part numbers; empty for the message itself. */
  readonly path: readonly number[];
  /** Undefined for the body of the part, or the whole message. */
  readonly text: SectionText | undefined;
  /** With HEADER: only these fields, or all but these. Lower case. */
  readonly fields: { readonly names: ReadonlySet<string>; readonly not: boolean } | undefined;
}

/** A half-open run of bytes, offsets into the whole message. */
export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * The part a path names, or undefined. In a message that is no multipart, part 1 is its body
 * (RFC 3501 §6.4.5: "every message has at least one part number").
 */
export function findPart(root: MessagePart, path: readonly number[]): MessagePart | undefined {
  let part: MessagePart | undefined = root;
  for (const [depth, number] of path.entries()) {
    part = stepInto(part, number, depth === 0);
    if (part === undefined) return undefined;
  }
  return part;
}

/** @param atMessage `part` stands for the message, not for a part of one. */
function stepInto(part: MessagePart, number: number, atMessage: boolean): MessagePart | undefined {
  const enclosing = atMessage ? part : (part.message ?? part);
  if (enclosing.type === 'multipart') return enclosing.children[number - 1];
  const isMessage = atMessage || part.message !== undefined;
  return isMessage && number === 1 ? enclosing : undefined;
}

/** Undefined when the message has no such section; its answer is NIL. */
export function locateSection(root: MessagePart, section: Section): ByteSpan | undefined {
  const { path, text } = section;
  const part = findPart(root, path);
  if (part === undefined) return undefined;
  if (text === 'MIME') return { start: part.headerStart, end: part.bodyStart };
  if (text === undefined) {
    return { start: path.length === 0 ? part.headerStart : part.bodyStart, end: part.bodyEnd };
  }
  const message = path.length === 0 ? part : part.message;
  if (message === undefined) return undefined;
  return text === 'HEADER'
    ? { start: message.headerStart, end: message.bodyStart }
    : { start: message.bodyStart, end: message.bodyEnd };
}

/** The span cut down to `length` bytes from `offset` on, as a partial fetch asks. */
export function cutSpan(span: ByteSpan, offset: number, length: number): ByteSpan {
  const start = Math.min(span.start + offset, span.end);
  return { start, end: Math.min(start + length, span.end) };
}
