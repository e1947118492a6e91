/**
 * smtp-server's session with the edges taken off (ADR 0015): its own parser, no joke commands, no promises it
 * does not keep, enhanced status on every reply that may have one, limits on what a client may waste.
 */
import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js';
import type { SmtpLimits } from './edge.ts';
import { readPathCommand } from './path-command.ts';
import { splitStatus, wrapReplyText } from './reply.ts';
import { converse, listSaslMechanisms } from './sasl-dialogue.ts';
import type { StrictServer } from './strict-server.ts';
import { StrictStream } from './strict-stream.ts';

type Done = () => void;

/** Commands that never carry a message on; a client that sends many of them wants something else. */
const EMPTY_COMMANDS = new Set(['HELO', 'EHLO', 'NOOP', 'RSET', 'VRFY', 'EXPN', 'HELP']);

const KNOWN_MAIL_PARAMETERS = new Set(['SIZE', 'BODY', 'AUTH']);

export class StrictConnection extends SMTPConnection {
  declare _server: StrictServer;
  #errors = 0;
  #emptyCommands = 0;
  #deadline: NodeJS.Timeout | undefined;
  /** Whose replies wait for each other. */
  #held: StrictConnection['_socket'] | undefined;

  get #limits(): SmtpLimits {
    return this._server.edge.limits;
  }

  /** True while a message is coming in or being decided on: an orderly stop waits for it. */
  get busy(): boolean {
    return this._handlerPending || Boolean(this._dataStream);
  }

  /** smtp-server greets after 100 ms; connections are counted by StrictServer already. */
  override init(): void {
    this._setListeners(() => this.connectionReady());
    this.#armDeadline(this.#limits.sessionMs);
  }

  /** The one place replies are written: enhanced status, ASCII, lines of bearable length (see reply.ts). */
  override send(code: number, data?: string | string[] | null, context?: string | false): void {
    if (code >= 400) this.#errors++;
    if (typeof data !== 'string') {
      super.send(code, data, context);
      return;
    }
    const { enhanced, text } = splitStatus(code, data);
    const lines = wrapReplyText(text).map((line) => (enhanced === undefined ? line : `${enhanced} ${line}`));
    super.send(code, lines.length > 1 ? lines : lines[0], enhanced === undefined ? context : false);
  }

  /** Also called by smtp-server's constructor, before this class has its private members. */
  override _createParser(): StrictStream {
    return new StrictStream(
      {
        command: (line, done) => this._onCommand(line, done),
        hold: () => this.#holdReplies(),
        letGo: () => this.#letRepliesGo(),
        lost: (code, text) => {
          this.send(code, text);
          this.close();
        },
      },
      this._server.edge.limits,
    );
  }

  /** One TLS record for several replies. Not in clear, where the socket may be wrapped by TLS in the midst of it. */
  #holdReplies(): void {
    if (!this.secure || this.#held !== undefined) return;
    this.#held = this._socket;
    this.#held.cork();
  }

  #letRepliesGo(): void {
    this.#held?.uncork();
    this.#held = undefined;
  }

  /** Limits before the command runs, so that each command has one reply (RFC 5321 §4.2). */
  override _onCommand(line: Buffer, done?: Done): void {
    const excess = this._nextHandler || this._upgrading ? undefined : this.#countCommand(line);
    if (excess === undefined) super._onCommand(line, done);
    else this.send(421, `4.7.0 ${excess}; come back later`);
  }

  /** What there is too much of, or undefined. */
  #countCommand(line: Buffer): string | undefined {
    const verb = line.toString('latin1').split(' ', 1)[0]?.toUpperCase() ?? '';
    if (EMPTY_COMMANDS.has(verb)) this.#emptyCommands++;
    if (verb === 'DATA') this.#emptyCommands = 0;
    if (this.#errors >= this.#limits.errors) return 'Too many errors';
    return this.#emptyCommands > this.#limits.emptyCommands
      ? 'Too many commands without a message'
      : undefined;
  }

  override _onClose(): void {
    clearTimeout(this.#deadline);
    if (this._parser instanceof StrictStream) this._parser.abandon();
    super._onClose();
  }

  override _parseAddressCommand(verb: string, line: Buffer | string) {
    const text = typeof line === 'string' ? line : line.toString('latin1');
    return readPathCommand(verb.toUpperCase(), text) ?? false;
  }

  /** RFC 5321 §4.1.1.11: parameters that were not offered are 555; smtp-server would overlook them. */
  override _validateMailParams(parsed: Parameters<SMTPConnection['_validateMailParams']>[0]) {
    const unknown = Object.keys(parsed.args || {}).find((name) => !KNOWN_MAIL_PARAMETERS.has(name));
    if (unknown === undefined) return super._validateMailParams(parsed);
    return { code: 555, message: `5.5.4 MAIL parameter ${unknown} is not supported`, enhancedCode: null };
  }

  /** Offers what is kept, no more. AUTH only under TLS, so that no client sends a password in clear (RFC 4954 §4). */
  override handler_EHLO(command: Buffer, done: Done): void {
    if (!this.#takeHello(command, done)) return;
    const { authMethods, size } = this._server.options;
    const offersAuth = this.secure && this._isSupported('AUTH') && !this.session.user;
    const lines = [this.name, 'PIPELINING', `SIZE ${size}`, '8BITMIME', 'ENHANCEDSTATUSCODES'];
    if (!this.secure && this._isSupported('STARTTLS')) lines.push('STARTTLS');
    if (offersAuth) lines.push(`AUTH ${[...this.#saslNames(), ...authMethods].join(' ')}`);
    super.send(250, lines, false);
    done();
  }

  /** Mechanisms that smtp-server lacks go their own way; refusals common to all are smtp-server's. */
  override handler_AUTH(command: Buffer, done: Done): void {
    const [, name = '', initial, more] = command.toString('latin1').trim().split(/\s+/);
    const { sasl } = this._server.edge;
    const mechanism = listSaslMechanisms(this, sasl).find((each) => each.name === name.toUpperCase());
    if (mechanism === undefined || sasl === undefined || more !== undefined || this.session.user)
      super.handler_AUTH(command, done);
    else void converse(this, { mechanism, initial, done }, sasl);
  }

  #saslNames(): string[] {
    return listSaslMechanisms(this, this._server.edge.sasl).map(({ name }) => name);
  }

  override handler_HELO(command: Buffer, done: Done): void {
    if (!this.#takeHello(command, done)) return;
    super.send(250, this.name, false);
    done();
  }

  /** RFC 5321 §3.5.3: 252 neither confirms nor denies. */
  override handler_VRFY(_command: Buffer, done: Done): void {
    this.send(252, '2.5.0 Not verified; send a message to find out');
    done();
  }

  override handler_HELP(_command: Buffer, done: Done): void {
    this.send(214, '2.0.0 Commands: EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP VRFY QUIT');
    done();
  }

  handler_EXPN(_command: Buffer, done: Done): void {
    this.send(502, '5.5.1 EXPN is not supported');
    done();
  }

  /** CHUNKING is not offered; who sends BDAT all the same sends content after it, which must not be run. */
  handler_BDAT(_command: Buffer, done: Done): void {
    this.send(503, '5.5.1 BDAT is not offered here; use DATA');
    this.close();
    done();
  }

  #takeHello(command: Buffer, done: Done): boolean {
    const [verb, name, more] = command.toString('latin1').trim().split(/\s+/);
    if (name === undefined || more !== undefined || !/^[\x21-\x7e]{1,255}$/.test(name)) {
      super.send(501, `Syntax: ${verb} host.name`, false);
      done();
      return false;
    }
    this.hostNameAppearsAs = name.toLowerCase();
    this._resetSession();
    return true;
  }

  /** No connection lives for ever; one that waits for us is let finish. */
  #armDeadline(ms: number): void {
    this.#deadline = setTimeout(() => {
      const deciding = Boolean(this._dataStream && this._parser && !this._parser._dataMode);
      if (this._handlerPending || deciding) this.#armDeadline(this.#limits.idleMs);
      else this.send(421, '4.4.2 This connection has lasted too long; connect again');
    }, ms);
    this.#deadline.unref();
  }
}
