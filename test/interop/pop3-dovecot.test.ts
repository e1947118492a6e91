/**
 * The same mail and the same commands to this server and to Debian's Dovecot: the answers are the same. What each is
 * free to choose (texts, unique names) is left out of the comparison; docs/pop3.md has the differences that remain.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import net from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ReferenceServer, startDovecot } from '../support/dovecot.ts';
import { makeFolder } from '../support/folder.ts';
import { ImapTestClient } from '../support/imap-client.ts';
import { readMessage } from '../support/imap-transcript.ts';
import { addresses, type Pop3TestServer, password, startPop3Server } from '../support/pop3-server.ts';
import { findProgram, skipFor } from './programs.ts';

const user = addresses[0];
const messages = [
  ...['note.eml', 'pec.eml', 'html.eml'].map(readMessage),
  ...[
    'Subject: punti\r\n\r\n.\r\n..\r\n...a\r\n.fine\r\n',
    'Subject: senza corpo\r\n',
    'Subject: corpo vuoto\r\n\r\n',
    'Subject: LF\n\nuno\n.due\n\ntre\n',
    `Subject: riga lunga\r\n\r\n${'x'.repeat(20_000)}\r\n`,
    'Subject: perch\u00e9\r\n\r\n\u00e8 cos\u00ec\r\n',
    'Subject: righe vuote\r\n\r\n\r\n\r\n\r\nfine\r\n',
    '\r\nsenza testata\r\n',
  ].map((text) => Buffer.from(text, 'latin1')),
];

/** Always the same numbers for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2147483648;
    return Math.floor((state / 2147483648) * below);
  };
}

function makeCommands(count: number, seed: number): string[] {
  const random = randomOf(seed);
  const arguments_ = ['', '0', '1', '99', 'x', '-1', '1 1 1'];
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const number = () => (random(6) === 0 ? pick(arguments_) : `${1 + random(messages.length)}`);
  const kinds: readonly (() => string)[] = [
    () => 'STAT',
    () => 'NOOP',
    () => `LIST ${random(2) === 0 ? '' : number()}`.trim(),
    () => `UIDL ${random(2) === 0 ? '' : number()}`.trim(),
    () => `RETR ${number()}`.trim(),
    () => `TOP ${number()} ${random(6) === 0 ? '' : random(4)}`.trim(),
    () => `DELE ${number()}`.trim(),
    () => (random(4) === 0 ? 'RSET' : 'STAT'),
    () => pick(['FOO', 'USER x', 'PASS x', 'AUTH PLAIN', 'list 1', 'Retr 2', 'STLS', '']),
  ];
  return Array.from({ length: count }, () => pick(kinds)());
}

/** What must be the same of an answer. */
async function ask(client: ImapTestClient, command: string): Promise<string> {
  client.write(`${command}\r\n`);
  const status = await client.readLine();
  const [keyword = '', first] = command.toUpperCase().split(' ');
  if (status.startsWith('-ERR')) return `-ERR ${/^-ERR (\[[^\]]+\])?/.exec(status)?.[1] ?? ''}`;
  assert.match(status, /^\+OK/, command);
  if (keyword === 'STAT' || (keyword === 'LIST' && first !== undefined)) return status;
  if (keyword === 'UIDL' && first !== undefined) return status.replace(/ \S+$/, ' name');
  if (!['LIST', 'UIDL', 'RETR', 'TOP'].includes(keyword)) return '+OK';
  const lines: string[] = [];
  for (let line = await client.readLine(); line !== '.'; line = await client.readLine()) lines.push(line);
  if (keyword !== 'UIDL') return lines.join('\n');
  assert.equal(new Set(lines.map((line) => line.split(' ')[1])).size, lines.length);
  return lines.map((line) => line.replace(/ \S+$/, ' name')).join('\n');
}

async function logIn(client: ImapTestClient, secret: string): Promise<string> {
  await client.readLine();
  await ask(client, `USER ${user}`);
  return ask(client, `PASS ${secret}`);
}

interface Pair {
  readonly ours: Pop3TestServer;
  readonly reference: ReferenceServer;
}

function connect({ ours, reference }: Pair): [ImapTestClient, ImapTestClient] {
  const socket = net.connect({ port: reference.port, host: '127.0.0.1', noDelay: true });
  return [ImapTestClient.connect(ours, true), new ImapTestClient(socket)];
}

/** One session with the same commands on both sides; what each answered. */
async function compareSession(pair: Pair, commands: readonly string[], end: 'QUIT' | 'drop'): Promise<void> {
  const [here, there] = connect(pair);
  try {
    assert.equal(await logIn(here, password), await logIn(there, pair.reference.password));
    for (const command of commands) {
      assert.equal(await ask(here, command), await ask(there, command), `to ${JSON.stringify(command)}`);
    }
    if (end === 'QUIT') assert.equal(await ask(here, 'QUIT'), await ask(there, 'QUIT'));
  } finally {
    here.destroy();
    there.destroy();
  }
}

function deliverTo({ folder }: ReferenceServer, message: Buffer): void {
  const args = ['-c', join(folder, 'dovecot.conf'), 'save', '-u', user];
  const { status, stderr } = spawnSync('doveadm', args, { input: message });
  assert.equal(status, 0, stderr.toString());
}

const missing =
  findProgram('dovecot') === undefined ? 'dovecot is not installed (Debian: dovecot-pop3d)' : undefined;
const notRoot = process.getuid?.() === 0 ? undefined : 'Dovecot starts as root only';

test('answers as Dovecot does', {
  skip: skipFor(missing ?? notRoot /* Dovecot is missing, or not root */),
}, async (t) => {
  const reference = await startDovecot(makeFolder(t), 'pop3');
  t.after(() => reference.stop());
  const ours = await startPop3Server({ limits: { badCommands: 1000 } });
  t.after(() => ours.close());
  for (const message of messages) {
    await ours.deliver(message);
    deliverTo(reference, message);
  }
  const pair = { ours, reference };
  const all = messages.map((_message, index) => index + 1);
  const every = all.flatMap((number) => [
    `LIST ${number}`,
    `RETR ${number}`,
    `TOP ${number} 0`,
    `TOP ${number} 2`,
  ]);
  await compareSession(pair, ['STAT', 'LIST', 'UIDL', ...every], 'drop');
  for (const seed of [1, 2, 3]) await compareSession(pair, makeCommands(60, seed), 'drop');
  // Deletions that count come last, and what they left is looked at.
  for (const seed of [4, 5]) {
    await compareSession(pair, [...makeCommands(30, seed), 'DELE 1'], 'QUIT');
    await compareSession(pair, ['STAT', 'LIST', 'UIDL'], 'QUIT');
  }
});
