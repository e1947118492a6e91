/** INPROGRESS (RFC 9585): who waits long hears how far the command is, between its lines and never in them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { MailStore } from '../../../src/mailbox/mail-store.ts';
import { ImapTestClient } from '../../support/imap-client.ts';
import { addresses, password, startImapServer } from '../../support/imap-server.ts';
import { deliver, readMessage } from '../../support/imap-transcript.ts';

/** A store on a slow disk. */
const slow = (store: MailStore): MailStore => ({
  ...store,
  structure: async (contentId) => {
    await pause(30);
    return store.structure(contentId);
  },
  heads: async (contentIds) => {
    await pause(30);
    return store.heads(contentIds);
  },
  copy: async (...order) => {
    await pause(30);
    return store.copy(...order);
  },
});

test('a long SEARCH, SORT or COPY tells how far it is', async (t) => {
  const server = await startImapServer({ wrapStore: slow, limits: { progressMs: 10 } });
  t.after(() => server.close());
  for (let count = 0; count < 3; count++) await deliver(server, 'INBOX', readMessage('note.eml'));
  const client = ImapTestClient.connect(server, true);
  t.after(() => client.destroy());
  await client.readLine();
  await client.command('a1', `LOGIN ${addresses[0]} "${password}"`);
  await client.command('a2', 'SELECT INBOX');
  const search = await client.command('a3', 'SEARCH SUBJECT nota');
  assert.match(search[0] ?? '', /^\* OK \[INPROGRESS \("a3" [0-3] (?:3|NIL)\)\] Still working$/);
  assert.match(search.at(-2) ?? '', /^\* SEARCH/);
  const sort = await client.command('a]4', 'SORT (SUBJECT) UTF-8 ALL');
  assert.match(sort[0] ?? '', /^\* OK \[INPROGRESS \(NIL \d (?:3|NIL)\)\] Still working$/);
  const copy = await client.command('a5', 'COPY 1 Sent');
  assert.equal(copy[0], '* OK [INPROGRESS ("a5" NIL NIL)] Still working');
  // What is quick says nothing.
  assert.equal((await client.command('a6', 'SEARCH ALL')).length, 2);
});
