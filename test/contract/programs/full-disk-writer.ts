/**
 * A process whose files may not grow over a limit (set by the shell that starts it): appends small and large
 * messages until each has been refused some times, and tells each outcome.
 */
import { join } from 'node:path';
import { openFsBlobStore } from '../../../src/blob/fs.ts';
import { openSqlite } from '../../../src/db/sqlite.ts';
import { MailError } from '../../../src/lib/mail-error.ts';
import { createMailStore } from '../../../src/mailbox/store.ts';
import { inChunks, makeBytes } from '../blob-store-suite.ts';

// Without a listener the signal would end the process; with one, the write fails with EFBIG.
process.on('SIGXFSZ', () => undefined);

const [folder = '', mailbox = ''] = process.argv.slice(2);
const db = openSqlite({ file: join(folder, 'store.db') });
const blobs = await openFsBlobStore({ folder: join(folder, 'blobs') });
const store = createMailStore({ db, blobs, clock: Date.now });
const inbox = (await store.findFolder(Number(mailbox), 'INBOX'))?.id ?? 0;

async function append(size: number): Promise<string> {
  try {
    const content = await store.storeContent(inChunks(makeBytes(size), 10_000));
    await store.append(inbox, [{ content, flags: [], internalDate: 0 }]);
    return 'stored';
  } catch (error) {
    return error instanceof MailError
      ? `${error.kind} ${error.smtp.code} ${error.smtp.enhanced}`
      : `bug: ${error}`;
  }
}

for (const size of [20_000, 3_000_000]) {
  for (let refused = 0; refused < 5; ) {
    const outcomes = await Promise.all([append(size), append(size), append(size)]);
    refused += outcomes.filter((outcome) => outcome !== 'stored').length;
    for (const outcome of outcomes) console.log(`${size} ${outcome}`);
  }
}
