/** curl, as scripts of registry offices use it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openScene, storedMessages } from '../support/imap-interop.ts';
import { readMessage } from '../support/imap-transcript.ts';

test('lists, reads, searches and uploads', async (t) => {
  const { server, caFile, user, password, run, write } = await openScene(t);
  const curl = (path: string, ...more: string[]) => {
    const url = `imaps://localhost:${server.port}/${path}`;
    return run('curl', ['-sS', '--cacert', caFile, '-u', `${user}:${password}`, url, ...more]);
  };
  assert.match(await curl(''), /\* LIST \(\\HasNoChildren\) "\/" INBOX/);
  assert.equal(await curl('INBOX;UID=2'), readMessage('pec.eml').toString('latin1'));
  assert.equal(await curl('INBOX;UID=2;SECTION=1.3.2.1'), 'Dentro al dentro.');
  assert.match(await curl('INBOX?SUBJECT%20offerta'), /\* SEARCH 2\b/);
  assert.match(await curl('INBOX', '-X', 'STATUS INBOX (MESSAGES)'), /\* STATUS INBOX \(MESSAGES 3\)/);
  const file = write('nuova.eml', 'Subject: da curl\r\n\r\nriga\r\n');
  await curl('Drafts', '-T', file);
  assert.equal((await storedMessages(server, 'Drafts'))[0]?.toString(), 'Subject: da curl\r\n\r\nriga\r\n');
  await assert.rejects(curl('INBOX', '-u', `${user}:sbagliata`), /ended with 67/);
});

test('takes STARTTLS and refuses to go without', async (t) => {
  const { server, caFile, user, password, run } = await openScene(t, 'imap');
  const url = `imap://localhost:${server.port}/INBOX;UID=3`;
  const args = ['-sS', '--cacert', caFile, '-u', `${user}:${password}`, url];
  assert.equal(await run('curl', [...args, '--ssl-reqd']), readMessage('html.eml').toString('latin1'));
  // Without TLS the server offers no way to log in.
  await assert.rejects(run('curl', args), /ended with 67/);
});
