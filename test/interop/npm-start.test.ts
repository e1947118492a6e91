/** `npm start` in a terminal: two providers within seconds, and Ctrl-C, which every process of the terminal gets. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { runWell, startServer, waitFor } from '../support/run-program.ts';
import { attach, readMail, root, subjectOf, waitForMail } from '../support/sandbox-process.ts';
import { openSubmission } from '../support/submission-by-hand.ts';
import { sendBySwaks, swaksOptions } from '../support/swaks.ts';

/** As a shell starts it: in a process group of its own, which gets the signals of the keyboard. */
function start(t: TestContext, folder: string, ...args: string[]) {
  const server = startServer('npm', ['start', '--silent', '--', '--folder', folder, ...args], {
    cwd: root,
    detached: true,
  });
  const { pid } = server.child;
  assert.ok(pid);
  const pressCtrlC = () => process.kill(-pid, 'SIGINT');
  let isGone = false;
  void server.ended.then(() => {
    isGone = true;
  });
  // Left over only when the test failed.
  t.after(() => isGone || process.kill(-pid, 'SIGKILL'));
  return { server, pressCtrlC };
}

test('starts, tells how to use it, stops in order, keeps the mail, starts anew', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'openpec-npm-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));

  const first = start(t, folder);
  const sandbox = await attach(first.server, folder);
  const mario = sandbox.alfa.account('mario.rossi');
  await waitFor('the announcement', () => (/Ctrl-C/.test(first.server.output()) ? true : undefined));
  const printed = first.server.output();
  for (const word of [mario.address, mario.password, `localhost:${mario.ports.imaps}`, 'endpoints.json'])
    assert.ok(printed.includes(word), printed);
  await sendBySwaks([...swaksOptions(mario), '--to', mario.address, '--header', 'Subject: Resta']);
  await waitForMail(mario, 'CONSEGNA: Resta');
  first.pressCtrlC();
  await first.server.ended;
  assert.ok(!existsSync(join(folder, 'endpoints.json')), first.server.output());
  assert.match(readFileSync(join(folder, 'alfa/provider.log'), 'utf8'), /"stopped"/);
  assert.match(readFileSync(join(folder, 'beta/provider.log'), 'utf8'), /"stopped"/);

  const second = start(t, folder);
  const again = (await attach(second.server, folder)).alfa.account('mario.rossi');
  assert.equal(again.password, mario.password);
  assert.deepEqual((await readMail(again)).map(subjectOf).sort(), [
    'ACCETTAZIONE: Resta',
    'CONSEGNA: Resta',
    'POSTA CERTIFICATA: Resta',
  ]);
  second.pressCtrlC();
  await second.server.ended;

  const third = start(t, folder, '--fresh');
  const fresh = (await attach(third.server, folder)).alfa.account('mario.rossi');
  assert.notEqual(fresh.password, mario.password);
  assert.deepEqual(await readMail(fresh), []);
  third.pressCtrlC();
  await third.server.ended;
});

test('the commands it prints work when they are pasted into a shell', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'openpec-npm-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const { server, pressCtrlC } = start(t, folder);
  const sandbox = await attach(server, folder);
  await waitFor('the announcement', () => (/Ctrl-C/.test(server.output()) ? true : undefined));
  const commands = server
    .output()
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => /^(swaks|curl|bin\/pec) /.test(line));
  assert.equal(commands.length, 5, server.output());
  for (const command of commands) await runWell('sh', ['-c', command], { cwd: root });
  await waitForMail(sandbox.alfa.account('anna.bianchi'), 'POSTA CERTIFICATA: Prova');
  await waitForMail(sandbox.beta.account('anna.bianchi'), 'POSTA CERTIFICATA: Prova');
  await waitForMail(
    sandbox.alfa.account('mario.rossi'),
    'AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO: Prova',
  );
  pressCtrlC();
  await server.ended;
});

test('Ctrl-C lets a message that is coming in be taken and answered', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'openpec-npm-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const first = start(t, folder);
  const mario = (await attach(first.server, folder)).alfa.account('mario.rossi');
  const session = await openSubmission(mario);
  await session.say(`MAIL FROM:<${mario.address}>`, 250);
  await session.say(`RCPT TO:<${mario.address}>`, 250);
  await session.say('DATA', 354);
  session.write(`From: ${mario.address}\r\nTo: ${mario.address}\r\nSubject: A cavallo\r\n\r\nprima`);
  first.pressCtrlC();
  await waitFor('the stop to begin', () => (existsSync(join(folder, 'endpoints.json')) ? undefined : true));
  await session.say(' e seconda parte\r\n.', 250);
  await first.server.ended;
  assert.match(readFileSync(join(folder, 'alfa/provider.log'), 'utf8'), /"stopped"/);
  const second = start(t, folder);
  const again = (await attach(second.server, folder)).alfa.account('mario.rossi');
  await waitForMail(again, 'CONSEGNA: A cavallo');
  second.pressCtrlC();
  await second.server.ended;
});
