/**
 * Commands as they come from the client: a line, the literals announced at line ends, the lines after them
 * (RFC 3501 §2.2.1, §4.3; LITERAL+ of RFC 7888; literal8 of RFC 3516). Small literals are collected; a
 * command that stores messages streams its own, so that 100 MB pass without being held.
 */

import type { ByteInput } from '../../edge/byte-input.ts';
import { Arguments, type Piece } from './arguments.ts';
import { consistsOf, isAtomChar, isTagChar, SyntaxProblem } from './syntax.ts';

export interface LiteralAnnouncement {
  readonly size: number;
  /** The client waits for a continuation request before it sends. */
  readonly synchronizing: boolean;
  readonly binary: boolean;
}

/** More literal bytes than this server takes for such a command; answered NO [TOOBIG]. */
export class LiteralTooBig extends Error {}

/** What cannot be skipped within reason; the connection is closed with BYE and this text. */
export class Unskippable extends Error {}

export interface CommandLimits {
  /** Bytes of a line, and of all lines and collected literals of one command together. */
  readonly commandBytes: number;
  /** Bytes of unwanted literals that are read and dropped to stay in step with the client. */
  readonly skippedBytes: number;
}

const announcement = /(~?)\{(\d{1,19})(\+?)\}$/;

/**
 * Splits the announcement of a literal off the end of a line.
 * Any line that ends like one announces one: a client that sends `{5+}` will send five bytes, whatever
 * the grammar makes of the place.
 */
export function splitAnnouncement(line: string): { text: string; announced?: LiteralAnnouncement } {
  const found = line.endsWith('}') ? announcement.exec(line) : null;
  if (found === null) return { text: line };
  const size = Number(found[2]);
  if (!Number.isSafeInteger(size)) throw new Unskippable('A literal of that size cannot be taken');
  return {
    text: line.slice(0, found.index),
    announced: { size, synchronizing: found[3] === '', binary: found[1] === '~' },
  };
}

export class IncomingCommand {
  readonly tag: string;
  /** In upper case, as the client named it. */
  readonly name: string;
  readonly arguments: Arguments;
  readonly #pieces: Piece[];
  readonly #input: ByteInput;
  readonly #limits: CommandLimits;
  readonly #invite: () => Promise<void>;
  #announced: LiteralAnnouncement | undefined;
  #used: number;

  /** A tag or name the grammar does not allow is left empty: the answer then is an untagged BAD. */
  constructor(line: string, source: CommandSource) {
    const { text, announced } = splitAnnouncement(line);
    const found = /^([^ ]+) ([^ ]+)/.exec(text);
    this.#announced = announced;
    this.#input = source.input;
    this.#limits = source.limits;
    this.#invite = source.invite;
    this.#pieces = [text];
    this.#used = line.length;
    this.tag = found !== null && consistsOf(found[1] as string, isTagChar) ? (found[1] as string) : '';
    this.name =
      found !== null && consistsOf(found[2] as string, isAtomChar) ? (found[2] as string).toUpperCase() : '';
    this.arguments = new Arguments(this.#pieces, found?.[0].length ?? text.length);
  }

  /** The literal that comes next, not yet read. */
  get announced(): LiteralAnnouncement | undefined {
    return this.#announced;
  }

  /** Reads all literals and lines up to the command's end. @throws {LiteralTooBig} {@link SyntaxProblem} */
  async collect(): Promise<void> {
    while (this.#announced !== undefined) await this.collectLiteral();
  }

  /** Reads the announced literal into memory, and the line after it. */
  async collectLiteral(): Promise<void> {
    const { size, binary } = this.#announced as LiteralAnnouncement;
    const most = this.#limits.commandBytes;
    this.#used += size;
    if (this.#used > most) throw new LiteralTooBig(`A command may have ${most} bytes`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.stream()) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    if (!binary && bytes.includes(0)) throw new SyntaxProblem('A literal holds a NUL');
    this.#pieces.push({ bytes, binary });
    await this.#readLine();
  }

  /**
   * The announced literal's bytes as they arrive. Whoever stops early leaves the connection out of step.
   * Afterwards {@link afterStream} must be called.
   */
  async *stream(): AsyncGenerator<Uint8Array> {
    const { size, synchronizing, binary } = this.#announced as LiteralAnnouncement;
    if (synchronizing) await this.#invite();
    let left = size;
    this.#announced = { size, synchronizing: false, binary };
    while (left > 0) {
      const bytes = await this.#input.some(left);
      left -= bytes.length;
      this.#announced = { size: left, synchronizing: false, binary };
      yield bytes;
    }
    this.#announced = undefined;
  }

  /** Reads the line after a streamed literal and moves the arguments there. */
  async afterStream(): Promise<void> {
    this.#pieces.push({ bytes: new Uint8Array(), binary: false });
    await this.#readLine();
    this.arguments.afterLiteral();
  }

  /**
   * Reads and forgets what the client sends of this command without waiting, so that its next command is
   * understood. A client that waits for an invitation is answered instead.
   * @throws {Unskippable}
   */
  async skipRest(): Promise<void> {
    let skipped = 0;
    while (this.#announced !== undefined && !this.#announced.synchronizing) {
      skipped += this.#announced.size;
      if (skipped > this.#limits.skippedBytes) throw new Unskippable('A literal is too big to be skipped');
      for await (const _ of this.#input.run(this.#announced.size));
      this.#announced = splitAnnouncement(await this.#input.line(this.#limits.commandBytes)).announced;
    }
    this.#announced = undefined;
  }

  async #readLine(): Promise<void> {
    this.#announced = undefined;
    const line = await this.#input.line(Math.max(this.#limits.commandBytes - this.#used, 0));
    this.#used += line.length;
    const { text, announced } = splitAnnouncement(line);
    this.#announced = announced;
    this.#pieces.push(text);
  }
}

export interface CommandSource {
  readonly input: ByteInput;
  readonly limits: CommandLimits;
  /** Sends the continuation request for a synchronizing literal. */
  readonly invite: () => Promise<void>;
}

/** A literal sent unasked behind a line that is skipped would be read as commands: better to end there. */
export const literalUnasked: RegExp = /\{\d*\+\}\r?\n$/;

/** Reads the first line of the next command. @throws {LineTooLong} {@link LineEndless} {@link InputEnded} */
export async function readCommand(source: CommandSource): Promise<IncomingCommand> {
  return new IncomingCommand(await source.input.line(source.limits.commandBytes), source);
}
