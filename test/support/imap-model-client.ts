/**
 * A client that believes only what it is told: it keeps its own list of messages from untagged responses and
 * checks on the way that the server never says what the protocol forbids.
 */
import assert from 'node:assert/strict';
import { ImapTestClient } from './imap-client.ts';
import { addresses, type ImapTestServer, password } from './imap-server.ts';

export interface KnownMessage {
  uid: number | undefined;
  /** Sorted, without \Recent. */
  flags: string | undefined;
}

/** While these run, sequence numbers must hold (RFC 3501 §7.4.1). */
const withoutExpunge = /^(?:FETCH|STORE|SEARCH|SORT|THREAD)\b/i;

export class ModelClient {
  readonly #client: ImapTestClient;
  #messages: KnownMessage[] = [];
  #serial = 0;
  #qresync = false;

  constructor(client: ImapTestClient) {
    this.#client = client;
  }

  static async open(server: ImapTestServer): Promise<ModelClient> {
    const client = new ModelClient(ImapTestClient.connect(server, true));
    await client.#client.readLine();
    await client.run(`LOGIN ${addresses[0]} "${password}"`);
    return client;
  }

  /** What it believes the folder holds. */
  get messages(): readonly KnownMessage[] {
    return this.#messages;
  }

  /** Opens a folder: all that was known is forgotten. */
  async select(folder: string): Promise<void> {
    this.#messages = [];
    const answer = await this.run(`SELECT ${folder}`);
    assert.match(answer, /^OK /);
  }

  async enableQresync(): Promise<void> {
    this.#qresync = true;
    await this.run('ENABLE QRESYNC');
  }

  /** Sends a command, learns from all that comes, returns the tagged answer without its tag. */
  async run(command: string): Promise<string> {
    this.#serial++;
    const tag = `t${this.#serial}`;
    this.#client.write(`${tag} ${command}\r\n`);
    return this.#readAnswer(tag, command);
  }

  async append(folder: string, bytes: string): Promise<string> {
    return this.run(`APPEND ${folder} {${Buffer.byteLength(bytes)}+}\r\n${bytes}`);
  }

  /** Idles until `work` is done; news may come at any time in between. */
  async idleDuring(work: () => Promise<unknown>): Promise<void> {
    this.#serial++;
    const tag = `t${this.#serial}`;
    this.#client.write(`${tag} IDLE\r\n`);
    for (;;) {
      const line = await this.#client.readLine();
      if (line.startsWith('+ ')) break;
      this.#learn(line, 'IDLE');
    }
    await work();
    this.#client.write('DONE\r\n');
    assert.match(await this.#readAnswer(tag, 'IDLE'), /^OK /);
  }

  close(): void {
    this.#client.destroy();
  }

  async #readAnswer(tag: string, command: string): Promise<string> {
    for (;;) {
      const line = await this.#client.readLine();
      if (line.startsWith(`${tag} `)) {
        assert.doesNotMatch(line, /SERVERBUG/);
        return line.slice(tag.length + 1);
      }
      this.#learn(line, command);
    }
  }

  #learn(line: string, command: string): void {
    const [, exists] = /^\* (\d+) EXISTS$/.exec(line) ?? [];
    const [, expunged] = /^\* (\d+) EXPUNGE$/.exec(line) ?? [];
    const [, vanished] = /^\* VANISHED ([\d:,]+)$/.exec(line) ?? [];
    // A literal may follow, flags and UID stand before it.
    const [, fetched, items] = /^\* (\d+) FETCH \((.*)$/.exec(line) ?? [];
    if (exists !== undefined) this.#grow(Number(exists));
    if (expunged !== undefined) this.#expunge(Number(expunged), command);
    if (vanished !== undefined) this.#vanish(vanished, command);
    if (fetched !== undefined) this.#update(Number(fetched), items ?? '');
  }

  #grow(count: number): void {
    assert.ok(count >= this.#messages.length, `EXISTS ${count} where ${this.#messages.length} are known`);
    while (this.#messages.length < count) this.#messages.push({ uid: undefined, flags: undefined });
  }

  #expunge(sequence: number, command: string): void {
    assert.ok(!this.#qresync, 'EXPUNGE to a client with QRESYNC');
    assert.doesNotMatch(command, withoutExpunge, 'EXPUNGE while numbers must hold');
    assert.ok(sequence >= 1 && sequence <= this.#messages.length, `EXPUNGE ${sequence}`);
    this.#messages.splice(sequence - 1, 1);
  }

  #vanish(set: string, command: string): void {
    assert.ok(this.#qresync, 'VANISHED to a client without QRESYNC');
    assert.doesNotMatch(command, withoutExpunge, 'VANISHED while numbers must hold');
    for (const range of set.split(',')) {
      const [first = 0, last = first] = range.split(':').map(Number);
      for (let uid = first; uid <= last; uid++) this.#vanishOne(uid);
    }
  }

  /** A message may vanish before its UID was told: then it is one of those that can have that UID. */
  #vanishOne(uid: number): void {
    let index = this.#messages.findIndex((message) => message.uid === uid);
    if (index < 0) {
      const above = this.#messages.findIndex((message) => (message.uid ?? 0) > uid);
      index = (above < 0 ? this.#messages.length : above) - 1;
      assert.ok(
        index >= 0 && this.#messages[index]?.uid === undefined,
        `VANISHED ${uid}, which is not there`,
      );
    }
    this.#messages.splice(index, 1);
  }

  #update(sequence: number, items: string): void {
    const message = this.#messages[sequence - 1];
    assert.ok(message !== undefined, `FETCH of message ${sequence}, known are ${this.#messages.length}`);
    const uid = /\bUID (\d+)/.exec(items)?.[1];
    if (uid !== undefined) {
      assert.equal(message.uid ?? Number(uid), Number(uid), `UID of message ${sequence}`);
      message.uid = Number(uid);
    }
    const flags = /\bFLAGS \(([^)]*)\)/.exec(items)?.[1];
    if (flags !== undefined) message.flags = sortFlags(flags.split(' '));
  }
}

export function sortFlags(flags: readonly string[]): string {
  return flags
    .filter((flag) => flag !== '\\Recent' && flag !== '')
    .sort()
    .join(' ');
}
