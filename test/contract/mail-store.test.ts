/** The mail store over SQLite. */
import { createMailStore } from '../../src/mailbox/store.ts';
import { addTestMailbox, openStore } from '../support/store.ts';
import { testMailStore } from './mail-store/suite.ts';

testMailStore('mail store on sqlite', async (t) => {
  const opened = openStore(t);
  return {
    store: createMailStore(opened),
    time: opened.time,
    addMailbox: async (address, quotaBytes) => (await addTestMailbox(opened, address, quotaBytes)).id,
  };
});
