/**
 * Our IMAP server in a process of its own, over a folder that is filled already. Tells its parent the port, and its
 * memory when asked.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { createAccounts } from '../../src/accounts/accounts.ts';
import { openFsBlobStore } from '../../src/blob/fs.ts';
import { indexNext } from '../../src/content/text-index.ts';
import { openSqlite } from '../../src/db/sqlite.ts';
import { createImapServer } from '../../src/imap/server.ts';
import { createMailStore } from '../../src/mailbox/store.ts';

const [folder = ''] = process.argv.slice(2);
const db = openSqlite({ file: join(folder, 'pec.db'), flush: 'beside' });
const blobs = await openFsBlobStore({ folder: join(folder, 'blobs') });
const context = createSecureContext({
  key: readFileSync(join(folder, 'key.pem')),
  cert: readFileSync(join(folder, 'cert.pem')),
});
const server = createImapServer({
  store: createMailStore({ db, blobs, clock: Date.now }),
  accounts: createAccounts({ db, clock: Date.now }),
  tls: () => context,
  mode: 'imaps',
  limits: { connections: 10_000, connectionsPerAddress: 10_000, connectionsPerMailbox: 10_000 },
});
// As the program does in the background; the benchmark begins when it is done.
for (let after: number | undefined = 0; after !== undefined; ) after = await indexNext({ db, blobs }, after);
const port = await server.listen(0, '127.0.0.1');
process.on('message', (wanted) => {
  if (wanted === 'stop') process.exit(0);
  globalThis.gc?.();
  process.send?.({ rss: process.memoryUsage.rss() });
});
process.send?.({ port });
