/**
 * One TCP connection: bytes in and out, TLS, time limits, the loop of commands. Everything IMAP means is in
 * the session and the commands.
 */
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { InputEnded, LineEndless, LineTooLong } from '../edge/byte-input.ts';
import { ClientStream, HandshakeFailed, InjectedBeforeTls } from '../edge/client-stream.ts';
import type { LoginDesk } from '../edge/login-desk.ts';
import { OutputClosed } from '../edge/output.ts';
import type { Clock } from '../lib/time.ts';
import type { MailStore } from '../mailbox/mail-store.ts';
import type { ChannelBindings } from '../sasl/channel-binding.ts';
import { formatCapabilities } from './capabilities.ts';
import { dispatch } from './dispatch.ts';
import type { ImapLimits } from './limits.ts';
import type { ConnectionFacts, ImapLog } from './log.ts';
import { BrokenLiteral } from './message/fetch-writer.ts';
import { describeFailure, Farewell } from './refusal.ts';
import { tellAtRest } from './rest.ts';
import { type ImapAccounts, type ImapLogin, type Link, Session } from './session.ts';
import { type CommandSource, literalUnasked, readCommand, Unskippable } from './wire/command-reader.ts';
import { compressStream } from './wire/deflate.ts';

/** What a connection asks of the server it belongs to. */
export interface Host {
  readonly store: MailStore;
  readonly accounts: ImapAccounts;
  readonly desk: LoginDesk<ImapLogin>;
  readonly limits: ImapLimits;
  readonly log: ImapLog;
  readonly clock: Clock;
  readonly tls: () => SecureContext;
  claimMailbox(connection: Connection, mailboxId: number): boolean;
}

/** Lines the client sends outside of commands: SASL responses, DONE. */
const rawLineBytes = 12 * 1024;

export class Connection implements Link {
  readonly facts: ConnectionFacts;
  readonly #host: Host;
  readonly #stream: ClientStream;
  readonly #session: Session;
  #loginFailures = 0;
  #badCommands = 0;
  #commands = 0;
  /** Waiting for the client's next command or the end of IDLE: nothing is lost by saying goodbye. */
  #atRest = true;
  #endReason = 'the client went away';
  #unwatchLogin: (() => void) | undefined;

  constructor(socket: Socket, host: Host, facts: ConnectionFacts) {
    this.#host = host;
    this.facts = facts;
    this.#stream = new ClientStream(socket, literalUnasked);
    this.#stream.onFailure = (reason) => {
      this.#endReason = reason;
    };
    this.#session = new Session({ ...host, out: this.#stream.out, link: this });
  }

  get secure(): boolean {
    return this.#stream.tls !== undefined;
  }

  get compressed(): boolean {
    return this.#stream.filtered;
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
    if (this.#stream.handshaking) {
      this.#destroy(text);
      return;
    }
    this.#endReason = text;
    this.#session.status('*', 'BYE', { code, text });
    this.#stream.input.end();
    this.#stream.end();
  }

  #greet(): void {
    this.#session.status('*', 'OK', { code: formatCapabilities(this.#session), text: 'OpenPEC ready' });
    this.#stream.out.flush();
  }

  async #serveOne(): Promise<void> {
    this.#awaitCommand();
    const source: CommandSource = {
      input: this.#stream.input,
      limits: {
        commandBytes: this.#host.limits.commandBytes,
        skippedBytes: this.#host.limits.messageBytes,
      },
      invite: () => this.invite('Ready for the literal'),
    };
    try {
      await this.#awaitInput();
      this.#watchStall();
      const incoming = await readCommand(source);
      this.#commands++;
      this.#count(await dispatch(this.#session, incoming));
    } catch (error) {
      if (!(error instanceof LineTooLong)) throw error;
      this.#session.status('*', 'BAD', { text: error.message });
      this.#stream.out.flush();
      this.#count('BAD');
    }
  }

  /** Until the client sends something; news it asked for are told meanwhile. */
  async #awaitInput(): Promise<void> {
    const rest = tellAtRest(this.#session);
    const ready = this.#stream.input.ready();
    if (rest === undefined) return ready;
    try {
      await Promise.race([ready, rest.failure]);
    } finally {
      await rest.end();
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
    this.#stream.watchStall(this.#host.limits.stallMs, () => this.#destroy('the client stalled'));
  }

  #limitTime(ms: number, text: string): void {
    this.#stream.plan(ms, () => this.#bye(text));
  }

  async invite(text: string): Promise<void> {
    this.#stream.out.line(`+ ${text}`);
    await this.#stream.out.drained();
  }

  async line(): Promise<string> {
    if (this.#session.user !== undefined) this.#awaitCommand();
    try {
      return await this.#stream.input.line(rawLineBytes);
    } finally {
      this.#watchStall();
    }
  }

  claimMailbox(mailboxId: number): boolean {
    return this.#host.claimMailbox(this, mailboxId);
  }

  watchLogin(login: ImapLogin): void {
    this.#unwatchLogin = this.#host.accounts.watchLogin?.(login, () => this.#revoke());
  }

  /** At once: in the middle of a command nothing can be said that would be understood. */
  #revoke(): void {
    const text = 'The password, the login or its rights were changed or taken back; log in again';
    if (this.#atRest) this.#bye(text, 'EXPIRED');
    else this.#destroy(text);
  }

  get channel(): ChannelBindings | undefined {
    return this.#stream.channel;
  }

  async punish(delay: number): Promise<void> {
    await new Promise<void>((resolve) => {
      setTimeout(resolve, delay).unref();
    });
    this.#loginFailures++;
    if (this.#loginFailures >= this.#host.limits.loginFailures) {
      throw new Farewell('Too many wrong passwords; check name and password', 'AUTHENTICATIONFAILED');
    }
  }

  /** @throws {Farewell} when the client sent something on before TLS. */
  async startTls(): Promise<void> {
    try {
      await this.#stream.startTls({ context: this.#host.tls(), protocol: 'imap' });
    } catch (error) {
      if (error instanceof InjectedBeforeTls)
        throw new Farewell('Nothing may follow STARTTLS before TLS is on');
      if (!(error instanceof HandshakeFailed)) throw error;
      this.#host.log.tlsFailed({ ...this.facts, reason: error.message });
      throw new InputEnded();
    }
  }

  compress(): Promise<void> {
    return this.#stream.filter(compressStream);
  }

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
    this.#stream.destroy();
  }

  #finish(): void {
    this.#unwatchLogin?.();
    this.#session.logOut();
    this.#stream.finish();
    this.#host.log.closed({
      ...this.facts,
      login: this.#session.user?.name,
      reason: this.#endReason,
      commands: this.#commands,
      bytesOut: this.#stream.out.written,
    });
  }
}
