/**
 * SMTP replies: how an error becomes one. A MailError says its code, its enhanced status and its text; whatever
 * else is thrown is a fault of ours and becomes 451 with an id. Texts leave as short printable ASCII lines,
 * because without SMTPUTF8 a reply is ASCII (RFC 5321 §2.4) of at most 512 octets a line (§4.5.3.1.5).
 */
import { randomBytes } from 'node:crypto';
import { MailError } from '../lib/mail-error.ts';

export interface SmtpReply {
  readonly code: number;
  /** RFC 3463. */
  readonly enhanced: string;
  readonly text: string;
  /** Set when the thrown thing was no MailError: the id in the text, for the log. */
  readonly faultId?: string;
}

const LINE_TEXT_LIMIT = 400;

/** The reply for something thrown; never throws itself. */
export function buildReply(error: unknown): SmtpReply {
  if (error instanceof MailError)
    return { code: error.smtp.code, enhanced: error.smtp.enhanced, text: error.publicText };
  const faultId = randomBytes(4).toString('hex');
  return {
    code: 451,
    enhanced: '4.3.0',
    text: `Internal error, try again later; if it lasts, tell support the id ${faultId}`,
    faultId,
  };
}

/** The text in printable ASCII on one line: accents dropped, other characters become `?`. */
export function foldToAscii(text: string): string {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/[\u201c\u201d\u00ab\u00bb]/g, '"')
    .replace(/[\u2010-\u2015]/g, '-')
    .replace(/\s+/g, ' ')
    .replace(/[^\x20-\x7e]/g, '?')
    .trim();
}

/** The text cut at blanks into lines that fit a reply; at least one line. */
export function wrapReplyText(text: string): string[] {
  const lines: string[] = [];
  let rest = foldToAscii(text);
  while (rest.length > LINE_TEXT_LIMIT) {
    const blank = rest.lastIndexOf(' ', LINE_TEXT_LIMIT);
    const cut = blank > 0 ? blank : LINE_TEXT_LIMIT;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  return [...lines, rest];
}

/**
 * An Error as smtp-server's callbacks want it: it replies `responseCode` and `message`. The enhanced status is
 * put before the text; StrictConnection takes it from there (see `splitStatus`).
 */
export class ReplyError extends Error {
  readonly responseCode: number;

  constructor(reply: SmtpReply) {
    super(`${reply.enhanced} ${reply.text}`);
    this.name = 'ReplyError';
    this.responseCode = reply.code;
  }
}

/** `5.7.1 text` into its two pieces, if the status fits the code's class; else all is text. */
export function splitStatus(code: number, text: string): { enhanced: string | undefined; text: string } {
  const match = /^([245])\.\d{1,3}\.\d{1,3} /.exec(text);
  if (match === null || match[1] !== String(code)[0]) return { enhanced: undefined, text };
  return { enhanced: match[0].trimEnd(), text: text.slice(match[0].length) };
}
