/** Another process that appends to the same stream: `<file> <name> <count>`, one transaction an entry. */
import { openSqlite } from '../../../src/db/sqlite.ts';
import { appendEvent } from '../../../src/message-log/append.ts';
import { makeLocalMessage } from '../../support/log-events.ts';

const [file = '', name = '', count = '0'] = process.argv.slice(2);
const db = openSqlite({ file, flush: 'beside' });
console.log('begun');
for (let number = 0; number < Number(count); number += 1)
  for (const event of makeLocalMessage(`${name}${number}`, Date.now()))
    await db.transact((tx) => appendEvent(tx, event));
await db.close();
