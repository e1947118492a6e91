/**
 * One TCP connection: bytes in and out, TLS, time limits, the loop of commands. Everything POP3 means is in the
 * session and the commands. However it ends, the maildrop is let go of at once.
 */
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { InputEnded, LineEndless, LineTooLong } from '../edge/byte-input.ts';
import { ClientStream, HandshakeFailed, InjectedBeforeTls } from '../edge/client-stream.ts';
import type { LoginDesk } from '../edge/login-desk.ts';
import { OutputClosed } from '../edge/output.ts';
import type { Maildrops } from '../mailbox/maildrop.ts';
import type { ChannelBindings } from '../sasl/channel-binding.ts';
import { answerFailure, dispatch, type Outcome } from './dispatch.ts';
import type { Pop3Limits } from './limits.ts';
import type { ConnectionFacts, Pop3Log } from './log.ts';
import { BrokenAnswer, describeFailure, Farewell } from './refusal.ts';
import { type Link, type Pop3Accounts, type Pop3Login, Session } from './session.ts';

/** What a connection asks of the server it belongs to. */
export interface Host {
  readonly maildrops: Maildrops;
  readonly accounts: Pop3Accounts;
  readonly desk: LoginDesk<Pop3Login>;
  readonly limits: Pop3Limits;
  readonly log: Pop3Log;
  readonly tls: () => SecureContext;
}

/** SASL responses may be longer than commands (RFC 5034 §4). */
const saslLineBytes = 12 * 1024;

export class Connection implements Link {
  readonly facts: ConnectionFacts;
  readonly #host: Host;
  readonly #stream: ClientStream;
  readonly #session: Session;
  #badCommands = 0;
  #commands = 0;
  #loginFailures = 0;
  /** Waiting for the client's next command: nothing is lost by closing. */
  #atRest = true;
  #endReason = 'the client went away';
  #unwatch: (() => void) | undefined;

  constructor(socket: Socket, host: Host, facts: ConnectionFacts) {
    this.#host = host;
    this.facts = facts;
    this.#stream = new ClientStream(socket);
    this.#stream.onFailure = (reason) => {
      this.#endReason = reason;
    };
    this.#session = new Session({ ...host, out: this.#stream.out, link: this });
  }

  get secure(): boolean {
    return this.#stream.tls !== undefined;
  }

  get channel(): ChannelBindings | undefined {
    return this.#stream.channel;
  }

  /** Serves the client to its end. Never rejects. */
  async run(implicitTls: boolean): Promise<void> {
    this.#host.log.connected({ ...this.facts, implicitTls });
    try {
      this.#stream.plan(this.#host.limits.loginMs, () => this.#destroy('no login in time'));
      if (implicitTls) await this.startTls();
      this.#session.ok('OpenPEC POP3 ready');
      while (this.#session.state !== 'over') await this.#serveOne();
      this.#endReason = 'quit';
    } catch (error) {
      this.#sayWhy(error);
    } finally {
      await this.#finish();
    }
  }

  /** Ends the connection: at once if it is at rest, else after `graceMs` at the latest. */
  shutDown(graceMs: number): void {
    const reason = 'the server is shutting down';
    if (this.#atRest) this.#destroy(reason);
    else setTimeout(() => this.#destroy(reason), graceMs).unref();
  }

  async #serveOne(): Promise<void> {
    const { input, out } = this.#stream;
    // Answers to pipelined commands (RFC 2449 §6.6) leave together.
    if (input.size === 0 || out.full) await out.drained();
    this.#awaitClient();
    await input.ready();
    this.#atRest = false;
    this.#watchStall();
    try {
      const line = await input.line(this.#host.limits.lineBytes);
      this.#commands += 1;
      this.#count(await dispatch(this.#session, line));
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error;
      this.#count(answerFailure(this.#session, '', error));
    }
  }

  /** Someone who sends one bad command after the other is no mail program (or speaks HTTP). */
  #count(outcome: Outcome): void {
    this.#badCommands = outcome === 'bad' ? this.#badCommands + 1 : 0;
    if (this.#badCommands < this.#host.limits.badCommands) return;
    throw new Farewell(undefined, { en: 'Too many bad commands', it: 'Troppi comandi errati' });
  }

  /** RFC 1939 §3: at the end of patience the connection is closed without a word, and nothing is removed. */
  #awaitClient(): void {
    this.#atRest = true;
    if (this.#session.user === undefined) return;
    this.#stream.plan(this.#host.limits.autologoutMs, () => this.#destroy('autologout after inactivity'));
  }

  /** In the middle of an answer the client must keep reading. */
  #watchStall(): void {
    if (this.#session.user === undefined) return;
    this.#stream.watchStall(this.#host.limits.stallMs, () => this.#destroy('the client stalled'));
  }

  async converse(text: string): Promise<string> {
    this.#stream.out.line(`+ ${text}`);
    await this.#stream.out.drained();
    return this.#stream.input.line(saslLineBytes);
  }

  async startTls(): Promise<void> {
    this.#stream.out.flush();
    try {
      await this.#stream.startTls({ context: this.#host.tls(), protocol: 'pop3' });
    } catch (error) {
      if (error instanceof InjectedBeforeTls) throw injected();
      if (!(error instanceof HandshakeFailed)) throw error;
      this.#host.log.tlsFailed({ ...this.facts, reason: error.message });
      throw new InputEnded();
    }
  }

  watchLogin(login: Pop3Login): void {
    this.#unwatch = this.#host.accounts.watchLogin?.(login, () => this.#destroy('the login was taken back'));
  }

  async punish(delayMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, delayMs).unref();
    });
    this.#loginFailures += 1;
    if (this.#loginFailures < this.#host.limits.loginFailures) return;
    throw new Farewell('AUTH', {
      en: 'Too many wrong passwords; check name and password',
      it: 'Troppe password errate; verificare nome e password',
    });
  }

  #sayWhy(error: unknown): void {
    if (error instanceof InputEnded || error instanceof OutputClosed) return;
    const broken = error instanceof BrokenAnswer;
    const failure = describeFailure(broken ? error.cause : error);
    this.#endReason = failure.text.en;
    const expected = error instanceof LineEndless || error instanceof Farewell;
    if (!expected) {
      const { bug: id = 'broken' } = failure;
      this.#host.log.bug({ ...this.facts, id, command: 'connection', error: broken ? error.cause : error });
    }
    // In the middle of a message -ERR would be taken for a part of it.
    if (broken) this.#destroy('a stored message could not be read');
    else if (error instanceof LineEndless)
      this.#session.error(undefined, { en: error.message, it: error.message });
    else this.#session.error(failure.code, failure.text);
  }

  #destroy(reason: string): void {
    this.#endReason = reason;
    this.#stream.destroy();
  }

  async #finish(): Promise<void> {
    this.#unwatch?.();
    this.#stream.finish();
    await this.#session.abandon();
    this.#host.log.closed({
      ...this.facts,
      login: this.#session.user?.name,
      reason: this.#endReason,
      commands: this.#commands,
      retrieved: this.#session.retrieved.size,
      bytesOut: this.#stream.out.written,
    });
  }
}

function injected(): Farewell {
  return new Farewell(undefined, {
    en: 'Nothing may follow STLS before TLS is on',
    it: 'Nulla può seguire STLS prima che TLS sia attivo',
  });
}
