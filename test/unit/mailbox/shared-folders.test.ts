/** Rights are given to a mailbox or a login, not to a name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { insertMailbox } from '../../../src/accounts/mailboxes.ts';
import { createMailStore } from '../../../src/mailbox/store.ts';
import { addTestMailbox, openStore } from '../../support/store.ts';

test('who gets the address of a removed mailbox does not get what was shared with it', async (t) => {
  const opened = openStore(t);
  const store = createMailStore(opened);
  const mario = await addTestMailbox(opened, 'mario@alfa.test');
  const rights = { read: true, write: true, manage: true };
  const open = async () => {
    const wanted = { address: 'anna@alfa.test', quotaBytes: 1000, reassign: true };
    const { id: mailboxId, address } = await opened.db.transact((tx) =>
      insertMailbox(tx, wanted, opened.clock()),
    );
    return { loginId: 1, name: address, mailboxId, address, rights };
  };
  const first = await open();
  const folder = await store.createFolder(mario.id, 'Pratiche');
  const name = 'Other Users/mario@alfa.test/Pratiche';
  await store.changeAcl(folder.id, 'anna@alfa.test', { operation: 'replace', rights: 'lr' });
  assert.equal((await store.findVisible(first, name))?.rights, 'lr');
  await opened.accounts.removeMailbox('anna@alfa.test');
  const second = await open();
  assert.equal((await store.findVisible(second, name))?.rights, '');
  assert.equal(
    (await store.listVisible(second)).some(({ owner }) => owner !== undefined),
    false,
  );
  // A new grant does not bring the old one's rights back.
  await store.changeAcl(folder.id, 'anna@alfa.test', { operation: 'add', rights: 's' });
  assert.equal((await store.findVisible(second, name))?.rights, 's');
});
