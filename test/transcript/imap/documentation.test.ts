/** docs/imap.md speaks of everything the server announces. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ImapTestClient } from '../../support/imap-client.ts';
import { addresses, password, startImapServer } from '../../support/imap-server.ts';

test('every capability stands in docs/imap.md', async (t) => {
  const server = await startImapServer();
  t.after(() => server.close());
  const client = ImapTestClient.connect(server, true);
  t.after(() => client.destroy());
  const greeting = await client.readLine();
  const login = (await client.command('l', `LOGIN ${addresses[0]} "${password}"`)).at(-1) ?? '';
  const announced = [greeting, login].flatMap(
    (line) => /\[CAPABILITY ([^\]]+)\]/.exec(line)?.[1]?.split(' ') ?? [],
  );
  const page = readFileSync(join(import.meta.dirname, '../../../docs/imap.md'), 'utf8');
  const words = new Set(page.match(/[A-Za-z0-9=+-]+/g));
  const silent = announced
    .map((name) => name.replace(/^APPENDLIMIT=.*/, 'APPENDLIMIT'))
    .filter((name) => !words.has(name));
  assert.deepEqual(silent, []);
});
