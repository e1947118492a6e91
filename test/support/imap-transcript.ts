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
import { EdgeTranscript, quote, runSteps, type Step } from './edge-transcript.ts';
import type { ImapTestClient } from './imap-client.ts';
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

class ImapTranscript extends EdgeTranscript<ImapTestServer> {
  readonly #numbers = new Map<string, string>();

  constructor() {
    super('imaps');
  }

  protected override open(mode: string, limits: Partial<ImapLimits>): Promise<ImapTestServer> {
    return startImapServer({ mode: mode as 'imap' | 'imaps', limits });
  }

  protected override async logIn(client: ImapTestClient, name: string = addresses[0]): Promise<void> {
    assert.match(await client.readLine(), /^\* OK /);
    const answer = (await client.command('login', `LOGIN ${name} "${password}"`)).at(-1);
    assert.match(answer ?? '', /^login OK /);
  }

  protected override async stepAlone({ word, who, rest }: Step): Promise<boolean> {
    if (word === 'another:') await this.#addLogin(rest);
    else if (word === 'message:') await this.#deliver(rest);
    else if (word === 'C+') (await this.client(who)).write(withLiteral(this.fillIn(rest)));
    else if (word === 'S*') await this.#skipUntil(await this.client(who), rest.replace('until ', ''));
    else return false;
    return true;
  }

  async #addLogin(text: string): Promise<void> {
    const [name = '', ...may] = text.split(' ');
    const [read, write, manage] = ['read', 'write', 'manage'].map((right) => may.includes(right));
    const rights = { read: read === true, write: write === true, send: false, manage: manage === true };
    const { accounts } = await this.start();
    await accounts.addLogin(addresses[0], { name, password, rights });
  }

  async #deliver(text: string): Promise<void> {
    const [folder = 'INBOX', file = '', ...flags] = text.split(' ');
    await deliver(await this.start(), folder, readMessage(file), flags);
  }

  protected override fillIn(text: string): string {
    return text.replace(/\{\{(\w+)\}\}/g, (_all, name: string) => this.#numbers.get(name) ?? '');
  }

  protected override expect(line: string, wanted: string): void {
    const names: string[] = [];
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
export function runTranscript(text: string): Promise<void> {
  return runSteps(text, new ImapTranscript());
}

/** The JSON string at the end becomes a literal. */
function withLiteral(text: string): Buffer {
  const [, words = '', json = '""'] = /^(.*) ("(?:[^"\\]|\\.)*")$/.exec(text) ?? [];
  const bytes = JSON.parse(json) as string;
  return Buffer.from(`${words} {${bytes.length}+}\r\n${bytes}\r\n`, 'latin1');
}
