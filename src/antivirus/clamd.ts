/**
 * ClamAV's daemon over its Unix socket or TCP, with INSTREAM: the message goes over as it comes, nothing is kept.
 * Whatever is not a plain "OK" or "FOUND" is "cannot tell" and is thrown: an outage, a timeout, a size limit of
 * clamd's, also one it reports as a finding. clamd's own settings must let whole messages through:
 * `StreamMaxLength`, `MaxScanSize` and `MaxFileSize` at least the largest message, `AlertExceedsMax yes`.
 */
import { once } from 'node:events';
import net from 'node:net';
import { MailError } from '../lib/mail-error.ts';
import { cannotTell } from './cannot-tell.ts';
import type { ScanVerdict, VirusScanner } from './scanner.ts';

export type ClamdAddress = { readonly path: string } | { readonly host: string; readonly port: number };

export interface ClamdOptions {
  /** Tried in order until one takes the connection. */
  readonly addresses: readonly [ClamdAddress, ...ClamdAddress[]];
  /** Longest wait for a connection, for progress, and for the answer after the last byte, milliseconds. */
  readonly timeoutMs: number;
}

export interface ClamdScanner extends VirusScanner {
  /** Asks clamd what it is, e.g. `clamd 1.4.3/27200`; `name` says so from then on. @throws {MailError} 451 4.7.1 */
  readVersion(): Promise<string>;
}

/** How long a version read from clamd is believed: signatures are renewed several times a day. */
const VERSION_AGE_MS = 10 * 60_000;
const LONGEST_REPLY = 4096;
const END_OF_STREAM = Buffer.alloc(4);

export function createClamdScanner(options: ClamdOptions): ClamdScanner {
  return new Clamd(options);
}

class Clamd implements ClamdScanner {
  readonly #options: ClamdOptions;
  #name = 'clamd';
  #readAt = Number.NEGATIVE_INFINITY;

  constructor(options: ClamdOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#name;
  }

  async readVersion(): Promise<string> {
    const reply = await this.#talk((session) => session.ask('zVERSION\0'));
    this.#name = `clamd ${/^ClamAV ([^\s/]+(?:\/\d+)?)/.exec(reply)?.[1] ?? reply}`;
    this.#readAt = performance.now();
    return this.#name;
  }

  async scan(source: AsyncIterable<Uint8Array>): Promise<ScanVerdict> {
    if (performance.now() - this.#readAt > VERSION_AGE_MS) await this.readVersion();
    const { reply, complete } = await this.#talk(async (session) => {
      await session.write('zINSTREAM\0');
      for await (const chunk of source) {
        if (session.answered) break;
        if (chunk.length > 0) await session.write(frame(chunk));
      }
      const complete = !session.answered;
      return { reply: await session.ask(END_OF_STREAM), complete };
    });
    const verdict = readVerdict(reply);
    if (!verdict.infected && !complete) throw cannotTell(new Error(`clamd said "${reply}" before the end`));
    return verdict;
  }

  /** One connection, one exchange. What the source throws is passed on, all else becomes 451 4.7.1. */
  async #talk<T>(exchange: (session: ClamdSession) => Promise<T>): Promise<T> {
    const session = await this.#connect();
    try {
      return await exchange(session);
    } catch (error) {
      throw error instanceof MailError ? error : cannotTell(error);
    } finally {
      session.close();
    }
  }

  async #connect(): Promise<ClamdSession> {
    let failure: unknown;
    for (const address of this.#options.addresses) {
      try {
        return await ClamdSession.open(address, this.#options.timeoutMs);
      } catch (error) {
        failure = error;
      }
    }
    throw cannotTell(failure);
  }
}

/** `stream: OK`, `stream: NAME FOUND`, or an error in words. */
function readVerdict(reply: string): ScanVerdict {
  if (reply === 'stream: OK') return { infected: false };
  const virus = /^stream: (.+) FOUND$/.exec(reply)?.[1];
  // With AlertExceedsMax clamd "finds" its own limits: that is no virus, and no all-clear either.
  if (virus === undefined || virus.startsWith('Heuristics.Limits.Exceeded'))
    throw cannotTell(new Error(`clamd: ${reply}`));
  return { infected: true, virus };
}

/** A chunk as INSTREAM wants it: its length in four bytes, then itself. */
function frame(chunk: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(4 + chunk.length);
  framed.writeUInt32BE(chunk.length);
  framed.set(chunk, 4);
  return framed;
}

/** A connection to clamd. Its timeout counts only while we wait for clamd, never while the message is slow. */
class ClamdSession {
  readonly #socket: net.Socket;
  readonly #timeoutMs: number;
  readonly #reply: Promise<string>;
  #answered = false;

  /** @throws the system's error, or a timeout */
  static async open(address: ClamdAddress, timeoutMs: number): Promise<ClamdSession> {
    const socket = net.connect(address);
    const session = new ClamdSession(socket, timeoutMs);
    await session.#inTime(once(socket, 'connect'));
    return session;
  }

  private constructor(socket: net.Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    this.#reply = this.#readReply();
    const note = () => {
      this.#answered = true;
    };
    this.#reply.then(note, note);
  }

  /** True once clamd has said its word, or is gone: more bytes would be of no use. */
  get answered(): boolean {
    return this.#answered;
  }

  /** Resolves when more may be written, or when it is of no use. */
  async write(bytes: Uint8Array | string): Promise<void> {
    if (this.#answered || this.#socket.write(bytes)) return;
    const drained = Promise.withResolvers<void>();
    this.#socket.once('drain', drained.resolve);
    this.#socket.once('close', drained.resolve);
    await this.#inTime(drained.promise);
    this.#socket.off('close', drained.resolve);
  }

  /** Writes the last of the question; resolves with the answer. */
  ask(bytes: Uint8Array | string): Promise<string> {
    if (!this.#answered) this.#socket.write(bytes);
    return this.#inTime(this.#reply);
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The same promise; clamd is given up if it takes too long. */
  async #inTime<T>(promise: Promise<T>): Promise<T> {
    const late = () => this.#socket.destroy(new Error(`clamd did not answer within ${this.#timeoutMs} ms`));
    const timer = setTimeout(late, this.#timeoutMs);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #readReply(): Promise<string> {
    return new Promise((resolve, reject) => {
      let text = '';
      this.#socket.setEncoding('latin1');
      this.#socket.on('data', (data: string) => {
        text += data;
        const end = text.indexOf('\0');
        if (end !== -1) resolve(text.slice(0, end).trim());
        else if (text.length > LONGEST_REPLY) reject(new Error('clamd: endless reply'));
      });
      let failure: Error | undefined;
      this.#socket.on('error', (error) => {
        failure = error;
      });
      // On a size limit clamd answers and closes while we still write: the answer counts, not the broken pipe.
      this.#socket.on('close', () => reject(failure ?? new Error('clamd closed the connection')));
    });
  }
}
