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
import { EdgeTranscript, encodeMarks, rawBytes, runSteps, type Step } from './edge-transcript.ts';
import type { ImapTestClient } from './imap-client.ts';
import { addresses, type Pop3TestServer, password, startPop3Server } from './pop3-server.ts';

class Pop3Transcript extends EdgeTranscript<Pop3TestServer> {
  constructor() {
    super('pop3s');
  }

  protected override open(mode: string, limits: Readonly<Record<string, number>>): Promise<Pop3TestServer> {
    return startPop3Server({ mode: mode as 'pop3' | 'pop3s', limits });
  }

  protected override async logIn(client: ImapTestClient, name: string = addresses[0]): Promise<void> {
    client.write(`USER ${name}\r\nPASS ${password}\r\n`);
    for (let lines = 0; lines < 3; lines += 1) assert.match(await client.readLine(), /^\+OK /);
  }

  protected override async stepAlone({ word, rest }: Step): Promise<boolean> {
    if (word === 'message:') await (await this.start()).deliver(rawBytes(rest));
    else if (word === 'INBOX:') await this.#expectInbox(rest);
    else return false;
    return true;
  }

  protected override fillIn(text: string): string {
    return encodeMarks(text);
  }

  async #expectInbox(text: string): Promise<void> {
    const { store, mailboxIds } = await this.start();
    const inbox = await store.findFolder(mailboxIds[0] as number, 'INBOX');
    const messages = await store.messages(inbox?.id ?? 0, [[1, Number.POSITIVE_INFINITY]]);
    assert.equal(messages.map(({ uid, flags }) => `${uid}${flags.join('')}`).join(' '), text);
  }
}

/** Runs one file; throws at the first line that does not come true, with its number. */
export function runTranscript(text: string): Promise<void> {
  return runSteps(text, new Pop3Transcript());
}
