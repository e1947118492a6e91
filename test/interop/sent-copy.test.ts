/**
 * Certified mail with programs that know nothing of it: an application password and a folder for receipts, given by
 * the command line while the provider runs; swaks sends, neomutt finds the sent message by its keyword.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeFolder } from '../support/folder.ts';
import { runWell, waitFor } from '../support/run-program.ts';
import {
  type Account,
  pec,
  readMail,
  type SandboxProcess,
  startSandboxProcess,
} from '../support/sandbox-process.ts';
import { sendBySwaks, swaksOptions, trySwaks } from '../support/swaks.ts';

let sandbox: SandboxProcess;
before(async () => {
  sandbox = await startSandboxProcess();
});
after(() => sandbox.stop());

const onAlfa = (...args: string[]) => pec(...args, '--config', sandbox.alfa.config);

/** Copies what has the keyword from the folder to a file, as a person would: by a pattern. */
async function copyByKeyword(home: string, account: Account, keyword: string): Promise<string> {
  const url = `imaps://localhost:${account.ports.imaps}`;
  const [config, copies] = [join(home, 'neomuttrc'), join(home, 'copies.mbox')];
  const keys = `<tag-pattern>~Y '${keyword.replace('$', '\\\\$')}'<enter><tag-prefix><copy-message>${copies}<enter><quit>`;
  writeFileSync(
    config,
    `set imap_user="${account.address}" imap_pass="${account.password}"
set folder="${url}/" spoolfile="${url}/Sent" record="" postponed=""
set certificate_file="${account.ca}" ssl_ca_certificates_file="${account.ca}"
set confirmcreate=no confirmappend=no delete=no quit=yes move=no mbox_type=mbox
push "${keys}"
`,
  );
  const env = { HOME: home, TERM: 'xterm', LC_ALL: 'C.UTF-8' };
  await runWell('script', ['-qec', `neomutt -F ${config} -f ${url}/Sent`, '/dev/null'], {
    env,
    cwd: home,
    limitMs: 20_000,
  });
  return existsSync(copies) ? readFileSync(copies, 'latin1') : '';
}

test('an application password sends and reads; the sent copy tells of the delivery; receipts stand apart', async (t) => {
  const mario = sandbox.alfa.account('mario.rossi');
  const anna = sandbox.alfa.account('anna.bianchi');
  const set = ['mailbox', 'set', mario.address];
  await onAlfa(...set, '--receipts-folder', 'Ricevute/', '--sent-copy', 'yes');
  const made = ['mailbox', 'app-password', 'add', mario.address, '--for', 'portatile'];
  const secret = (await onAlfa(...made)).trim();
  const laptop: Account = { ...mario, password: secret };
  const sent = await sendBySwaks([
    ...[...swaksOptions(laptop), '--to', anna.address],
    ...['--header', 'Subject: Offerta', '--body', 'Buongiorno'],
  ]);
  const receipts = async () =>
    (await readMail(laptop, 'Ricevute').catch(() => [])).length === 2 ? true : undefined;
  await waitFor('two receipts in Ricevute', receipts, {});
  assert.equal((await readMail(laptop)).length, 0);
  assert.deepEqual(await readMail(laptop, 'Sent'), [sent.message]);
  const home = makeFolder(t);
  const copies = await copyByKeyword(home, laptop, '$PEC-Delivered');
  assert.equal(copies.match(/^From /gm)?.length, 1, copies);
  assert.ok(copies.includes(sent.messageId));

  await onAlfa('mailbox', 'app-password', 'revoke', mario.address, '1');
  assert.match((await trySwaks([...swaksOptions(laptop), '--to', anna.address])).text, /535 5\.7\.8/);
  await assert.rejects(readMail(laptop));
});
