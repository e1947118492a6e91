/**
 * Runs IMAP dialogues kept in text files. One line a step:
 *
 *   # why                     a comment
 *   server: imap badCommands=3   mode and limits; before anything else. `imaps` if left out
 *   login: 1 2                connections 1 and 2 are opened and logged in as mario.rossi@alfa.test
 *   login: 3 anna.bianchi@alfa.test
 *   another: lettore read      mario's mailbox gets one more login, with these of read, write, manage
 *   message: INBOX note.eml \Seen    puts a file of messages/ into mario's folder, behind IMAP's back
 *   C: a NOOP                 connection 1 sends the line and CRLF; `C2:` for connection 2
 *   C> "a\n.\r\n"             exactly these bytes (a JSON string; "×1000" after it repeats)
 *   C+ a APPEND INBOX "x\r\n"   the words, then the JSON string as a literal whose length is counted here
 *   S: * 3 EXISTS             the server says exactly this line to connection 1; `S2:` for 2.
 *                             `…` is any text; `{{name}}` is a number that is the same each time
 *   S* until a                lines of any kind up to and with the tagged answer, which is OK
 *   TLS                       TLS handshake on connection 1
 *   SILENT2                   nothing was said to connection 2 so far
 *   CLOSED                    the server has closed connection 1, having said nothing more
 *   GONE                      connection 1 is dropped
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ImapLimits } from '../../src/imap/limits.ts';
import { ImapTestClient } from './imap-client.ts';
import { addresses, type ImapTestServer, password, standingClock, startImapServer } from './imap-server.ts';

const messagesFolder = join(import.meta.dirname, '../transcript/imap/messages');

/** A message of the transcripts; line ends as mail has them. */
export function readMessage(file: string): Buffer {
  const text = readFileSync(join(messagesFolder, file), 'latin1');
  return Buffer.from(text.replace(/\r?\n/g, '\r\n'), 'latin1');
}

/** Stores a message as another program of the provider would. */
export async function deliver(
  { store, mailboxIds }: ImapTestServer,
  folderName: string,
  bytes: Uint8Array,
  flags: readonly string[] = [],
): Promise<number> {
  const folder = await store.findFolder(mailboxIds[0] as number, folderName);
  if (folder === undefined) throw new Error(`no folder ${folderName}`);
  const content = await store.storeContent(
    (async function* () {
      yield bytes;
    })(),
  );
  const { uids } = await store.append(folder.id, [{ content, flags, internalDate: standingClock() }]);
  return uids[0] as number;
}

class TranscriptRun {
  readonly #clients = new Map<string, ImapTestClient>();
  readonly #numbers = new Map<string, string>();
  #mode: 'imap' | 'imaps' = 'imaps';
  #limits: Partial<ImapLimits> = {};
  #server: ImapTestServer | undefined;

  async step(line: string): Promise<void> {
    const [, word = '', who = '1', mark = '', rest = ''] =
      /^([A-Za-z]+)(\d?)([:>*+]?) ?(.*)$/s.exec(line) ?? [];
    switch (`${word}${mark}`) {
      case 'server:':
        return this.#configure(rest);
      case 'login:':
        return this.#login(rest);
      case 'another:':
        return this.#addLogin(rest);
      case 'message:':
        return this.#deliver(rest);
      case 'C:':
        return (await this.#client(who)).write(`${this.#fillIn(rest)}\r\n`);
      case 'C>':
        return (await this.#client(who)).write(rawBytes(this.#fillIn(rest)));
      case 'C+':
        return (await this.#client(who)).write(withLiteral(this.#fillIn(rest)));
      case 'S:':
        return this.#expect(await (await this.#client(who)).readLine(), rest);
      case 'S*':
        return this.#skipUntil(await this.#client(who), rest.replace('until ', ''));
      case 'TLS':
        return (await this.#client(who)).startTls((await this.#start()).ca);
      case 'SILENT':
        return (await this.#client(who)).expectSilence();
      case 'CLOSED':
        return (await this.#client(who)).expectClosed();
      case 'GONE':
        return (await this.#client(who)).destroy();
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
    this.#mode = mode as 'imap' | 'imaps';
    this.#limits = Object.fromEntries(
      limits.map((pair) => [pair.split('=')[0], Number(pair.split('=')[1])]),
    ) as Partial<ImapLimits>;
  }

  async #start(): Promise<ImapTestServer> {
    this.#server ??= await startImapServer({ mode: this.#mode, limits: this.#limits });
    return this.#server;
  }

  async #client(who: string): Promise<ImapTestClient> {
    const key = who === '' ? '1' : who;
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const client = ImapTestClient.connect(await this.#start(), this.#mode === 'imaps');
    this.#clients.set(key, client);
    return client;
  }

  async #login(text: string): Promise<void> {
    const words = text.split(' ');
    const address = words.find((word) => !/^\d$/.test(word)) ?? addresses[0];
    for (const who of words.filter((word) => /^\d$/.test(word))) {
      const client = await this.#client(who);
      assert.match(await client.readLine(), /^\* OK /);
      const answer = (await client.command('login', `LOGIN ${address} "${password}"`)).at(-1);
      assert.match(answer ?? '', /^login OK /);
    }
  }

  async #addLogin(text: string): Promise<void> {
    const [name = '', ...may] = text.split(' ');
    const [read, write, manage] = ['read', 'write', 'manage'].map((right) => may.includes(right));
    const rights = { read: read === true, write: write === true, send: false, manage: manage === true };
    const { accounts } = await this.#start();
    await accounts.addLogin(addresses[0], { name, password, rights });
  }

  async #deliver(text: string): Promise<void> {
    const [folder = 'INBOX', file = '', ...flags] = text.split(' ');
    await deliver(await this.#start(), folder, readMessage(file), flags);
  }

  #fillIn(text: string): string {
    return text.replace(/\{\{(\w+)\}\}/g, (_all, name: string) => this.#numbers.get(name) ?? '');
  }

  #expect(line: string, wanted: string): void {
    const names: string[] = [];
    const quote = (piece: string) => piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const pattern = wanted
      .split(/(…|\{\{\w+\}\})/)
      .map((piece) => {
        if (piece === '…') return '.*';
        const name = /^\{\{(\w+)\}\}$/.exec(piece)?.[1];
        if (name === undefined) return quote(piece);
        const known = this.#numbers.get(name);
        if (known !== undefined) return quote(known);
        names.push(name);
        return '(\\d+)';
      })
      .join('');
    const found = new RegExp(`^${pattern}$`, 's').exec(line);
    if (found === null) assert.equal(line, wanted);
    for (const [index, name] of names.entries()) this.#numbers.set(name, found?.[index + 1] as string);
  }

  async #skipUntil(client: ImapTestClient, tag: string): Promise<void> {
    for (;;) {
      const line = await client.readLine();
      if (!line.startsWith(`${tag} `)) continue;
      assert.match(line, new RegExp(`^${tag} OK`));
      return;
    }
  }
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

/** The JSON string at the end becomes a literal. */
function withLiteral(text: string): Buffer {
  const [, words = '', json = '""'] = /^(.*) ("(?:[^"\\]|\\.)*")$/.exec(text) ?? [];
  const bytes = JSON.parse(json) as string;
  return Buffer.from(`${words} {${bytes.length}+}\r\n${bytes}\r\n`, 'latin1');
}

function rawBytes(text: string): Buffer {
  const match = /^(".*")(?: ×(\d+))?$/.exec(text);
  if (match === null) throw new Error('write a JSON string, then perhaps ×n');
  return Buffer.from((JSON.parse(match[1] as string) as string).repeat(Number(match[2] ?? 1)), 'latin1');
}
