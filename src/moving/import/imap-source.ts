/**
 * A mailbox at another provider by IMAP, with imapflow: always under TLS with a verified name, folders opened read-only,
 * bodies by BODY.PEEK so that nothing becomes read. Large messages come in pieces of a mebibyte.
 */
import { ImapFlow, type ListResponse, type MailboxObject } from 'imapflow';
import { joinUids } from '../../mailbox/message-rows.ts';
import { type MailSource, SourceError, type SourceFolder, type SourceMessage } from './mail-source.ts';

export interface ImapSourceOptions {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte, else STARTTLS, which then must be there. */
  readonly implicitTls: boolean;
  readonly user: string;
  readonly password: string;
  /** PEM: certificates to believe instead of the system's. */
  readonly ca?: string;
  /** Silence after which a connection counts as lost, milliseconds. */
  readonly silenceMs?: number;
  /** The longest wait for a greeting, milliseconds. */
  readonly greetingMs?: number;
}

const pieceBytes = 1024 * 1024;
/** The largest answer that is taken: a piece or a whole small message, with room for servers that add to it. */
const largestLiteral = 64 * 1024 * 1024;

/** Connects and logs in. @throws {SourceError} */
export async function openImapSource(options: ImapSourceOptions): Promise<MailSource> {
  const { host, port, implicitTls, user, password, ca, silenceMs = 120_000, greetingMs = 15_000 } = options;
  const client = new ImapFlow({
    host,
    port,
    secure: implicitTls,
    doSTARTTLS: !implicitTls,
    auth: { user, pass: password },
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: true, ...(ca === undefined ? {} : { ca }) },
    logger: false,
    disableAutoIdle: true,
    connectionTimeout: 30_000,
    greetingTimeout: greetingMs,
    socketTimeout: silenceMs,
    maxLiteralSize: largestLiteral,
    maxResponseSize: 2 * largestLiteral,
  });
  // What breaks between two commands; the next command tells.
  client.on('error', () => undefined);
  await explain(options, () => client.connect());
  return new ImapSource(client, options);
}

class ImapSource implements MailSource {
  readonly #client: ImapFlow;
  readonly #options: ImapSourceOptions;

  constructor(client: ImapFlow, options: ImapSourceOptions) {
    this.#client = client;
    this.#options = options;
  }

  async listFolders(): Promise<readonly SourceFolder[]> {
    const listed = await this.#ask(() => this.#client.list());
    return listed.filter(holdsMessages).map((folder) => this.#toFolder(folder));
  }

  async openFolder(path: string): Promise<{ uidValidity: number }> {
    const opened = await this.#ask(() => this.#client.mailboxOpen(path, { readOnly: true }));
    return { uidValidity: Number((opened as MailboxObject).uidValidity) };
  }

  async listUids(): Promise<readonly number[]> {
    const found = await this.#ask(() => this.#client.search({ all: true }, { uid: true }));
    return [...(found || [])].sort((a, b) => a - b);
  }

  async describe(uids: readonly number[]): Promise<readonly SourceMessage[]> {
    const query = { uid: true, flags: true, internalDate: true, size: true };
    const found = await this.#ask(() => this.#client.fetchAll(toRange(uids), query, { uid: true }));
    return found.map(({ uid, flags, internalDate, size }) => ({
      uid,
      flags: [...(flags ?? [])],
      internalDate: internalDate instanceof Date ? internalDate.getTime() : undefined,
      size: size ?? 0,
    }));
  }

  async readFlags(uids: readonly number[]): Promise<readonly Pick<SourceMessage, 'uid' | 'flags'>[]> {
    const query = { uid: true, flags: true };
    const found = await this.#ask(() => this.#client.fetchAll(toRange(uids), query, { uid: true }));
    return found.map(({ uid, flags }) => ({ uid, flags: [...(flags ?? [])] }));
  }

  async *readWhole(uids: readonly number[]): AsyncGenerator<{ uid: number; bytes: Uint8Array }> {
    const answers = this.#client.fetch(toRange(uids), { uid: true, source: true }, { uid: true });
    for (;;) {
      const next = await this.#ask(() => answers.next());
      if (next.done === true) return;
      const { uid, source } = next.value;
      if (source !== undefined) yield { uid, bytes: source };
    }
  }

  async *read({ uid, size }: Pick<SourceMessage, 'uid' | 'size'>): AsyncGenerator<Uint8Array> {
    for (let start = 0; ; ) {
      const piece = await this.#readPiece(uid, start);
      if (piece.length > 0) yield piece;
      start += piece.length;
      // A short piece before the announced end is a server that gives less at a time.
      if (piece.length === 0 || (piece.length < pieceBytes && start >= size)) return;
    }
  }

  async close(): Promise<void> {
    const closing = this.#client.logout().catch(() => undefined);
    await Promise.race([closing, new Promise((resolve) => setTimeout(resolve, 2000).unref())]);
    this.#client.close();
  }

  async #readPiece(uid: number, start: number): Promise<Uint8Array> {
    const source = { start, maxLength: pieceBytes };
    const found = await this.#ask(() => this.#client.fetchOne(String(uid), { source }, { uid: true }));
    const piece = found === false || found === undefined ? undefined : found.source;
    if (piece === undefined && start === 0)
      throw new SourceError('message', 'the server does not give its content');
    // Right after the last byte some servers answer NIL instead of an empty string.
    if (piece === undefined) return new Uint8Array(0);
    if (piece.length > pieceBytes)
      throw new SourceError('message', 'the server gives more than it was asked for');
    return piece;
  }

  /** After a connection has broken imapflow answers some questions with nothing: that is no answer. */
  async #ask<T>(question: () => Promise<T>): Promise<T> {
    const answer = await explain(this.#options, question);
    if (!this.#client.usable)
      throw new SourceError('lost', `The connection with ${this.#options.host} broke off.`);
    return answer;
  }

  #toFolder({ path, parent, name, specialUse, subscribed, delimiter }: ListResponse): SourceFolder {
    const { namespaces } = this.#client;
    const isIn = ({ prefix }: { prefix: string }) => prefix !== '' && path.startsWith(prefix);
    const ofOthers = [...(namespaces?.other || []), ...(namespaces?.shared || [])].some(isIn);
    const prefix = namespaces?.personal.find(isIn)?.prefix ?? '';
    const levels = [...(parent ?? []), name];
    const prefixLevels = prefix === '' || !delimiter ? 0 : prefix.split(delimiter).length - 1;
    return {
      path,
      levels: specialUse === '\\Inbox' ? ['INBOX'] : levels.slice(prefixLevels),
      specialUse: specialUse === '\\Inbox' ? undefined : specialUse,
      subscribed: subscribed === true,
      foreign: ofOthers || ['\\All', '\\Flagged', '\\Important'].includes(specialUse ?? ''),
    };
  }
}

function holdsMessages({ flags }: ListResponse): boolean {
  return !flags.has('\\Noselect') && !flags.has('\\NonExistent');
}

function toRange(uids: readonly number[]): string {
  return joinUids([...uids].sort((a, b) => a - b))
    .map(([first, last]) => (first === last ? `${first}` : `${first}:${last}`))
    .join(',');
}

/** What imapflow and Node put on their errors. */
interface ClientError extends Error {
  readonly code?: string;
  readonly responseStatus?: string;
  readonly responseText?: string;
  readonly authenticationFailed?: boolean;
}

/** Runs the call; what it throws is told in words for the person who typed the command. */
async function explain<T>(options: ImapSourceOptions, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw toSourceError(error as ClientError, options);
  }
}

function toSourceError(
  error: ClientError,
  { host, port, user, implicitTls }: ImapSourceOptions,
): SourceError {
  const { code = '', responseStatus, responseText = '' } = error;
  const denied = (text: string) => new SourceError('denied', text, error);
  const said = responseText === '' ? '' : ` The server says: ${responseText}`;
  if (error.authenticationFailed === true)
    return denied(`${host} does not let ${user} in: check user and password.${said}`);
  if (isTlsFault(code))
    return denied(
      `The certificate of ${host}:${port} cannot be trusted (${code}): check the host name, or name its authority with --ca.`,
    );
  if (isOtherWay(error))
    return denied(
      `${host}:${port} does not speak TLS in this way: try it ${implicitTls ? 'with' : 'without'} --starttls, or another --port.`,
    );
  if (code === 'ENOTFOUND') return denied(`There is no host ${host}: check its name.`);
  if (code === 'ECONNREFUSED') return denied(`Nobody answers on ${host}:${port}: check host and port.`);
  if (responseStatus === 'NO' || responseStatus === 'BAD')
    return new SourceError('message', responseText || 'the server refuses', error);
  return new SourceError('lost', `The connection with ${host} broke off (${code || error.message}).`, error);
}

/** A server that waits for TLS says nothing; one that greets in the clear is no TLS. */
function isOtherWay({ code = '', message }: ClientError): boolean {
  return /STARTTLS/i.test(message) || code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'GREETING_TIMEOUT';
}

function isTlsFault(code: string): boolean {
  return /^(?:CERT_|UNABLE_TO_|DEPTH_ZERO|SELF_SIGNED|ERR_TLS_CERT|HOSTNAME_MISMATCH|INVALID_CA)/.test(code);
}
