/** Alpine: a message written and sent, its receipts read, one removed. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { waitFor } from '../support/run-program.ts';
import {
  readMail,
  type SandboxProcess,
  startSandboxProcess,
  subjectOf,
  waitForMail,
} from '../support/sandbox-process.ts';
import { pressKeys } from '../support/terminal-program.ts';

let sandbox: SandboxProcess;
let home: string;

before(async () => {
  sandbox = await startSandboxProcess();
  home = mkdtempSync(join(tmpdir(), 'openpec-alpine-'));
});
after(async () => {
  rmSync(home, { recursive: true, force: true });
  await sandbox.stop();
});

test('alpine sends, reads what comes back and removes a receipt', { timeout: 180_000 }, async () => {
  const mario = sandbox.alfa.account('mario.rossi');
  const anna = sandbox.alfa.account('anna.bianchi');
  const { ports, address, password } = mario;
  // Alpine asks the system alone which authorities to trust, and the sandbox's is not one of them.
  const place = (port: number) => `localhost:${port}/ssl/novalidate-cert/user="${address}"`;
  const features = 'allow-changing-from,quit-without-confirm,send-without-confirm,expunge-without-confirm';
  const settings = [
    `inbox-path={${place(ports.imaps)}}INBOX`,
    `default-fcc={${place(ports.imaps)}}Sent`,
    `smtp-server=${place(ports.submissions)}`,
    `customized-hdrs=From: Mario Rossi <${address}>`,
    `feature-list=${features}`,
    'last-version-used=9.99',
    'nntp-server=',
  ];
  mkdirSync(join(home, 'mail'));
  writeFileSync(join(home, 'pinerc'), `${settings.join('\n')}\n`);
  const alpine = `alpine -p ${join(home, 'pinerc')} -P /dev/null`;
  const login = [
    { when: /PASSWORD/, press: `${password}\r` },
    { when: /Preserve password/, press: 'n' },
  ];

  const letter = `mailto:${anna.address}?subject=Scritto%20con%20alpine&body=Buongiorno.`;
  await pressKeys(`${alpine} -url '${letter}'`, [{ when: /Buongiorno/, press: '\x18' }, ...login, ...login], {
    HOME: home,
  });
  const envelope = await waitForMail(anna, 'POSTA CERTIFICATA: Scritto con alpine');
  assert.match(envelope.toString('latin1'), /\r\nBuongiorno\.\r\n/);
  await waitForMail(mario, 'CONSEGNA: Scritto con alpine');

  const screen = await pressKeys(
    `${alpine} -i`,
    [
      ...login,
      { when: /Folder "INBOX" opened with 2 messages/, press: '\r' },
      { when: /Save certificate/, press: 'n' },
      { when: /MESSAGE TEXT/, press: 'd' },
      { when: /Save certificate/, press: 'n' },
      { when: /MESSAGE TEXT/, press: '<' },
      { when: /MESSAGE INDEX/, press: 'x' },
      { when: /[Ee]xpung/, press: 'q' },
    ],
    { HOME: home },
  );
  assert.match(screen, /Scritto con alpine/);
  await waitFor('one receipt is gone', async () => ((await readMail(mario)).length === 1 ? true : undefined));
  assert.deepEqual((await readMail(mario)).map(subjectOf), ['CONSEGNA: Scritto con alpine']);
  const sent = await readMail(mario, 'Sent');
  assert.deepEqual(sent.map(subjectOf), ['Scritto con alpine']);
});
