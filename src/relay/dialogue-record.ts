/**
 * Listens to nodemailer's transaction log and keeps, for the transaction under way, which reply answered which
 * command. nodemailer itself gives the replies to single recipients only when the message was taken; with its
 * `transactionLog` each command and each reply passes here, in order, pipelined or not.
 */
import type { ReplyText } from './replies.ts';

interface Entry {
  readonly tnx?: string;
}

const FINAL_DOT = '.';

export class DialogueRecord {
  /** Index signature that nodemailer's logger type asks for. */
  readonly [level: string]: unknown;

  /** Reply to the last EHLO or HELO. */
  hello: ReplyText = '';
  startedTls = false;
  mail: ReplyText | undefined;
  /** Replies to RCPT by recipient. */
  readonly recipients = new Map<string, ReplyText>();
  data: ReplyText | undefined;
  final: ReplyText | undefined;
  /** A 421, to whatever command: the peer ends the session. */
  closing: ReplyText | undefined;
  /** True once the final dot went out. */
  contentSent = false;

  onReply: () => void = () => undefined;
  onContentSent: () => void = () => undefined;

  /** Commands without a reply yet, in order. */
  #open: string[] = [];

  /** A new transaction begins. */
  begin(): void {
    this.mail = undefined;
    this.recipients.clear();
    this.data = undefined;
    this.final = undefined;
    this.closing = undefined;
    this.contentSent = false;
    this.#open = [];
  }

  /** True when every command has its reply and no message is half sent. */
  get settled(): boolean {
    const halfSent = /^[23]/.test(this.data ?? '') && this.final === undefined;
    return this.#open.length === 0 && !halfSent;
  }

  debug(entry: Entry, line: unknown): void {
    if (entry.tnx === 'client') this.#open.push(String(line));
    else if (entry.tnx === 'server') this.#take(String(line));
  }

  info(entry: Entry): void {
    if (entry.tnx !== 'message') return;
    this.contentSent = true;
    this.#open.push(FINAL_DOT);
    this.onContentSent();
  }

  trace(): void {}
  warn(): void {}
  error(): void {}
  fatal(): void {}

  #take(reply: ReplyText): void {
    const command = this.#open.shift();
    if (reply.startsWith('421')) this.closing = reply;
    // A reply before the final dot went out: the peer has seen enough of the message.
    if (command === undefined) {
      if (this.data !== undefined) this.final = reply;
    } else this.#file(command, reply);
    this.onReply();
  }

  #file(command: string, reply: ReplyText): void {
    if (/^(?:EHLO|HELO) /.test(command)) this.hello = reply;
    else if (command === 'STARTTLS') this.startedTls = reply.startsWith('2');
    else if (command.startsWith('MAIL FROM:')) this.mail = reply;
    else if (command.startsWith('RCPT TO:<')) this.recipients.set(command.slice(9, -1), reply);
    else if (command === 'DATA') this.data = reply;
    else if (command === FINAL_DOT) this.final = reply;
  }
}
