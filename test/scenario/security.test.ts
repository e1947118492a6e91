/**
 * A provider as its operator makes one, and people who want what is not theirs: secrets in the diagnostics, mail of
 * another mailbox, a way through to somebody else's server.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { makeOwnProvider, type OwnProvider } from '../support/own-provider.ts';
import { waitFor } from '../support/run-program.ts';
import { type Account, type Ports, pec } from '../support/sandbox-process.ts';
import { writeMail } from '../support/scenario-mail.ts';
import { type Reply, SmtpTalker, transact } from '../support/scenario-smtp.ts';

const secretText = 'parola-che-nessun-altro-legge';

let own: OwnProvider;
let mario: Account;
let anna: Account;
let ca: string;

before(async () => {
  own = await makeOwnProvider('alfa.test');
  const logFile = join(own.folder, 'provider.log');
  await own.configure({ log: { level: 'trace', file: logFile } });
  await pec('domain', 'add', own.domain, '--config', own.configFile);
  [mario, anna] = [await own.addMailbox('mario'), await own.addMailbox('anna')];
  ca = readFileSync(own.ca, 'utf8');
  await own.serve();
  assert.equal((await submit(mario, [mario.address])).code, 250);
  await waitFor('the message is there', async () =>
    (await talk('imaps', [login(mario), 'b STATUS INBOX (MESSAGES)', 'c LOGOUT'])).includes('MESSAGES 3')
      ? true
      : undefined,
  );
});
after(() => own.remove());

async function submit(from: Account, to: readonly string[], password = from.password): Promise<Reply> {
  const talker = await SmtpTalker.open(own.ports.submissions, ca);
  await talker.command('EHLO client.test');
  const entered = await talker.login(from.address, password);
  if (entered.code !== 235) {
    talker.drop();
    return entered;
  }
  const message = writeMail({ from: from.address, to, subject: secretText, body: `${secretText}\r\n` });
  const reply = await transact(talker, { from: from.address, to, message });
  await talker.quit();
  return reply;
}

/** All that a server says to these lines, sent at once, until it closes. */
async function talk(port: keyof Ports, lines: readonly string[]): Promise<string> {
  const socket = tls.connect({ port: own.ports[port], host: '127.0.0.1', servername: 'localhost', ca });
  const chunks: Buffer[] = [];
  socket.write(lines.map((line) => `${line}\r\n`).join(''));
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function login({ address, password }: Account): string {
  return `a LOGIN "${address}" "${password}"`;
}

function plain({ address }: Account, password: string): string {
  return Buffer.from(`\0${address}\0${password}`).toString('base64');
}

function listFiles(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

test('no password and no text of a message stands in the diagnostics, not even at level trace', async () => {
  const wrong = 'sbagliata-del-tutto';
  assert.equal((await submit(mario, [anna.address])).code, 250);
  assert.equal((await submit(mario, [anna.address], wrong)).code, 535);
  assert.match(
    await talk('imaps', [login(anna), 'b SELECT INBOX', 'c FETCH 1:* BODY[]', 'd LOGOUT']),
    /d OK/,
  );
  assert.match(await talk('imaps', [login({ ...anna, password: wrong }), 'b LOGOUT']), /a NO/);
  assert.match(await talk('imaps', [`a AUTHENTICATE PLAIN ${plain(anna, wrong)}`, 'b LOGOUT']), /a NO/);
  const pop3 = [`USER ${anna.address}`, `PASS ${anna.password}`, 'RETR 1', 'QUIT'];
  assert.match(await talk('pop3s', pop3), /\+OK[\s\S]*\+OK/);
  assert.match(await talk('pop3s', [`USER ${anna.address}`, `PASS ${wrong}`, 'QUIT']), /-ERR/);
  const secrets = [mario.password, anna.password, wrong, secretText].flatMap((secret) => [
    secret,
    Buffer.from(secret).toString('base64').replace(/=+$/, ''),
  ]);
  const tokens = [
    plain(mario, mario.password),
    plain(mario, wrong),
    plain(anna, anna.password),
    plain(anna, wrong),
  ];
  const log = readFileSync(join(own.folder, 'provider.log'), 'utf8');
  assert.ok(log.includes(mario.address), 'the diagnostics tell who it was');
  for (const secret of [...secrets, ...tokens]) assert.ok(!log.includes(secret), secret);
});

test('a wrong password and an unknown name are told alike', async () => {
  const nobody = { ...mario, address: 'nessuno@alfa.test', password: 'sbagliata' };
  const known = { ...mario, password: 'sbagliata' };
  const replies = await Promise.all([submit(nobody, []), submit(known, [])]);
  assert.deepEqual(replies[0], replies[1]);
  const nameless = (text: string) => text.replaceAll(/(nessuno|mario)@alfa\.test/g, '-');
  for (const [port, say] of [
    ['imaps', (who: Account) => [login(who), 'b LOGOUT']],
    ['pop3s', (who: Account) => [`USER ${who.address}`, `PASS ${who.password}`, 'QUIT']],
  ] as const) {
    const [one, other] = await Promise.all([talk(port, say(nobody)), talk(port, say(known))]);
    assert.equal(nameless(one), nameless(other), port);
    assert.match(one, /^(a NO|-ERR)/m);
  }
});

test('what holds a key or a setting is for its owner only, and so are the data', () => {
  const isSecret = (file: string) =>
    file === own.configFile || /PRIVATE KEY/.test(readFileSync(file, 'latin1'));
  const secret = listFiles(own.folder).filter(isSecret);
  assert.ok(secret.length >= 3, `settings, signing key and TLS key: ${secret}`);
  for (const file of [...secret, join(own.folder, 'data')])
    assert.equal(statSync(file).mode & 0o077, 0, file);
});

test('no name of a folder leads into another mailbox', async () => {
  const [user, domain] = mario.address.split('@');
  const names = [
    `../${mario.address}/INBOX`,
    `/${mario.address}/INBOX`,
    `~${user}/INBOX`,
    `#user/${mario.address}/INBOX`,
    `user/${user}`,
    `user.${user}.INBOX`,
    `Other Users/${mario.address}/INBOX`,
    `Other Users/${mario.address}`,
    `INBOX/../../${user}/INBOX`,
    `${mario.address}`,
    `${domain}/${user}/INBOX`,
    'INBOX\u0000',
    '%',
    '*',
  ].filter((name) => !name.includes('\0'));
  const commands = names.flatMap((name, at) => [
    `s${at} SELECT "${name}"`,
    `t${at} STATUS "${name}" (MESSAGES)`,
    `r${at} RENAME "${name}" "Mia${at}"`,
    `q${at} GETQUOTAROOT "${name}"`,
    `g${at} GETACL "${name}"`,
    `m${at} GETMETADATA "${name}" /private/comment`,
    `x${at} DELETE "${name}"`,
  ]);
  const url = `imap://${mario.address.replace('@', '%40')}@localhost/INBOX/;UID=1`;
  const all = [
    login(anna),
    'b LIST "" "*"',
    'c LIST "" (*% "../*" "Other Users/*")',
    'd LSUB "" "*"',
    ...commands,
    `u1 APPEND Drafts CATENATE (URL "${url}")`,
    `u2 APPEND Drafts CATENATE (URL "/${mario.address}/INBOX/;UID=1")`,
    'z LOGOUT',
  ];
  const answer = await talk('imaps', all);
  const good = answer.split('\r\n').filter((line) => /^[strgmxqu]\d+ OK/.test(line));
  // A quota root may be asked for any name; the answer is about the own mailbox.
  assert.deepEqual(
    good.filter((line) => !line.startsWith('q')),
    [],
  );
  assert.ok(!answer.includes(secretText) && !answer.includes(`"${mario.address}"`), answer);
  assert.match(answer, /^z OK/m);
  const left = await talk('imaps', [login(mario), 'b SELECT INBOX', 'c FETCH 1 BODY[]', 'd LOGOUT']);
  assert.match(left, /^c OK/m);
  assert.ok(left.includes('Subject: ACCETTAZIONE'), 'what was there is there');
});

test('nothing goes through to another server for a stranger', async () => {
  const from = 'y@gamma.test';
  const message = writeMail({ from, to: ['x@gamma.test'] });
  const outside = [
    'x@gamma.test',
    'x%gamma.test@alfa.test',
    '"x@gamma.test"@alfa.test',
    'gamma.test!x@alfa.test',
    '@alfa.test:x@gamma.test',
    'x@gamma.test@alfa.test',
    'x@[127.0.0.1]',
    'x@localhost',
    'x',
    'x@gamma.test\u0000@alfa.test',
  ];
  for (const path of outside) {
    const talker = await SmtpTalker.open(own.ports.mx);
    await talker.command('EHLO peer.test');
    const { code } = await transact(talker, { from, to: [path], message });
    assert.ok(code >= 500 && code < 600, `${path} ${code}`);
    talker.drop();
  }
  assert.doesNotMatch(await pec('queue', 'list', '--config', own.configFile), /gamma\.test/);
});

test('nobody sends in another name, by any spelling of it', async () => {
  const talker = await SmtpTalker.open(own.ports.submissions, ca);
  await talker.command('EHLO client.test');
  assert.equal((await talker.login(anna.address, anna.password)).code, 235);
  for (const sender of [
    mario.address,
    'MARIO@ALFA.TEST',
    '"mario"@alfa.test',
    '@alfa.test:mario@alfa.test',
    '',
  ]) {
    await talker.command('RSET');
    const reply = await talker.command(`MAIL FROM:<${sender}>`);
    const there = reply.code < 400 ? await talker.command(`RCPT TO:<${anna.address}>`) : reply;
    assert.ok(there.code >= 500 && there.code < 600, `${sender}: ${there.code} ${there.text}`);
  }
  await talker.quit();
});
