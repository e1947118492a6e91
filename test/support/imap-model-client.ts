/**
 * A client that believes only what it is told: it keeps its own list of messages from untagged responses and
 * checks on the way that the server never says what the protocol forbids. With QRESYNC it also keeps what it
 * knows of folders it left, and resynchronizes.
 */
import assert from 'node:assert/strict';
import { ImapTestClient } from './imap-client.ts';
import { addresses, type ImapTestServer, password } from './imap-server.ts';

export interface KnownMessage {
  uid: number | undefined;
  /** Sorted, without \Recent. */
  flags: string | undefined;
  modseq: number | undefined;
}

/** What a client keeps of a folder it left. */
interface KeptFolder {
  readonly uidValidity: number;
  readonly modseq: number;
  readonly messages: readonly KnownMessage[];
}

export interface ModelOptions {
  readonly address?: string;
  /** What is enabled after the login, e.g. `QRESYNC`. */
  readonly enable?: readonly string[];
}

/** While these run, sequence numbers must hold (RFC 3501 §7.4.1). */
const withoutExpunge = /^(?:FETCH|STORE|SEARCH|SORT|THREAD)\b/i;
const unknown = (): KnownMessage => ({ uid: undefined, flags: undefined, modseq: undefined });

export class ModelClient {
  readonly #client: ImapTestClient;
  #messages: KnownMessage[] = [];
  #serial = 0;
  #enabled = new Set<string>();
  #kept = new Map<string, KeptFolder>();
  #resuming: Map<number, KnownMessage> | undefined;
  #folder: string | undefined;
  #onClosed: () => void = () => undefined;
  #uidValidity = 0;
  #modseq = 0;
  #mailboxId = '';
  #lastLines: string[] = [];

  constructor(client: ImapTestClient) {
    this.#client = client;
  }

  static async open(server: ImapTestServer, options: ModelOptions = {}): Promise<ModelClient> {
    const client = new ModelClient(ImapTestClient.connect(server, true));
    await client.#client.readLine();
    await client.run(`LOGIN ${options.address ?? addresses[0]} "${password}"`);
    if (options.enable !== undefined && options.enable.length > 0) {
      await client.run(`ENABLE ${options.enable.join(' ')}`);
      client.#enabled = new Set(options.enable);
    }
    return client;
  }

  /** What it believes the folder holds. */
  get messages(): readonly KnownMessage[] {
    return this.#messages;
  }

  /** MAILBOXID of the open folder; undefined when none is open. */
  get mailboxId(): string | undefined {
    return this.#folder === undefined ? undefined : this.#mailboxId;
  }

  /** The last lines said and heard, for reports. */
  get lastLines(): readonly string[] {
    return this.#lastLines;
  }

  get #vanishes(): boolean {
    return this.#enabled.has('QRESYNC') || this.#enabled.has('UIDONLY');
  }

  /** Opens a folder; without QRESYNC all that was known is forgotten. Returns the tagged answer. */
  async select(folder: string, how: 'SELECT' | 'EXAMINE' = 'SELECT'): Promise<string> {
    await this.#leave();
    const kept = this.#kept.get(folder);
    const parameter = kept === undefined ? '' : ` (QRESYNC (${kept.uidValidity} ${kept.modseq}))`;
    const earlier = kept === undefined ? [] : kept.messages.map((each) => [each.uid ?? 0, each] as const);
    const begin = () => {
      this.#messages = [];
      this.#resuming = new Map(earlier);
    };
    // What is said before CLOSED is still about the old folder (RFC 7162 §3.2.11).
    if (this.#folder === undefined) begin();
    else this.#onClosed = begin;
    this.#folder = undefined;
    const answer = await this.run(`${how} ${folder}${parameter}`);
    if (answer.startsWith('OK')) {
      this.#folder = folder;
      if (kept !== undefined && kept.uidValidity === this.#uidValidity) this.#resume();
    }
    this.#resuming = undefined;
    return answer;
  }

  async unselect(): Promise<void> {
    await this.#leave();
    if (this.#folder !== undefined) await this.run('UNSELECT');
    this.#folder = undefined;
  }

  async enableQresync(): Promise<void> {
    this.#enabled.add('QRESYNC');
    await this.run('ENABLE QRESYNC');
  }

  /** Asks for UID and flags of what nobody has told yet. */
  async learnUnknown(): Promise<void> {
    const first = this.#messages.findIndex(({ uid, flags }) => uid === undefined || flags === undefined);
    if (first < 0) return;
    if (this.#enabled.has('UIDONLY')) await this.run('UID FETCH 1:* (UID FLAGS)');
    else await this.run(`FETCH ${first + 1}:${this.#messages.length} (UID FLAGS)`);
  }

  /** A STORE without answer: the client changes its own list, as RFC 3501 §6.4.6 expects. */
  async storeSilently(uid: number, sign: '+' | '-', flag: string): Promise<void> {
    const message = this.#messages.find((each) => each.uid === uid);
    if (message?.flags === undefined) return;
    message.flags = changeFlags(message.flags, sign, flag);
    const answer = await this.run(`UID STORE ${uid} ${sign}FLAGS.SILENT (${flag})`);
    assert.match(answer, /^OK/);
  }

  /** Sends a command, learns from all that comes, returns the tagged answer without its tag. */
  async run(command: string): Promise<string> {
    this.#serial++;
    const tag = `t${this.#serial}`;
    this.#note(`C: ${tag} ${command}`);
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
    this.#note(`C: ${tag} IDLE`);
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

  /** A client that keeps a folder must know the UIDs of all it counts. */
  async #leave(): Promise<void> {
    if (this.#folder === undefined || !this.#enabled.has('QRESYNC')) return;
    await this.learnUnknown();
    // A FETCH may have brought EXISTS: what is not known is not kept, the modseq did not pass it.
    const messages = this.#messages.filter(({ uid, flags }) => uid !== undefined && flags !== undefined);
    if (messages.length < this.#messages.length) this.#kept.delete(this.#folder);
    else
      this.#kept.set(this.#folder, {
        uidValidity: this.#uidValidity,
        modseq: this.#modseq,
        messages: messages.map((each) => ({ ...each })),
      });
  }

  /** What was kept, less what vanished, and what was fetched must be exactly what the folder counts. */
  #resume(): void {
    const known = this.#resuming as Map<number, KnownMessage>;
    const uids = [...known.keys()].sort((a, b) => a - b);
    assert.equal(uids.length, this.#messages.length, 'messages after QRESYNC');
    this.#messages = uids.map((uid, index) => {
      // Without message numbers nothing was said of places.
      const told = this.#enabled.has('UIDONLY') ? uid : this.#messages[index]?.uid;
      assert.equal(told ?? uid, uid, `UID of message ${index + 1} after QRESYNC`);
      return known.get(uid) as KnownMessage;
    });
  }

  #note(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > 40) this.#lastLines.shift();
  }

  async #readAnswer(tag: string, command: string): Promise<string> {
    for (;;) {
      const line = await this.#client.readLine();
      this.#note(`S: ${line}`);
      if (line.startsWith(`${tag} `)) {
        assert.doesNotMatch(line, /SERVERBUG/);
        this.#learnCode(line);
        return line.slice(tag.length + 1);
      }
      this.#learn(line, command);
    }
  }

  #learn(line: string, command: string): void {
    const [, exists] = /^\* (\d+) EXISTS$/.exec(line) ?? [];
    const [, expunged] = /^\* (\d+) EXPUNGE$/.exec(line) ?? [];
    const [, earlier, vanished] = /^\* VANISHED (\(EARLIER\) )?([\d:,]+)$/.exec(line) ?? [];
    // A literal may follow, flags and UID stand before it.
    const [, fetched, name, items] = /^\* (\d+) (FETCH|UIDFETCH) \((.*)$/.exec(line) ?? [];
    if (exists !== undefined) this.#grow(Number(exists));
    if (expunged !== undefined) this.#expunge(Number(expunged), command);
    if (vanished !== undefined && earlier !== undefined) this.#forgetKept(vanished);
    else if (vanished !== undefined) this.#vanish(vanished, command);
    if (fetched !== undefined) this.#learnFetch(Number(fetched), name ?? '', items ?? '');
    if (/^\* (?:OK|NO|BYE) \[/.test(line)) this.#learnCode(line);
  }

  #learnCode(line: string): void {
    if (line.startsWith('* OK [CLOSED]')) this.#onClosed();
    const code = (name: string) => new RegExp(`\\[${name} \\(?(\\w+)\\)?\\]`).exec(line)?.[1];
    const modseq = code('HIGHESTMODSEQ');
    if (modseq !== undefined) this.#modseq = Number(modseq);
    this.#uidValidity = Number(code('UIDVALIDITY') ?? this.#uidValidity);
    if (line.startsWith('* ')) this.#mailboxId = code('MAILBOXID') ?? this.#mailboxId;
  }

  #grow(count: number): void {
    assert.ok(count >= this.#messages.length, `EXISTS ${count} where ${this.#messages.length} are known`);
    while (this.#messages.length < count) this.#messages.push(unknown());
  }

  #expunge(sequence: number, command: string): void {
    assert.ok(!this.#vanishes, 'EXPUNGE to a client that wants VANISHED');
    assert.doesNotMatch(command, withoutExpunge, 'EXPUNGE while numbers must hold');
    assert.ok(sequence >= 1 && sequence <= this.#messages.length, `EXPUNGE ${sequence}`);
    this.#messages.splice(sequence - 1, 1);
  }

  #forgetKept(set: string): void {
    assert.ok(this.#vanishes, 'VANISHED to a client that did not ask for it');
    for (const uid of uidsOf(set)) this.#resuming?.delete(uid);
  }

  #vanish(set: string, command: string): void {
    assert.ok(this.#vanishes, 'VANISHED to a client that did not ask for it');
    assert.doesNotMatch(command, withoutExpunge, 'VANISHED while numbers must hold');
    for (const uid of uidsOf(set)) this.#vanishOne(uid);
  }

  /** A message may vanish before its UID was told: then it is one of those that can have that UID. */
  #vanishOne(uid: number): void {
    let index = this.#messages.findIndex((message) => message.uid === uid);
    if (index < 0) {
      const byUid = this.#enabled.has('UIDONLY');
      const above = byUid ? -1 : this.#messages.findIndex((message) => (message.uid ?? 0) > uid);
      index = (above < 0 ? this.#messages.length : above) - 1;
      assert.ok(
        index >= 0 && this.#messages[index]?.uid === undefined,
        `VANISHED ${uid}, which is not there`,
      );
    }
    this.#messages.splice(index, 1);
  }

  #learnFetch(number: number, name: string, told: string): void {
    const items = name === 'UIDFETCH' ? `UID ${number} ${told}` : told;
    assert.equal(name, this.#enabled.has('UIDONLY') ? 'UIDFETCH' : 'FETCH');
    if (name === 'UIDFETCH') this.#learnByUid(number, items);
    else this.#update(this.#messages[number - 1], items, number);
    const uid = /\bUID (\d+)/.exec(items)?.[1];
    if (this.#resuming === undefined || uid === undefined) return;
    const kept = this.#resuming.get(Number(uid)) ?? unknown();
    this.#resuming.set(Number(uid), kept);
    this.#update(kept, items, number);
  }

  /** UIDFETCH of a message whose UID was not told yet: which of the new ones it is makes no difference. */
  #learnByUid(uid: number, items: string): void {
    const known = this.#messages.find((each) => each.uid === uid);
    this.#update(known ?? this.#messages.find((each) => each.uid === undefined), items, uid);
    this.#messages.sort((a, b) => (a.uid ?? Number.MAX_VALUE) - (b.uid ?? Number.MAX_VALUE));
  }

  #update(message: KnownMessage | undefined, items: string, number: number): void {
    assert.ok(message !== undefined, `FETCH of message ${number}, known are ${this.#messages.length}`);
    const uid = /\bUID (\d+)/.exec(items)?.[1];
    if (uid !== undefined) {
      assert.equal(message.uid ?? Number(uid), Number(uid), `UID of message ${number}`);
      message.uid = Number(uid);
    }
    const flags = /\bFLAGS \(([^)]*)\)/.exec(items)?.[1];
    if (flags !== undefined) message.flags = sortFlags(flags.split(' '));
    const modseq = /\bMODSEQ \((\d+)\)/.exec(items)?.[1];
    if (modseq === undefined) return;
    message.modseq = Number(modseq);
    this.#modseq = Math.max(this.#modseq, message.modseq);
  }
}

function* uidsOf(set: string): Generator<number> {
  for (const range of set.split(',')) {
    const [first = 0, last = first] = range.split(':').map(Number);
    for (let uid = first; uid <= last; uid++) yield uid;
  }
}

function changeFlags(flags: string, sign: '+' | '-', flag: string): string {
  const others = flags.split(' ').filter((each) => each !== flag);
  return sortFlags(sign === '+' ? [...others, flag] : others);
}

export function sortFlags(flags: readonly string[]): string {
  return flags
    .filter((flag) => flag !== '\\Recent' && flag !== '')
    .sort()
    .join(' ');
}
