/** Backups of a provider with real traffic, made and brought back beside it: swaks sends, openssl and IMAP judge. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runWell } from '../support/run-program.ts';
import {
  type Account,
  pec,
  readMail,
  runPec,
  type SandboxProcess,
  startSandboxProcess,
  waitForMail,
} from '../support/sandbox-process.ts';
import { sendBySwaks, swaksOptions } from '../support/swaks.ts';

let sandbox: SandboxProcess;
let mario: Account;
let anna: Account;
let place: string;
let backup: string;

before(async () => {
  sandbox = await startSandboxProcess();
  mario = sandbox.alfa.account('mario.rossi');
  anna = sandbox.alfa.account('anna.bianchi');
  place = join(sandbox.folder, 'backups');
  for (const subject of ['uno', 'due']) {
    await sendBySwaks([...swaksOptions(mario), '--to', anna.address, '--header', `Subject: ${subject}`]);
    await waitForMail(mario, `CONSEGNA: ${subject}`);
  }
});
after(() => sandbox.stop());

const onAlfa = () => ['--config', sandbox.alfa.config];

test('a backup made beside the running provider is good, with a log that verifies in it', async () => {
  await pec('log', 'seal', ...onAlfa());
  backup = (await pec('backup', 'create', '--to', place, ...onAlfa())).trim();
  assert.match(await pec('backup', 'verify', place), /Every byte is as it was written/);
  const log = await pec('log', 'verify', '--full', '--data', backup, ...onAlfa());
  assert.match(log, /Everything is as it was written/);
});

test('a removed mailbox is brought back beside the running provider: same bytes, same password, good signatures', async () => {
  const mail = await readMail(mario);
  assert.ok(mail.length >= 4);
  await pec('mailbox', 'remove', mario.address, '--yes', ...onAlfa());
  assert.match(await pec('backup', 'restore', place, '--mailbox', mario.address, ...onAlfa()), /made anew/);
  const again = await readMail(mario);
  assert.deepEqual(again, mail);
  const file = join(sandbox.folder, 'restored.eml');
  for (const message of again) {
    writeFileSync(file, message);
    await runWell('openssl', ['cms', '-verify', '-in', file, '-CAfile', sandbox.ca, '-out', '/dev/null']);
  }
});

test('the whole provider is brought back into another data folder, and its log and mailboxes are there', async () => {
  const config = JSON.parse(await pec('config', 'show', ...onAlfa())) as Record<string, unknown>;
  const file = join(sandbox.folder, 'elsewhere.json');
  writeFileSync(file, JSON.stringify({ ...config, dataFolder: join(sandbox.folder, 'elsewhere') }), {
    mode: 0o600,
  });
  await pec('backup', 'restore', backup, '--config', file);
  assert.match(await pec('log', 'verify', '--full', '--config', file), /Everything is as it was written/);
  assert.match(await pec('mailbox', 'list', '--config', file), /mario\.rossi@alfa\.test/);
});

test('a byte changed in a backup is found', async () => {
  const database = join(backup, 'pec.db');
  const bytes = readFileSync(database);
  bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
  writeFileSync(database, bytes);
  const { status, text } = await runPec(['backup', 'verify', backup]);
  assert.equal(status, 1, text);
  assert.match(text, /WRONG {2}pec\.db: has other bytes/);
});
