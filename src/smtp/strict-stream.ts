/**
 * The parser of what a client sends, in place of smtp-server's own (ADR 0015). It promises:
 * - a command line ends in CRLF; a bare CR, a bare LF or a NUL in one ends the session, nothing of it is run;
 * - a message ends at CRLF.CRLF and nowhere else; one with a bare CR, bare LF or NUL is refused whole;
 * - what follows DATA is never read as commands before that end, and what follows a command is not read before
 *   its reply is decided; a line cut off by the end of the connection is no command;
 * - memory is one chunk, one command line, and the body's own buffer: the pace is the reader's.
 */
import { SMTPStream } from 'smtp-server/lib/smtp-stream.js';
import { DataScanner } from './data-scanner.ts';
import { lineFaultError, MessageBody, tooLargeError } from './message-body.ts';

export interface StreamEvents {
  /** Runs one command (without its CRLF); `done` is called when the next one may come. */
  command(line: Buffer, done: () => void): void;
  /** Several commands came together: replies may wait for each other (RFC 2920 §3.2) until `letGo`. */
  hold(): void;
  /** The client has to say more before there is another reply. */
  letGo(): void;
  /** The input cannot be followed any further: the session must be closed with this reply. */
  lost(code: number, text: string): void;
}

export interface StreamLimits {
  readonly messageBytes: number;
  readonly looseEndMs: number;
}

type Next = (error?: Error | null) => void;

const LF = 0x0a;
const CR = 0x0d;
/** RFC 4954 §4: a line of an AUTH exchange may have 12288 octets; no other command comes near. */
const LONGEST_LINE = 12_288;
/** Commands answered at once (NOOP, RSET) in a row before other connections get their turn. */
const COMMANDS_A_TURN = 50;
const NOTHING = Buffer.alloc(0);

export class StrictStream extends SMTPStream {
  readonly #events: StreamEvents;
  readonly #limits: StreamLimits;
  #partialLine: Buffer = NOTHING;
  #scanner = new DataScanner();
  #body: MessageBody | undefined;
  #resume: (() => void) | undefined;
  #looseEndTimer: NodeJS.Timeout | undefined;

  constructor(events: StreamEvents, limits: StreamLimits) {
    super();
    this.#events = events;
    this.#limits = limits;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding | 'buffer', next: Next): void {
    clearTimeout(this.#looseEndTimer);
    if (this.isClosed) next();
    else if (this._dataMode) this.#takeData(chunk, next);
    else
      this.#takeLines(
        this.#partialLine.length === 0 ? chunk : Buffer.concat([this.#partialLine, chunk]),
        next,
      );
  }

  /** smtp-server would run an unfinished last line as a command; RFC 5321 §2.3.8 knows no such line. */
  override _flushData(): void {
    this.#partialLine = NOTHING;
  }

  /** Called by smtp-server's DATA command: from the next byte on everything is message. */
  override startDataMode(): MessageBody {
    this._dataMode = true;
    this.dataBytes = 0;
    this.#scanner = new DataScanner();
    this.#body = new MessageBody();
    return this.#body;
  }

  /** Called by smtp-server when the message has its reply: reading of commands may go on. */
  override continue(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }

  /** The connection is gone: whoever still reads a message learns that it will not end. */
  abandon(): void {
    this.isClosed = true;
    clearTimeout(this.#looseEndTimer);
    this.#body?.abandon();
    this.#resume = undefined;
  }

  // Commands

  #takeLines(input: Buffer, next: Next): void {
    let rest = input;
    let running = false;
    let again = false;
    let turn = 0;
    if (input.indexOf(LF) !== input.lastIndexOf(LF)) this.#events.hold();
    // A command may be done at once or later; looping over the former keeps the stack flat.
    const run = () => {
      again = true;
      if (running) return;
      running = true;
      while (again) {
        again = false;
        const line = this.isClosed ? 'lost' : this._dataMode ? 'message' : this.#cutLine(rest);
        if (!(line instanceof Buffer)) this.#events.letGo();
        if (line === 'message') this.#takeData(rest, next);
        else if (line === undefined) this.#partialLine = Buffer.from(rest);
        if (line === undefined || line === 'lost') next();
        if (!(line instanceof Buffer)) return;
        rest = rest.subarray(line.length + 2);
        this.#partialLine = NOTHING;
        if (++turn % COMMANDS_A_TURN === 0) this.#events.command(line, () => setImmediate(run));
        else this.#events.command(line, run);
      }
      running = false;
    };
    run();
  }

  /** The next whole line without its CRLF; undefined when it has not come yet; `lost` after a reply to a bad one. */
  #cutLine(input: Buffer): Buffer | 'lost' | undefined {
    const lf = input.indexOf(LF);
    const line = lf === -1 ? input : input.subarray(0, Math.max(0, lf - 1));
    if (line.length > LONGEST_LINE) return this.#lose('Command line too long');
    if (lf === -1) return undefined;
    if (lf === 0 || input[lf - 1] !== CR)
      return this.#lose('A line ended in LF alone; lines must end in CR LF (openssl s_client: use -crlf)');
    if (line.includes(CR) || line.includes(0)) return this.#lose('Bare CR or NUL in a command');
    return line;
  }

  #lose(text: string): 'lost' {
    this.#partialLine = NOTHING;
    this.#events.lost(500, `5.5.2 ${text}`);
    return 'lost';
  }

  // Message

  #takeData(chunk: Buffer, next: Next): void {
    const body = this.#body;
    if (body === undefined || chunk.length === 0) {
      next();
      return;
    }
    const { content, end } = this.#scanner.scan(chunk);
    this.#countData(body, end === -1 ? chunk.length : content, content);
    if (end !== -1 && !this.isClosed) {
      if (content > 0 && !body.writableEnded) body.write(chunk.subarray(0, content));
      this._dataMode = false;
      this.#resume = () => this.#takeLines(chunk.subarray(end), next);
      body.markComplete();
      return;
    }
    if (this.#scanner.restsAfterLooseEnd) this.#awaitMore(body);
    this.#passOn(body, chunk.subarray(0, content), next);
  }

  /** RFC 1870 §6.3: the limit holds for what really comes, whatever SIZE said. */
  #countData(body: MessageBody, taken: number, content: number): void {
    const fault = this.#scanner.fault;
    if (fault !== undefined) body.refuse(lineFaultError(fault));
    this.dataBytes += body.fault === undefined ? content : taken;
    body.byteLength = this.dataBytes;
    const limit = this.#limits.messageBytes;
    if (this.dataBytes <= limit) return;
    body.sizeExceeded = true;
    body.refuse(tooLargeError(limit));
    // Passed over to the final dot, so that the client reads why; but not for ever.
    if (this.dataBytes > 2 * limit + 65_536) this.#giveUp(body);
  }

  #passOn(body: MessageBody, content: Buffer, next: Next): void {
    const open = content.length > 0 && !body.writableEnded && !body.destroyed && !this.isClosed;
    if (!open || body.write(content)) {
      next();
      return;
    }
    const goOn = () => {
      body.off('drain', goOn);
      body.off('close', goOn);
      body.off('finish', goOn);
      next();
    };
    body.once('drain', goOn);
    body.once('close', goOn);
    body.once('finish', goOn);
  }

  /**
   * A refused message that rests after a loose final dot comes from a client that ends lines in LF alone and
   * would wait for ever. It gets its reply, and the connection ends: going on could run content as commands.
   */
  #awaitMore(body: MessageBody): void {
    this.#looseEndTimer = setTimeout(() => this.#giveUp(body), this.#limits.looseEndMs);
  }

  #giveUp(body: MessageBody): void {
    const { code, enhanced } = body.fault?.smtp ?? { code: 554, enhanced: '5.6.0' };
    this.#events.lost(code, `${enhanced} ${body.fault?.publicText ?? 'Message refused'}`);
    body.abandon();
  }
}
