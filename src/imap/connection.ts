/**
 * One TCP connection: bytes in and out, TLS, time limits, the loop of commands. Everything IMAP means is in
 * the session and the commands.
 */
import type { Socket } from 'node:net';
import type { Duplex, Writable } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Clock } from '../lib/time.ts';
import type { MailStore } from '../mailbox/mail-store.ts';
import { formatCapabilities } from './capabilities.ts';
import { dispatch } from './dispatch.ts';
import type { ImapLimits } from './limits.ts';
import type { ConnectionFacts, ImapLog } from './log.ts';
import { BrokenLiteral } from './message/fetch-writer.ts';
import { describeFailure, Farewell } from './refusal.ts';
import { type ImapAccounts, type Link, Session } from './session.ts';
import { ByteInput, InputEnded, LineEndless, LineTooLong } from './wire/byte-input.ts';
import { type CommandSource, readCommand, Unskippable } from './wire/command-reader.ts';
import { compressStream } from './wire/deflate.ts';
import { Output, OutputClosed } from './wire/output.ts';

/** What a connection asks of the server it belongs to. */
export interface Host {
  readonly store: MailStore;
  readonly accounts: ImapAccounts;
  readonly limits: ImapLimits;
  readonly log: ImapLog;
  readonly clock: Clock;
  readonly tls: () => SecureContext;
  claimMailbox(connection: Connection, mailboxId: number): boolean;
  /** Milliseconds to wait before the answer to a wrong password. */
  noteLoginFailure(address: string): number;
}

/** Lines the client sends outside of commands: SASL responses, DONE. */
const rawLineBytes = 12 * 1024;

export class Connection implements Link {
  readonly facts: ConnectionFacts;
  readonly #host: Host;
  readonly #input = new ByteInput();
  readonly #out: Output;
  readonly #session: Session;
  #stream: Duplex;
  #secure = false;
  #handshaking = false;
  #compressor: Writable | undefined;
  #timer: NodeJS.Timeout | undefined;
  #loginFailures = 0;
  #badCommands = 0;
  #commands = 0;
  /** Waiting for the client's next command or the end of IDLE: nothing is lost by saying goodbye. */
  #atRest = true;
  #endReason = 'the client went away';

  constructor(socket: Socket, host: Host, facts: ConnectionFacts) {
    this.#host = host;
    this.facts = facts;
    this.#stream = socket;
    this.#out = new Output(socket);
    this.#session = new Session({ ...host, out: this.#out, link: this });
    this.#attach(socket);
  }

  get secure(): boolean {
    return this.#secure;
  }

  get compressed(): boolean {
    return this.#compressor !== undefined;
  }

  /** Serves the client to its end. Never rejects. */
  async run(implicitTls: boolean): Promise<void> {
    this.#host.log.connected({ ...this.facts, implicitTls });
    try {
      this.#limitTime(this.#host.limits.loginMs, 'No login in time');
      if (implicitTls) await this.startTls();
      this.#greet();
      while (this.#session.state !== 'logged-out') await this.#serveOne();
      this.#endReason = 'logged out';
    } catch (error) {
      this.#sayWhy(error);
    } finally {
      this.#finish();
    }
  }

  /** Ends the connection with BYE: at once if it is at rest, else after `graceMs` at the latest. */
  shutDown(graceMs: number): void {
    const text = 'The server is shutting down; connect again in a moment';
    if (this.#atRest) this.#bye(text);
    else setTimeout(() => this.#bye(text), graceMs).unref();
  }

  /** Ends the connection with BYE. */
  #bye(text: string, code?: string): void {
    if (this.#stream.destroyed) return;
    // A client in the middle of a TLS handshake could not read it.
    if (this.#handshaking) {
      this.#destroy(text);
      return;
    }
    this.#endReason = text;
    this.#session.status('*', 'BYE', { code, text });
    this.#out.flush();
    this.#input.end();
    this.#endOutput();
  }

  #endOutput(): void {
    // The compressor ends the stream behind it when its last bytes are out.
    (this.#compressor ?? this.#stream).end();
  }

  #greet(): void {
    this.#session.status('*', 'OK', { code: formatCapabilities(this.#session), text: 'OpenPEC ready' });
    this.#out.flush();
  }

  async #serveOne(): Promise<void> {
    this.#awaitCommand();
    const source: CommandSource = {
      input: this.#input,
      limits: {
        commandBytes: this.#host.limits.commandBytes,
        skippedBytes: this.#host.limits.messageBytes,
      },
      invite: () => this.invite('Ready for the literal'),
    };
    try {
      await this.#input.ready();
      this.#watchStall();
      const incoming = await readCommand(source);
      this.#commands++;
      this.#count(await dispatch(this.#session, incoming));
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error;
      this.#session.status('*', 'BAD', { text: error.message });
      this.#out.flush();
      this.#count('BAD');
    }
  }

  /** Someone who sends one bad command after the other is no mail program (or speaks HTTP). */
  #count(outcome: 'OK' | 'NO' | 'BAD'): void {
    this.#badCommands = outcome === 'BAD' ? this.#badCommands + 1 : 0;
    if (this.#badCommands >= this.#host.limits.badCommands) {
      throw new Farewell('Too many commands that are none');
    }
  }

  #awaitCommand(): void {
    this.#atRest = true;
    if (this.#session.user === undefined) return;
    this.#limitTime(this.#host.limits.autologoutMs, 'Autologout after inactivity');
  }

  /** In the middle of a command the client must keep reading and sending. */
  #watchStall(): void {
    this.#atRest = false;
    if (this.#session.user === undefined) return;
    const { stallMs } = this.#host.limits;
    let seen = -1;
    const look = () => {
      const moved = this.#out.taken + this.#input.received;
      const waits = this.#out.full || this.#input.awaited;
      if (waits && moved === seen) this.#destroy('the client stalled');
      else this.#setTimer(stallMs, look);
      seen = moved;
    };
    this.#setTimer(stallMs, look);
  }

  #limitTime(ms: number, text: string): void {
    this.#setTimer(ms, () => this.#bye(text));
  }

  #setTimer(ms: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, ms).unref();
  }

  async invite(text: string): Promise<void> {
    this.#out.line(`+ ${text}`);
    await this.#out.drained();
  }

  async line(): Promise<string> {
    if (this.#session.user !== undefined) this.#awaitCommand();
    try {
      return await this.#input.line(rawLineBytes);
    } finally {
      this.#watchStall();
    }
  }

  claimMailbox(mailboxId: number): boolean {
    return this.#host.claimMailbox(this, mailboxId);
  }

  async punish(): Promise<void> {
    const delay = this.#host.noteLoginFailure(this.facts.address);
    await new Promise<void>((resolve) => {
      setTimeout(resolve, delay).unref();
    });
    this.#loginFailures++;
    if (this.#loginFailures >= this.#host.limits.loginFailures) {
      throw new Farewell('Too many wrong passwords; check name and password', 'AUTHENTICATIONFAILED');
    }
  }

  /**
   * @throws {Farewell} when the client sent something on before TLS: it would be taken for protected
   *   (STARTTLS injection).
   */
  async startTls(): Promise<void> {
    const plain = this.#stream as Socket;
    if (this.#input.size > 0) throw new Farewell('Nothing may follow STARTTLS before TLS is on');
    this.#detach(plain);
    const secure = new TLSSocket(plain, {
      isServer: true,
      secureContext: this.#host.tls(),
      ALPNProtocols: ['imap'],
    });
    this.#stream = secure;
    this.#handshaking = true;
    try {
      await handshake(secure);
    } catch (error) {
      this.#host.log.tlsFailed({ ...this.facts, reason: String((error as Error).message) });
      throw new InputEnded();
    } finally {
      this.#handshaking = false;
    }
    this.#secure = true;
    this.#attach(secure);
    this.#out.redirect(secure);
  }

  async compress(): Promise<void> {
    await this.#out.drained();
    const stream = this.#stream;
    this.#detach(stream);
    const { input, output } = compressStream(stream, this.#input.takeAll());
    this.#compressor = output;
    input.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError);
    stream.on('close', this.#onEnd);
    output.on('error', this.#onError);
    this.#input.follow(input);
    this.#out.redirect(output);
  }

  #attach(stream: Duplex): void {
    stream
      .on('data', this.#onData)
      .on('end', this.#onEnd)
      .on('close', this.#onEnd)
      .on('error', this.#onError);
    this.#input.follow(stream);
  }

  #detach(stream: Duplex): void {
    stream.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd);
    this.#input.follow(undefined);
  }

  readonly #onData = (chunk: Uint8Array) => this.#input.push(chunk);
  readonly #onEnd = () => this.#input.end();
  readonly #onError = (error: Error) => {
    this.#endReason = error.message;
    this.#input.end();
  };

  #sayWhy(error: unknown): void {
    if (error instanceof InputEnded || error instanceof OutputClosed) return;
    if (error instanceof Farewell || error instanceof Unskippable || error instanceof LineEndless) {
      this.#bye(error.message, error instanceof Farewell ? error.code : undefined);
      return;
    }
    const { bug = '', text } = describeFailure(error);
    this.#host.log.bug({ ...this.facts, id: bug, command: 'connection', error });
    if (error instanceof BrokenLiteral) this.#destroy('a stored message could not be read');
    else this.#bye(text);
  }

  #destroy(reason: string): void {
    this.#endReason = reason;
    this.#input.end();
    this.#stream.destroy();
  }

  #finish(): void {
    clearTimeout(this.#timer);
    this.#session.logOut();
    this.#out.flush();
    this.#endOutput();
    // A client that does not close its side must not keep the connection.
    setTimeout(() => this.#stream.destroy(), 5_000).unref();
    this.#host.log.closed({
      ...this.facts,
      login: this.#session.user?.name,
      reason: this.#endReason,
      commands: this.#commands,
      bytesOut: this.#out.written,
    });
  }
}

/** Resolves when TLS is on. */
function handshake(secure: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error?: Error) => reject(error ?? new Error('closed during the handshake'));
    // The listener for errors stays: one that comes late must not count as unhandled.
    secure.on('error', fail).once('close', fail);
    secure.once('secure', () => {
      secure.off('close', fail);
      resolve();
    });
  });
}
