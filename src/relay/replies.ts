/**
 * What a peer's SMTP reply means for a recipient. Pure: reply text in, outcome out.
 */
import type { RelayResult } from './relay.ts';

/** One reply, its lines joined by LF, codes and all, as it came. */
export type ReplyText = string;

export type Verdict = Pick<RelayResult, 'outcome' | 'code' | 'enhanced' | 'text'>;

const LONGEST_TEXT = 500;

/**
 * @param at the command that was answered: a 552 to RCPT means too many recipients and is temporary
 *   (RFC 5321 §4.5.3.1.10)
 */
export function readReply(reply: ReplyText, at: 'MAIL' | 'RCPT' | 'DATA' | 'SESSION'): Verdict {
  const code = Number(/^\d{3}/.exec(reply)?.[0] ?? 0);
  const outcome = at === 'RCPT' && code === 552 ? 'temporary' : outcomeOf(code);
  const given = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})(?:\s|$)/.exec(reply)?.[1];
  const digit = outcome === 'delivered' ? '2' : outcome === 'permanent' ? '5' : '4';
  // RFC 2034 §4: the class of the status is that of the code; a status of another class says nothing.
  const enhanced = given?.startsWith(digit) ? given : `${digit}.0.0`;
  return { outcome, code, enhanced, text: flattenReply(reply) };
}

/** 503 says that the session is in disorder, not that the message is refused: another session may do. */
function outcomeOf(code: number): Verdict['outcome'] {
  if (code >= 200 && code < 300) return 'delivered';
  return code >= 500 && code < 600 && code !== 503 ? 'permanent' : 'temporary';
}

export function isPositive(reply: ReplyText | undefined): boolean {
  return reply?.startsWith('2') ?? false;
}

/** The words of a reply on one line, without codes and statuses. */
export function flattenReply(reply: ReplyText): string {
  const lines = reply
    .split('\n')
    .map((line) => line.replace(/^\d{3}(?:[ -]|$)(?:[245]\.\d{1,3}\.\d{1,3}(?:\s|$))?/, ''));
  return cleanText(lines.join(' '));
}

/** One line without control characters, cut to a length that notices and logs can bear. */
export function cleanText(text: string): string {
  return text
    .replace(/[\0-\x1f\x7f-\x9f]+/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
    .slice(0, LONGEST_TEXT);
}

/** A failure without a reply: code 0. */
export function failureOf(outcome: 'temporary' | 'permanent', enhanced: string, text: string): Verdict {
  return { outcome, code: 0, enhanced, text: cleanText(text) };
}

/** A peer's EHLO reply: what it offers, keywords in upper case with their parameters. */
export function readOffers(reply: ReplyText): ReadonlyMap<string, string> {
  const offers = new Map<string, string>();
  for (const line of reply.split('\n').slice(1)) {
    const match = /^250[ -]([A-Za-z0-9][A-Za-z0-9-]*)(?:[ =](.*))?$/.exec(line.trim());
    if (match !== null) offers.set((match[1] as string).toUpperCase(), match[2] ?? '');
  }
  return offers;
}
