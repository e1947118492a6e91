/**
 * One client's session: its state by RFC 1939 §3, its maildrop and what is marked in it. Commands work on this; the
 * connection underneath is seen only through {@link Link}.
 */
import type { ProvedBy } from '../edge/credential.ts';
import type { DeskAccounts, LoginDesk } from '../edge/login-desk.ts';
import type { Output } from '../edge/output.ts';
import type { Maildrop, MaildropMessage, Maildrops } from '../mailbox/maildrop.ts';
import type { ChannelBindings } from '../sasl/channel-binding.ts';
import type { Language, Text } from './language.ts';
import type { Pop3Limits } from './limits.ts';
import type { ConnectionFacts, Pop3Log } from './log.ts';
import { BadCommand, Refusal, type ResponseCode } from './refusal.ts';
import { parseCount } from './wire/command-line.ts';

export type SessionState = 'authorization' | 'transaction' | 'over';

/** Who is logged in; a part of what the accounts room gives. */
export interface Pop3Login extends ProvedBy {
  readonly name: string;
  readonly mailboxId: number;
  readonly rights: { readonly read: boolean; readonly write: boolean };
  /** Capabilities not to be offered to this login, for clients that trip on them. */
  readonly withoutCapabilities?: readonly string[];
}

export interface Pop3Accounts extends DeskAccounts<Pop3Login> {
  /** Calls `end` once when the login is taken back; returns how to stop. */
  watchLogin?(login: Pop3Login, end: () => void): () => void;
}

/** What a session may ask of its connection. */
export interface Link {
  readonly facts: ConnectionFacts;
  readonly secure: boolean;
  /** What a login can be bound to; undefined without TLS. */
  readonly channel: ChannelBindings | undefined;
  /** Sends a SASL challenge, `text` in base64, and waits for the next raw line of the client. */
  converse(text: string): Promise<string>;
  startTls(): Promise<void>;
  /** Ends the session when the login is taken back. */
  watchLogin(login: Pop3Login): void;
  /** Waits so many milliseconds before a failed login is answered. @throws {Farewell} after too many. */
  punish(delayMs: number): Promise<void>;
}

export interface SessionParts {
  readonly maildrops: Maildrops;
  readonly desk: LoginDesk<Pop3Login>;
  readonly out: Output;
  readonly link: Link;
  readonly limits: Pop3Limits;
  readonly log: Pop3Log;
}

interface Opened {
  readonly login: Pop3Login;
  readonly maildrop: Maildrop;
  /** Of all messages together. */
  readonly octets: number;
}

export class Session {
  readonly maildrops: Maildrops;
  readonly desk: LoginDesk<Pop3Login>;
  readonly out: Output;
  readonly link: Link;
  readonly log: Pop3Log;
  /** Name of USER, for the PASS that must follow. */
  claimedName: string | undefined;
  /** Undefined until LANG: English in ASCII. */
  language: Language | undefined;
  /** Numbers of messages marked by DELE. */
  readonly deleted = new Set<number>();
  /** Numbers of messages sent whole. */
  readonly retrieved = new Set<number>();
  #opened: Opened | undefined;
  #over = false;

  constructor(parts: SessionParts) {
    this.maildrops = parts.maildrops;
    this.desk = parts.desk;
    this.out = parts.out;
    this.link = parts.link;
    this.log = parts.log;
  }

  get state(): SessionState {
    if (this.#over) return 'over';
    return this.#opened === undefined ? 'authorization' : 'transaction';
  }

  /** The login, or undefined before one. */
  get user(): Pop3Login | undefined {
    return this.#opened?.login;
  }

  /** @throws {BadCommand} never in the transaction state. */
  get maildrop(): Maildrop {
    if (this.#opened === undefined) throw new BadCommand({ en: 'Log in first', it: "Prima serve l'accesso" });
    return this.#opened.maildrop;
  }

  enter(login: Pop3Login, maildrop: Maildrop): void {
    const octets = maildrop.messages.reduce((sum, message) => sum + message.octets, 0);
    this.#opened = { login, maildrop, octets };
    this.link.watchLogin(login);
  }

  /** No more commands. Nothing is changed in the maildrop. */
  leave(): void {
    this.#over = true;
  }

  /** Lets go of the maildrop, with nothing deleted. */
  async abandon(): Promise<void> {
    this.leave();
    await this.#opened?.maildrop.close();
  }

  /** A message by its number as the client wrote it. @throws {Refusal} when there is none, or it is marked deleted. */
  messageAt(argument: string): { readonly number: number; readonly message: MaildropMessage } {
    const number = parseCount(argument);
    const message = this.maildrop.messages[number - 1];
    if (message === undefined) {
      const { length } = this.maildrop.messages;
      throw new Refusal(undefined, {
        en: `There is no message ${number}; the maildrop has ${length}`,
        it: `Il messaggio ${number} non esiste; la casella ne ha ${length}`,
      });
    }
    if (this.deleted.has(number)) {
      throw new Refusal(undefined, {
        en: `Message ${number} is marked as deleted`,
        it: `Il messaggio ${number} è segnato come eliminato`,
      });
    }
    return { number, message };
  }

  /** Those not marked deleted, with their numbers, in order. */
  *remaining(): Generator<{ readonly number: number; readonly message: MaildropMessage }> {
    for (const [index, message] of this.maildrop.messages.entries()) {
      if (!this.deleted.has(index + 1)) yield { number: index + 1, message };
    }
  }

  /** Of those not marked deleted. */
  measure(): { readonly count: number; readonly octets: number } {
    const { messages } = this.maildrop;
    let octets = this.#opened?.octets ?? 0;
    for (const number of this.deleted) octets -= messages[number - 1]?.octets ?? 0;
    return { count: messages.length - this.deleted.size, octets };
  }

  ok(text: string | Text): void {
    this.out.line(toBytes(`+OK ${this.#choose(text)}`));
  }

  error(code: ResponseCode | undefined, text: Text): void {
    this.out.line(toBytes(`-ERR ${code === undefined ? '' : `[${code}] `}${this.#choose(text)}`));
  }

  /** One line of a multi-line answer that begins with no dot. */
  line(text: string): void {
    this.out.line(toBytes(text));
  }

  #choose(text: string | Text): string {
    return typeof text === 'string' ? text : text[this.language ?? 'en'];
  }
}

/** Without line ends or control characters, whatever came from the client or the store. */
function toBytes(text: string): string {
  return Buffer.from(text.replace(/\p{Cc}/gu, ' '), 'utf8').toString('latin1');
}
