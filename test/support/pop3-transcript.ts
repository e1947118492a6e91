/**
 * Runs POP3 dialogues kept in text files. One line a step:
 *
 *   # why                     a comment
 *   server: pop3 badCommands=3   mode and limits; before anything else. `pop3s` if left out
 *   message: "a\r\n"          puts these bytes (a JSON string; "×1000" after it repeats) into mario's inbox
 *   login: 1 2                connections 1 and 2 are opened and logged in as mario.rossi@alfa.test
 *   login: 3 sola.lettura     and connection 3 as somebody else
 *   C: STAT                   connection 1 sends the line and CRLF; `C2:` for connection 2;
 *                             {b64:\0user\0word} is encoded
 *   C> "a\n.\r\n"             exactly these bytes (a JSON string; "×1000" after it repeats)
 *   S: +OK 2 320              the server says exactly this line; `S2:` for 2. `…` is any text
 *   TLS                       TLS handshake on connection 1
 *   SILENT2                   nothing was said to connection 2 so far
 *   CLOSED                    the server has closed connection 1, having said nothing more
 *   GONE                      connection 1 is dropped
 *   INBOX: 1 3\Seen           UIDs in the inbox now, with the flags they have
 */
import assert from 'node:assert/strict';
import { ImapTestClient } from './imap-client.ts';
import { addresses, type Pop3TestServer, password, startPop3Server } from './pop3-server.ts';

class TranscriptRun {
  readonly #clients = new Map<string, ImapTestClient>();
  #mode: 'pop3' | 'pop3s' = 'pop3s';
  #limits: Record<string, number> = {};
  #server: Pop3TestServer | undefined;

  async step(line: string): Promise<void> {
    const [, word = '', who = '1', mark = '', rest = ''] =
      /^([A-Za-z]+)(\d?)([:>]?) ?(.*)$/s.exec(line) ?? [];
    const client = () => this.#client(who === '' ? '1' : who);
    switch (`${word}${mark}`) {
      case 'server:':
        return this.#configure(rest);
      case 'message:':
        return void (await (await this.#start()).deliver(rawBytes(rest)));
      case 'login:':
        return this.#login(rest);
      case 'INBOX:':
        return this.#expectInbox(rest);
      case 'C:':
        return (await client()).write(`${encode(rest)}\r\n`);
      case 'C>':
        return (await client()).write(rawBytes(rest));
      case 'S:':
        return expectLine(await (await client()).readLine(), rest);
      case 'TLS':
        return (await client()).startTls((await this.#start()).ca);
      case 'SILENT':
        return (await client()).expectSilence();
      case 'CLOSED':
        return (await client()).expectClosed();
      case 'GONE':
        return this.#drop(await client());
      default:
        throw new Error('no such step');
    }
  }

  async close(): Promise<void> {
    for (const client of this.#clients.values()) client.destroy();
    await this.#server?.close();
  }

  #configure(text: string): void {
    const [mode, ...limits] = text.split(' ');
    this.#mode = mode as 'pop3' | 'pop3s';
    this.#limits = Object.fromEntries(
      limits.map((pair) => [pair.split('=')[0] ?? '', Number(pair.split('=')[1])]),
    );
  }

  async #start(): Promise<Pop3TestServer> {
    this.#server ??= await startPop3Server({ mode: this.#mode, limits: this.#limits });
    return this.#server;
  }

  async #client(who: string): Promise<ImapTestClient> {
    const known = this.#clients.get(who);
    if (known !== undefined) return known;
    const client = ImapTestClient.connect(await this.#start(), this.#mode === 'pop3s');
    this.#clients.set(who, client);
    return client;
  }

  async #login(text: string): Promise<void> {
    const words = text.split(' ');
    const name = words.find((word) => !/^\d$/.test(word)) ?? addresses[0];
    for (const who of words.filter((word) => /^\d$/.test(word))) {
      const client = await this.#client(who);
      client.write(`USER ${name}\r\nPASS ${password}\r\n`);
      for (let lines = 0; lines < 3; lines += 1) assert.match(await client.readLine(), /^\+OK /);
    }
  }

  /** Waits until the server has let go of the session too. */
  async #drop(client: ImapTestClient): Promise<void> {
    const server = await this.#start();
    const open = server.server.connections;
    client.destroy();
    while (server.server.connections >= open) await new Promise((resolve) => setTimeout(resolve, 2));
  }

  async #expectInbox(text: string): Promise<void> {
    const { store, mailboxIds } = await this.#start();
    const inbox = await store.findFolder(mailboxIds[0] as number, 'INBOX');
    const messages = await store.messages(inbox?.id ?? 0, [[1, Number.POSITIVE_INFINITY]]);
    assert.equal(messages.map(({ uid, flags }) => `${uid}${flags.join('')}`).join(' '), text);
  }
}

function expectLine(line: string, wanted: string): void {
  const quote = (piece: string) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const pattern = wanted.split('…').map(quote).join('.*');
  if (!new RegExp(`^${pattern}$`, 's').test(line)) assert.equal(line, wanted);
}

function encode(text: string): string {
  return text.replace(/\{b64:([^}]*)\}/g, (_all, plain: string) =>
    Buffer.from(plain.replaceAll('\\0', '\0')).toString('base64'),
  );
}

/** Runs one file; throws at the first line that does not come true, with its number. */
export async function runTranscript(text: string): Promise<void> {
  const run = new TranscriptRun();
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

function rawBytes(text: string): Buffer {
  const match = /^(".*")(?: ×(\d+))?$/.exec(text);
  if (match === null) throw new Error('write a JSON string, then perhaps ×n');
  return Buffer.from((JSON.parse(match[1] as string) as string).repeat(Number(match[2] ?? 1)), 'latin1');
}
