/**
 * One SMTP session with another server, over nodemailer's SMTPConnection: open (connect, greeting, STARTTLS),
 * transactions one after the other, end. The dialogue is recorded command by command, so that every recipient
 * gets the reply that was meant for it, and a break says where it came: before the message was handed over, or
 * after it, when nobody can know whether it was taken.
 */
import net from 'node:net';
import { Readable } from 'node:stream';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { ContentError, checkedContent } from './checked-content.ts';
import { DialogueRecord } from './dialogue-record.ts';
import { failureOf, isPositive, readOffers, readReply, type Verdict } from './replies.ts';
import { Watchdog } from './watchdog.ts';

export type TlsUse = 'required' | 'if-offered' | 'never';

export interface PeerTimeouts {
  /** For the TCP connection, milliseconds, like all here. */
  readonly connectMs: number;
  /** For greeting, EHLO and TLS together. */
  readonly greetingMs: number;
  /** For the reply to MAIL, RCPT, DATA. */
  readonly commandMs: number;
  /** For progress while the message is sent. */
  readonly dataMs: number;
  /** For the reply to the final dot (RFC 5321 §4.5.3.2.6 asks for 10 minutes). */
  readonly finalMs: number;
}

export interface PeerAddress {
  /** Name that TLS verifies, or IP address. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

export interface PeerOptions {
  /** Our name, for EHLO. */
  readonly hostname: string;
  readonly tls: TlsUse;
  /** PEM certificates trusted for `required`; undefined: those of Node.js. */
  readonly ca: readonly string[] | undefined;
  readonly localAddress: string | undefined;
  readonly timeouts: PeerTimeouts;
}

export interface PeerMessage {
  readonly reversePath: string;
  /** Each once. */
  readonly recipients: readonly string[];
  readonly size: number;
  readonly eightBit: boolean;
  readonly content: AsyncIterable<Uint8Array>;
}

/** The session could not be opened. `stage` says whether another host, or a session without TLS, may help. */
export class PeerOpenError extends Error {
  readonly stage: 'connect' | 'greeting' | 'tls';
  readonly verdict: Verdict;

  constructor(stage: PeerOpenError['stage'], verdict: Verdict, cause: unknown) {
    super(verdict.text, { cause });
    this.name = 'PeerOpenError';
    this.stage = stage;
    this.verdict = verdict;
  }
}

export interface PeerOutcome {
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** True when the session broke before the peer had said anything to this message: nothing was handed over. */
  readonly untouched: boolean;
}

/** Opens a session. @throws {PeerOpenError} and nothing else */
export async function openPeer(target: PeerAddress, options: PeerOptions): Promise<Peer> {
  const socket = await connectSocket(target, options);
  const record = new DialogueRecord();
  const connection = new SMTPConnection({
    connection: socket,
    host: target.host,
    port: target.port,
    name: options.hostname,
    logger: record,
    transactionLog: true,
    connectionTimeout: options.timeouts.greetingMs,
    greetingTimeout: options.timeouts.greetingMs,
    // Only a last resort: the Watchdog below knows better what is being waited for.
    socketTimeout: 2 * options.timeouts.finalMs,
    socketCloseTimeout: 2000,
    ...tlsOptions(options),
  });
  const failed = new Promise<never>((_resolve, reject) => {
    connection.on('error', reject);
    connection.on('end', () => reject(new Error('connection closed')));
  });
  failed.catch(() => undefined); // Errors later on are seen by whoever uses the peer then.
  const opened = new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error ? reject(error) : resolve()));
  });
  try {
    await Promise.race([opened, failed]);
  } catch (error) {
    connection.close();
    throw openFailure(error as NodemailerFailure, record);
  }
  return new Peer(connection, record, target, options);
}

function connectSocket(target: PeerAddress, options: PeerOptions): Promise<net.Socket> {
  const local = options.localAddress === undefined ? {} : { localAddress: options.localAddress };
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: target.address, port: target.port, ...local });
    const fail = (error: Error) => {
      socket.destroy();
      const text = `No connection to ${target.host} (${target.address}): ${error.message}`;
      reject(new PeerOpenError('connect', failureOf('temporary', '4.4.1', text), error));
    };
    const timer = setTimeout(() => fail(new Error('timed out')), options.timeouts.connectMs);
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      resolve(socket);
    });
    socket.once('close', () => clearTimeout(timer));
  });
}

function tlsOptions(options: PeerOptions): object {
  if (options.tls === 'never') return { ignoreTLS: true };
  // Without a verified name encryption still keeps passive listeners out: better than clear text (RFC 7435).
  if (options.tls === 'if-offered')
    return { opportunisticTLS: true, tls: { rejectUnauthorized: false, minVersion: 'TLSv1.2' } };
  const ca = options.ca === undefined ? {} : { ca: [...options.ca] };
  return { requireTLS: true, tls: { rejectUnauthorized: true, minVersion: 'TLSv1.2', ...ca } };
}

type NodemailerFailure = Error & { code?: string; response?: string };

function openFailure(error: NodemailerFailure, record: DialogueRecord): PeerOpenError {
  if (error.code === 'ETLS' || record.startedTls) {
    const text = `TLS with the peer failed: ${error.message}`;
    const enhanced = error.response === undefined ? '4.7.5' : '4.7.4';
    return new PeerOpenError('tls', failureOf('temporary', enhanced, text), error);
  }
  if (error.response !== undefined) {
    // RFC 5321 §3.1: a greeting of 554 refuses the session, not the message; another host may take it.
    const verdict = readReply(error.response, 'SESSION');
    const enhanced = verdict.enhanced.replace(/^5/, '4');
    return new PeerOpenError('greeting', { ...verdict, outcome: 'temporary', enhanced }, error);
  }
  const text = `The peer did not begin the session: ${error.message}`;
  return new PeerOpenError('greeting', failureOf('temporary', '4.4.2', text), error);
}

/** An open session; one transaction at a time. */
export class Peer {
  readonly server: string;
  readonly #connection: SMTPConnection;
  readonly #record: DialogueRecord;
  readonly #timeouts: PeerTimeouts;
  readonly #offers: ReadonlyMap<string, string>;
  #messages = 0;
  #broken = false;
  /** Ends the wait of the transaction under way: nodemailer forgets it when its connection is closed by us. */
  #abandon: (reason: Error) => void = () => undefined;

  constructor(connection: SMTPConnection, record: DialogueRecord, target: PeerAddress, options: PeerOptions) {
    this.#connection = connection;
    this.#record = record;
    this.#timeouts = options.timeouts;
    this.#offers = readOffers(record.hello);
    this.server = target.host === target.address ? target.host : `${target.host} (${target.address})`;
    connection.on('end', () => {
      this.#broken = true;
    });
  }

  /** Transactions begun. */
  get messages(): number {
    return this.#messages;
  }

  /** False once another transaction cannot be begun. */
  get usable(): boolean {
    return !this.#broken && !this.#connection.destroyed;
  }

  get secure(): boolean {
    return this.#connection.secure;
  }

  /** One transaction, cut off when `signal` aborts. Never rejects: what happens is a verdict on each recipient. */
  async send(message: PeerMessage, signal: AbortSignal): Promise<PeerOutcome> {
    const impossible = signal.aborted ? NO_TIME_LEFT : this.#checkOffers(message);
    if (impossible !== undefined)
      return { verdicts: forAll(message.recipients, impossible), untouched: false };
    this.#messages++;
    this.#record.begin();
    const cut = () => this.destroy(new Error('timed out: the delivery as a whole took too long'));
    signal.addEventListener('abort', cut, { once: true });
    const failure = await this.#transact(message);
    signal.removeEventListener('abort', cut);
    const outcome = this.#judge(message.recipients, failure);
    // In the middle of a message only the end of the connection says that it does not go on.
    if (!this.#record.settled) this.destroy();
    else if (this.usable && !isPositive(this.#record.final)) await this.#reset();
    return outcome;
  }

  /** Says QUIT and closes; resolves at once. */
  quit(): void {
    if (!this.usable) return;
    this.#broken = true;
    this.#connection.quit();
    setTimeout(() => this.destroy(), 5000).unref();
  }

  /** Cuts the connection; a transaction under way ends with `reason`. */
  destroy(reason = new Error('the session was cut')): void {
    this.#broken = true;
    this.#abandon(reason);
    this.#connection.close();
  }

  /** What cannot be asked of this peer at all. */
  #checkOffers(message: PeerMessage): Verdict | undefined {
    // RFC 6152 §3: without 8BITMIME there must be no byte above 127, and a signed message cannot be converted.
    if (message.eightBit && !this.#offers.has('8BITMIME')) {
      const text =
        'The message holds 8-bit text and the peer takes 7-bit only (no 8BITMIME); it is signed and cannot be converted';
      return failureOf('permanent', '5.6.3', text);
    }
    const limit = Number(this.#offers.get('SIZE') ?? 0);
    if (limit > 0 && message.size > limit)
      return failureOf(
        'permanent',
        '5.3.4',
        `The message has ${message.size} bytes; the peer takes ${limit} at most`,
      );
    return undefined;
  }

  /** Resolves with what went wrong beside the replies, or undefined. */
  #transact(message: PeerMessage): Promise<Error | undefined> {
    const envelope = {
      from: message.reversePath,
      to: [...message.recipients],
      size: message.size,
      use8BitMime: message.eightBit,
    };
    return new Promise((resolve) => {
      const watch = new Watchdog((error) => this.destroy(error));
      this.#abandon = (reason) => {
        watch.stop();
        resolve(reason);
      };
      watch.wait(this.#timeouts.commandMs, 'no reply from the peer');
      const progress = () => watch.wait(this.#timeouts.dataMs, 'the peer takes no more data');
      const body = Readable.from(checkedContent(message, progress), { objectMode: false });
      this.#record.onReply = () => watch.wait(this.#timeouts.commandMs, 'no reply from the peer');
      this.#record.onContentSent = () => watch.wait(this.#timeouts.finalMs, 'no reply to the message');
      this.#connection.send(envelope, body, (error) => {
        watch.stop();
        resolve(error ?? undefined);
      });
    });
  }

  #judge(recipients: readonly string[], failure: Error | undefined): PeerOutcome {
    const { mail, data, final } = this.#record;
    const verdicts = new Map<string, Verdict>();
    const lost = lostVerdict(failure, this.#record);
    for (const recipient of recipients) {
      const rcpt = this.#record.recipients.get(recipient);
      if (mail !== undefined && !isPositive(mail)) verdicts.set(recipient, readReply(mail, 'MAIL'));
      else if (rcpt !== undefined && !isPositive(rcpt)) verdicts.set(recipient, readReply(rcpt, 'RCPT'));
      else if (rcpt === undefined) verdicts.set(recipient, lost);
      else if (final !== undefined) verdicts.set(recipient, readReply(final, 'DATA'));
      else if (data !== undefined && !/^[23]/.test(data)) verdicts.set(recipient, readReply(data, 'DATA'));
      else verdicts.set(recipient, lost);
    }
    // A 421 to MAIL is how a peer ends a session that was idle for too long.
    const unheard = mail === undefined || mail.startsWith('421');
    const untouched = failure !== undefined && unheard && !(failure instanceof ContentError);
    return { verdicts, untouched };
  }

  /** RFC 5321 §4.1.1.5: what is left of a refused transaction must not meet the next one. */
  #reset(): Promise<void> {
    return new Promise((resolve) => {
      const watch = new Watchdog(() => {
        this.destroy();
        resolve();
      });
      watch.wait(this.#timeouts.commandMs, 'no reply to RSET');
      this.#connection.once('end', resolve);
      this.#connection.reset((error) => {
        watch.stop();
        this.#connection.off('end', resolve);
        if (error) this.destroy();
        resolve();
      });
    });
  }
}

const NO_TIME_LEFT = failureOf('temporary', '4.4.7', 'No time was left for this delivery');

function forAll(recipients: readonly string[], verdict: Verdict): ReadonlyMap<string, Verdict> {
  return new Map(recipients.map((recipient) => [recipient, verdict]));
}

/** No reply decided: the session broke, or the content could not be sent. */
function lostVerdict(failure: Error | undefined, { contentSent, closing }: DialogueRecord): Verdict {
  if (failure instanceof ContentError) return failure.verdict;
  // RFC 5321 §3.8: 421 answers whatever is still open.
  if (closing !== undefined && !contentSent) return readReply(closing, 'SESSION');
  const reason = failure?.message ?? 'no reply';
  if (contentSent)
    return failureOf(
      'temporary',
      '4.4.2',
      `Connection lost after the message was sent; it is not known whether it was taken: ${reason}`,
    );
  return failureOf('temporary', '4.4.2', `Connection lost before the message was handed over: ${reason}`);
}
