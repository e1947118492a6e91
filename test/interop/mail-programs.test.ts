/**
 * Certified mail in the programs people have: each sends a letter through the sandbox and fetches what comes back.
 * What the program itself has stored must hold: openssl verifies it, and the letter is in it.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, type TestContext, test } from 'node:test';
import { openCertifiedMail } from '../support/certified-mail.ts';
import { makeFolder } from '../support/folder.ts';
import {
  type Desk,
  fetchByFetchmail,
  fetchByOfflineimap,
  mailPrograms,
  writeLetter,
} from '../support/mail-programs.ts';
import { runProgram } from '../support/run-program.ts';
import {
  type Account,
  readMail,
  type SandboxProcess,
  startSandboxProcess,
  subjectOf,
  waitForMail,
} from '../support/sandbox-process.ts';

let sandbox: SandboxProcess;
before(async () => {
  sandbox = await startSandboxProcess();
});
after(() => sandbox.stop());

function openDesk(t: TestContext, account: Account): Desk {
  return { home: makeFolder(t), account };
}

for (const program of mailPrograms)
  test(`${program.name}: send, then read receipts and envelope`, async (t) => {
    const sender = openDesk(t, sandbox.alfa.account('mario.rossi'));
    const recipient = openDesk(t, sandbox.beta.account('anna.bianchi'));
    const subject = `Da ${program.name}`;
    const letter = { to: recipient.account.address, subject, text: `Scrivo con ${program.name}.` };
    await program.send(sender, letter);
    await waitForMail(recipient.account, `POSTA CERTIFICATA: ${subject}`);
    await waitForMail(sender.account, `CONSEGNA: ${subject}`);

    const sent = await program.fetch(sender);
    const arrived = await program.fetch(recipient);
    const open = (messages: Buffer[], prefix: string) => {
      const found = messages.filter((message) => subjectOf(message) === `${prefix}${subject}`);
      assert.equal(found.length, 1, `"${prefix}${subject}" in ${messages.map(subjectOf).join('; ')}`);
      return openCertifiedMail(t, found[0] ?? Buffer.alloc(0), sandbox.ca);
    };
    const acceptance = await open(sent, 'ACCETTAZIONE: ');
    assert.equal(await acceptance.xpath('string(//oggetto)'), subject);
    assert.equal(await acceptance.xpath('string(//destinatari)'), letter.to);
    const delivery = await open(sent, 'CONSEGNA: ');
    const envelope = await open(arrived, 'POSTA CERTIFICATA: ');
    assert.ok(envelope.postacert?.includes(letter.text), `${envelope.postacert}`);
    assert.deepEqual(delivery.postacert, envelope.postacert);
  });

test('fetchmail and offlineimap bring the same bytes home', async (t) => {
  const account = sandbox.alfa.account('mario.rossi');
  const stored = await readMail(account);
  assert.ok(stored.length > 0);
  const desk = openDesk(t, account);
  const compare = (messages: Buffer[]) => messages.map((message) => message.toString('latin1')).sort();
  assert.deepEqual(compare(await fetchByOfflineimap(desk)), compare(stored));
  const fetched = await fetchByFetchmail(desk);
  assert.equal(fetched.length, stored.length);
  for (const message of fetched) await openCertifiedMail(t, message, sandbox.ca);
});

test('thirty megabytes by curl are taken, delivered and read back byte for byte; more than the limit is not', async (t) => {
  const account = sandbox.alfa.account('anna.bianchi');
  const desk = openDesk(t, account);
  const lines = Array.from({ length: 400_000 }, () => randomBytes(57).toString('base64'));
  const letter = { to: account.address, subject: 'Trenta megabyte', text: lines.join('\r\n') };
  const message = writeLetter(desk, letter);
  assert.ok(message.length > 30_000_000);
  const send = (input: string) =>
    runProgram(
      'curl',
      [
        ...['-sS', '-v', '--cacert', account.ca, '--user', `${account.address}:${account.password}`],
        ...['--mail-from', account.address, '--mail-rcpt', account.address],
        ...[`smtps://localhost:${account.ports.submissions}`, '-T', '-'],
      ],
      { input },
    );
  const sent = await send(message);
  assert.equal(sent.status, 0, sent.text.slice(-2000));
  const envelope = await waitForMail(account, 'POSTA CERTIFICATA: Trenta megabyte');
  const opened = await openCertifiedMail(t, envelope, sandbox.ca);
  const body = Buffer.from(message.slice(message.indexOf('\r\n\r\n')));
  const { postacert = Buffer.alloc(0) } = opened;
  assert.ok(postacert.subarray(postacert.indexOf('\r\n\r\n')).equals(body));
  await waitForMail(account, 'CONSEGNA: Trenta megabyte');
  const tooBig = await send(message.padEnd(105_000_000, `${'x'.repeat(70)}\r\n`));
  assert.notEqual(tooBig.status, 0);
  assert.match(tooBig.text, /< 552 5\.3\.4 /);
});

test('a program with a wrong password, or another sender than its own, is told so', async (t) => {
  const account = sandbox.alfa.account('protocollo');
  const desk = openDesk(t, account);
  const letter = { to: 'anna.bianchi@alfa.test', subject: 'No', text: 'No' };
  const send = (user: string, from: string) =>
    runProgram(
      'curl',
      [
        ...['-sS', '-v', '--cacert', account.ca, '--user', user, '--mail-from', from],
        ...['--mail-rcpt', letter.to, `smtps://localhost:${account.ports.submissions}`, '-T', '-'],
      ],
      { input: writeLetter(desk, letter) },
    );
  const wrong = await send(`${account.address}:sbagliata`, account.address);
  assert.equal(wrong.status, 67, wrong.text);
  assert.match(wrong.text, /< 535 5\.7\.8 User name or password is wrong/);
  const other = await send(`${account.address}:${account.password}`, 'sindaco@alfa.test');
  assert.equal(other.status, 55, other.text);
  assert.match(other.text, /< 553 5\.7\.1 <sindaco@alfa\.test> is not an address of protocollo@alfa\.test/);
});

test('a From that is not the sender: taken, then answered by a notice of non-acceptance', async (t) => {
  const account = sandbox.alfa.account('protocollo');
  const desk = openDesk(t, account);
  const message = writeLetter(desk, { to: 'anna.bianchi@alfa.test', subject: 'Altro mittente', text: 'x' });
  const { status, text } = await runProgram(
    'curl',
    [
      ...['-sS', '--cacert', account.ca, '--user', `${account.address}:${account.password}`],
      ...['--mail-from', account.address, '--mail-rcpt', 'anna.bianchi@alfa.test'],
      ...[`smtps://localhost:${account.ports.submissions}`, '-T', '-'],
    ],
    { input: message.replace(account.address, 'sindaco@alfa.test') },
  );
  assert.equal(status, 0, text);
  const notice = await waitForMail(account, 'AVVISO DI NON ACCETTAZIONE: Altro mittente');
  const opened = await openCertifiedMail(t, notice, sandbox.ca);
  assert.equal(await opened.xpath('string(/postacert/@errore)'), 'altro');
  assert.match(opened.text, /sindaco@alfa\.test|mittente/i);
  assert.ok(
    !(await readMail(sandbox.alfa.account('anna.bianchi'))).some((each) => each.includes('Altro mittente')),
  );
});
