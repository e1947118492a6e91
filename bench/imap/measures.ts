/** What is measured: each step is one thing a mail program does, timed from its first byte to the tagged answer. */
import { BenchClient } from './client.ts';
import { makeMessage, rareWord } from './messages.ts';
import type { Contestant, Mailbox } from './servers.ts';

/** One server and one mailbox of it, with a connection that is logged in and has the folder open. */
export interface Subject {
  readonly server: Contestant;
  readonly mailbox: Mailbox;
  readonly client: BenchClient;
}

export interface Measure {
  readonly name: string;
  /** Milliseconds. */
  readonly run: (subject: Subject, round: number) => Promise<number>;
  /** Grows with the mailbox, so that the growth check looks at it. */
  readonly grows: boolean;
  /** Takes long: fewer rounds. */
  readonly heavy?: boolean;
}

export async function openSubject(server: Contestant, mailbox: Mailbox): Promise<Subject> {
  const client = await BenchClient.logIn(server.port, mailbox.address, server.password);
  await client.ask('SELECT INBOX');
  return { server, mailbox, client };
}

type Command = (mailbox: Mailbox, round: number) => string;

const asking =
  (command: Command): Measure['run'] =>
  async ({ client, mailbox }, round) =>
    (await client.ask(command(mailbox, round))).ms;

const whole = (name: string, command: Command | string): Measure => ({
  name,
  run: asking(typeof command === 'string' ? () => command : command),
  grows: true,
  heavy: true,
});

const small = (name: string, command: Command | string): Measure => ({
  ...whole(name, command),
  grows: false,
  heavy: false,
});

/** `count` messages somewhere in the folder, another place each round. */
function page(count: number): Command {
  return ({ messages }, round) => {
    const first = 1 + ((round * 7919) % Math.max(1, messages - count));
    return `${first}:${Math.min(first + count - 1, messages)}`;
  };
}
const page50 = page(50);
const page1000 = page(1000);

async function logIn({ server, mailbox }: Subject): Promise<number> {
  const began = performance.now();
  const client = await BenchClient.logIn(server.port, mailbox.address, server.password);
  const ms = performance.now() - began;
  client.close();
  return ms;
}

async function append({ client, mailbox }: Subject, round: number): Promise<number> {
  const { bytes } = makeMessage(round, mailbox.messages);
  const began = performance.now();
  for (let count = 0; count < 10; count += 1) await appendOne(client, bytes);
  return (performance.now() - began) / 10;
}

function appendOne(client: BenchClient, bytes: Buffer) {
  return client.ask(Buffer.concat([Buffer.from(`APPEND Sent {${bytes.length}+}\r\n`), bytes]));
}

/** From sending a message to the folder to another session's hearing of it. */
async function wakeUp({ server, mailbox, client }: Subject, round: number): Promise<number> {
  const watcher = await BenchClient.logIn(server.port, mailbox.address, server.password);
  await watcher.ask('SELECT Trash');
  const { told } = await watcher.idle();
  const { bytes } = makeMessage(round, mailbox.messages);
  const began = performance.now();
  await client.ask(Buffer.concat([Buffer.from(`APPEND Trash {${bytes.length}+}\r\n`), bytes]));
  await told;
  const ms = performance.now() - began;
  await watcher.stopIdle();
  watcher.close();
  return ms;
}

const flagging: Measure['run'] = async ({ client, mailbox }, round) => {
  const sign = round % 2 === 0 ? '+' : '-';
  return (await client.ask(`STORE 1:${mailbox.messages} ${sign}FLAGS.SILENT ($Letto)`)).ms;
};

export const measures: readonly Measure[] = [
  { name: 'login, with TLS', run: logIn, grows: false },
  whole('SELECT', 'SELECT INBOX'),
  whole('FETCH 1:* (UID FLAGS)', 'FETCH 1:* (UID FLAGS)'),
  whole('FETCH 1:* (ENVELOPE FLAGS)', 'FETCH 1:* (UID ENVELOPE FLAGS)'),
  small(
    'FETCH 50 (ENVELOPE FLAGS BODYSTRUCTURE …)',
    (mailbox, round) =>
      `FETCH ${page50(mailbox, round)} (UID ENVELOPE FLAGS INTERNALDATE RFC822.SIZE BODYSTRUCTURE)`,
  ),
  small(
    'FETCH 50 headers named by field',
    (mailbox, round) =>
      `FETCH ${page50(mailbox, round)} (UID FLAGS RFC822.SIZE BODY.PEEK[HEADER.FIELDS (FROM TO CC SUBJECT DATE MESSAGE-ID REFERENCES)])`,
  ),
  small('FETCH 1,000 bodies', (mailbox, round) => `FETCH ${page1000(mailbox, round)} (UID BODY.PEEK[])`),
  whole('SEARCH FLAGGED', 'SEARCH FLAGGED'),
  whole('SEARCH SINCE', 'SEARCH SINCE 1-Jun-2026'),
  whole('SEARCH FROM', 'SEARCH FROM "anna.bianchi7"'),
  whole('SEARCH SUBJECT', 'SEARCH SUBJECT "sentenza gara"'),
  whole('SEARCH BODY, a rare word', `SEARCH BODY "${rareWord}"`),
  whole('SEARCH TEXT, a common word', 'SEARCH TEXT "diffida"'),
  whole('SORT (DATE)', 'SORT (REVERSE DATE) UTF-8 ALL'),
  whole('SORT (SUBJECT)', 'SORT (SUBJECT) UTF-8 ALL'),
  whole('THREAD REFERENCES', 'THREAD REFERENCES UTF-8 ALL'),
  { name: 'APPEND of 8 KB', run: append, grows: false },
  small(
    'STORE of 50',
    (mailbox, round) =>
      `STORE ${page50(mailbox, round)} ${round % 2 === 0 ? '+' : '-'}FLAGS.SILENT (\\Answered)`,
  ),
  { name: 'STORE of all', run: flagging, grows: true, heavy: true },
  { name: 'IDLE wake-up', run: wakeUp, grows: false },
];

/** Folders that the measures write to. */
export async function prepareFolders({ client }: Subject): Promise<void> {
  for (const name of ['Sent', 'Trash']) await client.ask(`CREATE ${name}`).catch(() => undefined);
}
