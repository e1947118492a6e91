/** offlineimap: another two-way synchronizer, with habits of its own. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { openScene, storedFlags, storedMessages } from '../support/imap-interop.ts';

test('synchronizes both ways', async (t) => {
  const { server, home, caFile, user, password, run, write } = await openScene(t);
  const config = write(
    'offlineimaprc',
    `[general]
accounts = pec
[Account pec]
localrepository = local
remoterepository = remote
[Repository local]
type = Maildir
localfolders = ${home}/posta
[Repository remote]
type = IMAP
remotehost = localhost
remoteport = ${server.port}
remoteuser = ${user}
remotepass = ${password}
ssl = yes
sslcacertfile = ${caFile}
`,
  );
  const sync = () => run('offlineimap', ['-o', '-c', config, '-u', 'quiet']);
  await sync();
  const inbox = join(home, 'posta', 'INBOX');
  const files = () =>
    ['new', 'cur'].flatMap((name) => readdirSync(join(inbox, name)).map((file) => join(inbox, name, file)));
  assert.equal(files().length, 3);
  // It writes headers anew on its way, so only what it leaves alone is compared.
  const here = files().find((file) =>
    readFileSync(file, 'latin1').includes('\nX-Trasporto: posta-certificata\n'),
  );
  assert.ok(here);
  renameSync(here, join(inbox, 'cur', `${basename(here).replace(/:2,.*/, '')}:2,FS`));
  writeFileSync(join(inbox, 'new', 'mio.1.host'), 'Subject: da offlineimap\n\nriga\n');
  await sync();
  const stored = await storedMessages(server, 'INBOX');
  assert.equal(stored.length, 4);
  assert.match(stored[3]?.toString() ?? '', /^Subject: da offlineimap\r\n/m);
  assert.equal((await storedFlags(server, 'INBOX'))[1], '\\Flagged \\Seen');
});
