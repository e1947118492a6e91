/** mbsync (isync): two-way synchronization, which shows every mistake in UIDs and flags. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { openScene, storedFlags, storedMessages } from '../support/imap-interop.ts';
import { deliver, readMessage } from '../support/imap-transcript.ts';

const filesIn = (folder: string) =>
  ['new', 'cur']
    .flatMap((name) => readdirSync(join(folder, name)).map((file) => join(folder, name, file)))
    .sort();

test('both sides end the same, also after changes on both', async (t) => {
  const { server, home, caFile, user, password, run, write } = await openScene(t);
  const mail = join(home, 'posta');
  mkdirSync(mail);
  const config = write(
    'mbsyncrc',
    `IMAPAccount pec
Host localhost
Port ${server.port}
User ${user}
Pass "${password}"
SSLType IMAPS
CertificateFile ${caFile}

IMAPStore remote
Account pec

MaildirStore local
Path ${mail}/
Inbox ${mail}/INBOX
SubFolders Verbatim

Channel pec
Far :remote:
Near :local:
Patterns *
Create Both
Remove Both
Expunge Both
CopyArrivalDate yes
SyncState *
`,
  );
  const sync = () => run('mbsync', ['-c', config, '-a', '-q']);
  const inbox = join(mail, 'INBOX');
  await sync();
  const contents = () => filesIn(inbox).map((file) => readFileSync(file, 'latin1'));
  // mbsync keeps its UID in a field of its own and drops the CRs on the way into the Maildir.
  const plain = (text: string) => text.replaceAll('\r', '').replace(/^X-TUID: .*\n/m, '');
  const original = plain(readMessage('pec.eml').toString('latin1'));
  assert.ok(contents().map(plain).includes(original));
  assert.equal(filesIn(inbox).length, 3);

  // Here: one read, one removed, one written. There: one new, one flagged.
  const [first = '', second = ''] = filesIn(inbox);
  renameSync(first, `${first.replace('/new/', '/cur/').replace(/:2,.*/, '')}:2,S`);
  rmSync(second);
  writeFileSync(join(inbox, 'new', 'mio.1.host'), 'Subject: da mbsync\n\nriga\n');
  await deliver(server, 'INBOX', readMessage('many.eml'), ['\\Flagged']);
  await sync();
  await sync();
  const stored = (await storedMessages(server, 'INBOX'))
    .map((message) => plain(message.toString('latin1')))
    .sort();
  assert.deepEqual(contents().map(plain).sort(), stored);
  assert.equal(stored.length, 4);
  assert.deepEqual((await storedFlags(server, 'INBOX')).sort(), ['', '', '\\Flagged', '\\Seen']);
  assert.ok(filesIn(inbox).some((file) => file.endsWith(':2,F')));
});
