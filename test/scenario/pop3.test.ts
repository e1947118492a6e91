/**
 * POP3 of a provider as its operator makes one: real certified mail, the same bytes as by IMAP, logins counted over all
 * edges, and a kill -9 in the middle of a session that had something to delete.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { ImapTestClient } from '../support/imap-client.ts';
import { makeOwnProvider, type OwnProvider } from '../support/own-provider.ts';
import { waitFor } from '../support/run-program.ts';
import { type Account, pec } from '../support/sandbox-process.ts';
import { writeMail } from '../support/scenario-mail.ts';
import { SmtpTalker, transact } from '../support/scenario-smtp.ts';
import { bindingOf, ScramClient } from '../support/scram-client.ts';

let own: OwnProvider;
let mario: Account;
let anna: Account;
let ca: string;

before(async () => {
  own = await makeOwnProvider('alfa.test');
  await pec('domain', 'add', own.domain, '--config', own.configFile);
  [mario, anna] = [await own.addMailbox('mario'), await own.addMailbox('anna')];
  ca = readFileSync(own.ca, 'utf8');
  await own.serve();
  const talker = await SmtpTalker.open(own.ports.submissions, ca);
  await talker.command('EHLO client.test');
  assert.equal((await talker.login(mario.address, mario.password)).code, 235);
  const message = writeMail({
    from: mario.address,
    to: [anna.address],
    subject: 'x',
    body: '.\r\n..\r\nciao\r\n',
  });
  const sent = await transact(talker, { from: mario.address, to: [anna.address], message });
  assert.equal(sent.code, 250);
  await talker.quit();
  await waitFor('both receipts are there', async () =>
    (await countMessages(mario)) === 2 ? true : undefined,
  );
});
after(() => own.remove());

async function connect(port: number): Promise<ImapTestClient> {
  const client = ImapTestClient.connect({ port, ca }, true);
  await client.readLine();
  return client;
}

async function say(client: ImapTestClient, line: string): Promise<string> {
  client.write(`${line}\r\n`);
  return client.readLine();
}

async function logIn({ address, password }: Account): Promise<ImapTestClient> {
  const client = await connect(own.ports.pop3s);
  assert.match(await say(client, `USER ${address}`), /^\+OK/);
  assert.match(await say(client, `PASS ${password}`), /^\+OK/);
  return client;
}

async function countMessages(account: Account): Promise<number> {
  const client = await logIn(account);
  const [, count] = (await say(client, 'STAT')).split(' ');
  await say(client, 'QUIT');
  client.destroy();
  return Number(count);
}

/** A message as the two protocols give it. */
async function readByPop3(client: ImapTestClient, number: number): Promise<string> {
  const octets = Number(/ (\d+) /.exec(await say(client, `RETR ${number}`))?.[1]);
  const lines: string[] = [];
  for (let line = await client.readLine(); line !== '.'; line = await client.readLine())
    lines.push(`${line.startsWith('.') ? line.slice(1) : line}\r\n`);
  const text = lines.join('');
  assert.equal(Buffer.byteLength(text), octets);
  return text;
}

async function readByImap({ address, password }: Account, number: number): Promise<string> {
  const client = await connect(own.ports.imaps);
  await client.command('a', `LOGIN ${address} "${password}"`);
  await client.command('b', 'EXAMINE INBOX');
  const octets = Number(/\{(\d+)\}/.exec(await say(client, `c FETCH ${number} BODY.PEEK[]`))?.[1]);
  const bytes = await client.readBytes(octets);
  client.destroy();
  return bytes.toString('utf8');
}

test('envelope and receipts come by POP3 as they come by IMAP, byte for byte', async () => {
  for (const [account, count] of [
    [mario, 2],
    [anna, 1],
  ] as const) {
    const client = await logIn(account);
    for (let number = 1; number <= count; number += 1)
      assert.equal(await readByPop3(client, number), await readByImap(account, number));
    client.destroy();
  }
});

test('a password set by the command line opens by SCRAM, bound to the connection', async () => {
  const client = await connect(own.ports.pop3s);
  const channel = bindingOf(client.socket as TLSSocket, 'tls-exporter');
  const scram = new ScramClient({
    name: mario.address,
    password: mario.password,
    header: 'p=tls-exporter,,',
    channel,
  });
  const step = async (line: string) =>
    Buffer.from((await say(client, line)).replace(/^\+ /, ''), 'base64').toString();
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const first = await step(`AUTH SCRAM-SHA-256-PLUS ${base64(scram.first)}`);
  scram.checkServer(await step(base64(scram.answer(first))));
  assert.match(await say(client, ''), /^\+OK 2 messages/);
  client.destroy();
});

test('a kill in the middle of a session deletes nothing, and its mailbox is free when the provider is back', async () => {
  const client = await logIn(mario);
  assert.match(await say(client, 'DELE 1'), /^\+OK/);
  assert.match(await say(await connect(own.ports.pop3s), `USER ${mario.address}`), /^\+OK/);
  await own.stop();
  client.destroy();
  const killed = await own.serve();
  const again = await logIn(mario);
  assert.match(await say(again, 'DELE 2'), /^\+OK/);
  await killed.stop('SIGKILL');
  again.destroy();
  await own.serve();
  assert.equal(await countMessages(mario), 2);
});

test('who guesses by IMAP is locked out of POP3 too', async () => {
  // At the same time: the guard makes each of them wait.
  const guess = async () => {
    const client = await connect(own.ports.imaps);
    client.write(`a LOGIN ${anna.address} sbagliata\r\n`);
    const answer = await client.readLine().catch(() => client.readLine());
    client.destroy();
    return answer;
  };
  for (const answer of await Promise.all(Array.from({ length: 10 }, guess)))
    assert.match(answer, /^a NO \[AUTHENTICATIONFAILED\]/);
  const client = await connect(own.ports.pop3s);
  await say(client, `USER ${anna.address}`);
  assert.match(await say(client, `PASS ${anna.password}`), /^-ERR \[SYS\/TEMP\]/);
  client.destroy();
});
