/** What the dialogues of IMAP and POP3 have in common; each says in its own file what its steps are. */
import assert from 'node:assert/strict';
import { ImapTestClient } from './imap-client.ts';

export interface EdgeTestServer {
  readonly port: number;
  readonly ca: string;
  readonly server: { readonly connections: number };
  close(): Promise<void>;
}

/** A step: `C2: NOOP` is the word `C:`, said by `2`, with the rest `NOOP`. */
export interface Step {
  readonly word: string;
  readonly who: string;
  readonly rest: string;
}

export abstract class EdgeTranscript<Server extends EdgeTestServer> {
  readonly #clients = new Map<string, ImapTestClient>();
  #mode: string;
  readonly #implicitTls: string;
  #limits: Readonly<Record<string, number>> = {};
  #server: Promise<Server> | undefined;

  /** @param implicitTls the mode with TLS from the first byte; it is the one when none is named */
  constructor(implicitTls: string) {
    this.#mode = implicitTls;
    this.#implicitTls = implicitTls;
  }

  protected abstract open(mode: string, limits: Readonly<Record<string, number>>): Promise<Server>;
  /** The server's first words are not read yet. */
  protected abstract logIn(client: ImapTestClient, name: string | undefined): Promise<void>;
  /** Steps of this protocol alone; false when there is no such step. */
  protected abstract stepAlone(step: Step): Promise<boolean>;
  /** Marks in what a client says become what they stand for. */
  protected abstract fillIn(text: string): string;

  protected expect(line: string, wanted: string): void {
    const pattern = wanted.split('…').map(quote).join('.*');
    if (!new RegExp(`^${pattern}$`, 's').test(line)) assert.equal(line, wanted);
  }

  protected start(): Promise<Server> {
    this.#server ??= this.open(this.#mode, this.#limits);
    return this.#server;
  }

  protected async client(who: string): Promise<ImapTestClient> {
    const known = this.#clients.get(who);
    if (known !== undefined) return known;
    const client = ImapTestClient.connect(await this.start(), this.#mode === this.#implicitTls);
    this.#clients.set(who, client);
    return client;
  }

  async step(line: string): Promise<void> {
    const [, letters = '', number = '', mark = '', rest = ''] =
      /^([A-Za-z]+)(\d?)([:>*+]?) ?(.*)$/s.exec(line) ?? [];
    const step = { word: `${letters}${mark}`, who: number === '' ? '1' : number, rest };
    if (step.word === 'server:') return this.#configure(rest);
    if (step.word === 'login:') return this.#logInAll(rest);
    if (await this.stepAlone(step)) return;
    await this.#stepOfClient(step);
  }

  async #stepOfClient({ word, who, rest }: Step): Promise<void> {
    const client = await this.client(who);
    switch (word) {
      case 'C:':
        return client.write(`${this.fillIn(rest)}\r\n`);
      case 'C>':
        return client.write(rawBytes(this.fillIn(rest)));
      case 'S:':
        return this.expect(await client.readLine(), rest);
      case 'TLS':
        return client.startTls((await this.start()).ca);
      case 'SILENT':
        return client.expectSilence();
      case 'CLOSED':
        return client.expectClosed();
      case 'GONE':
        return this.#drop(client);
      default:
        throw new Error('no such step');
    }
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) client.destroy();
    await (await this.#server)?.close();
  }

  #configure(text: string): void {
    const [mode = this.#implicitTls, ...limits] = text.split(' ');
    this.#mode = mode;
    this.#limits = Object.fromEntries(
      limits.map((pair) => [pair.split('=')[0] ?? '', Number(pair.split('=')[1])]),
    );
  }

  async #logInAll(text: string): Promise<void> {
    const words = text.split(' ');
    const name = words.find((word) => !/^\d$/.test(word));
    for (const who of words.filter((word) => /^\d$/.test(word)))
      await this.logIn(await this.client(who), name);
  }

  /** Waits until the server has let go of the session too. */
  async #drop(client: ImapTestClient): Promise<void> {
    const { server } = await this.start();
    const open = server.connections;
    client.destroy();
    while (server.connections >= open) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Text that stands for itself in a regular expression. */
export function quote(piece: string): string {
  return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** The bytes of a JSON string, perhaps repeated: `"a\r\n" ×3`. */
export function rawBytes(text: string): Buffer {
  const match = /^(".*")(?: ×(\d+))?$/.exec(text);
  if (match === null) throw new Error('write a JSON string, then perhaps ×n');
  return Buffer.from((JSON.parse(match[1] as string) as string).repeat(Number(match[2] ?? 1)), 'latin1');
}

/** `{b64:\\0user\\0word}` in base64. */
export function encodeMarks(text: string): string {
  return text.replace(/\{b64:([^}]*)\}/g, (_all, inner: string) =>
    Buffer.from(inner.replaceAll('\\0', '\0')).toString('base64'),
  );
}

/** Runs the steps of one file; throws at the first line that does not come true, with its number. */
export async function runSteps(
  text: string,
  run: { step(line: string): Promise<void>; close(): Promise<void> },
): Promise<void> {
  try {
    for (const [index, line] of text.split('\n').entries()) {
      if (line === '' || line.startsWith('#')) continue;
      try {
        await run.step(line);
      } catch (error) {
        throw new Error(`line ${index + 1}: ${line}\n${(error as Error).message}`, { cause: error });
      }
    }
  } finally {
    await run.close();
  }
}
