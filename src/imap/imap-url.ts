/**
 * IMAP URLs of messages in the user's own mailbox (RFC 5092 §6, §7), as CATENATE takes them:
 * `/Drafts;UIDVALIDITY=385759045/;UID=20/;SECTION=1.2/;PARTIAL=0.1024`, or from `;UID=` on with a folder open.
 */
import { Refusal } from './refusal.ts';
import { Arguments } from './wire/arguments.ts';
import { type FetchRequest, readFetchItems } from './wire/fetch-items.ts';
import { SyntaxProblem } from './wire/syntax.ts';

export interface MessageUrl {
  /** Undefined: the selected folder. */
  readonly folder: string | undefined;
  readonly uidValidity: number | undefined;
  readonly uid: number;
  /** The section, with its partial range if there is one. */
  readonly request: Extract<FetchRequest, { kind: 'section' }>;
}

const syntax =
  /^(?:\/([^;/?]+(?:\/[^;/?]+)*)(?:;UIDVALIDITY=([1-9]\d{0,9}))?\/)?;UID=([1-9]\d{0,9})(?:\/;SECTION=([^;/?]+(?:\/[^;/?]+)*))?(?:\/;PARTIAL=(\d{1,15})(?:\.([1-9]\d{0,14}))?)?$/i;

/** @throws {Refusal} BADURL (RFC 4469 §4) */
export function parseMessageUrl(url: string): MessageUrl {
  const found = url.length > 4000 ? null : syntax.exec(url);
  if (found === null) throw badUrl(url, 'it names no message of this mailbox');
  const [, folder, uidValidity, uid, section = '', offset, length] = found;
  return {
    folder: folder === undefined ? undefined : decodePercent(folder, url),
    uidValidity: uidValidity === undefined ? undefined : Number(uidValidity),
    uid: Number(uid),
    request: readRequest(decodePercent(section, url), offset, length, url),
  };
}

/** @param reason why, in words that follow "The URL … cannot be used:" */
export function badUrl(url: string, reason: string): Refusal {
  const shown = url.slice(0, 200).replace(/[^\x21-\x5c\x5e-\x7e]/g, '?');
  return new Refusal(`BADURL "${shown.replaceAll('"', '?')}"`, `The URL cannot be used: ${reason}`);
}

function readRequest(section: string, offset = '', length = `${Number.MAX_SAFE_INTEGER}`, url = '') {
  const partial = offset === '' ? '' : `<${offset}.${length}>`;
  try {
    const args = new Arguments([`BODY.PEEK[${section}]${partial}`]);
    const [request] = readFetchItems(args);
    args.end();
    if (request?.kind === 'section') return request;
  } catch (error) {
    if (!(error instanceof SyntaxProblem)) throw error;
  }
  throw badUrl(url, `there is no section ${section}`);
}

function decodePercent(text: string, url: string): string {
  try {
    return decodeURIComponent(text).normalize('NFC');
  } catch {
    throw badUrl(url, 'its percent signs do not stand for characters');
  }
}
