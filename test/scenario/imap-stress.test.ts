/**
 * Two sessions, then twenty, with random commands on one mailbox: every client that believes what it is told
 * ends with what a fresh session sees (RFC 2180, RFC 7162). Longer: STRESS_SECONDS=300; again: STRESS_SEED=….
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ImapTestClient } from '../support/imap-client.ts';
import { addresses, type ImapTestServer, password, startImapServer } from '../support/imap-server.ts';
import { runStress } from '../support/imap-stress.ts';

const seconds = Number(process.env.STRESS_SECONDS ?? 8);
const seed = Number(process.env.STRESS_SEED ?? Math.floor(Math.random() * 1_000_000));

let server: ImapTestServer;
const bugs: unknown[] = [];

before(async () => {
  const nothing = () => undefined;
  server = await startImapServer({
    log: {
      connected: nothing,
      turnedAway: nothing,
      tlsFailed: nothing,
      loggedIn: nothing,
      loginFailed: nothing,
      closed: nothing,
      bug: ({ error }) => bugs.push(error),
    },
  });
});

after(() => server.close());

for (const sessions of [2, 20]) {
  test(`${sessions} sessions agree with a fresh one`, { timeout: (seconds + 60) * 1000 }, async (t) => {
    t.diagnostic(`seed ${seed}`);
    const result = await runStress(server, { sessions, seconds, seed });
    t.diagnostic(`${result.commands} commands, ${result.comparisons} comparisons`);
    assert.ok(result.comparisons > 0);
    assert.deepEqual(bugs, []);
  });
}

test('who does not read holds up nobody, and gets all in the end', { timeout: 120_000 }, async (t) => {
  const slow = ImapTestClient.connect(server, true);
  t.after(() => slow.destroy());
  await slow.readLine();
  await slow.command('a', `LOGIN ${addresses[0]} "${password}"`);
  await slow.command('b', 'CREATE grande');
  const line = `${'x'.repeat(76)}\r\n`;
  const bytes = `Subject: grande\r\n\r\n${line.repeat(20_000)}`;
  for (let count = 0; count < 8; count++)
    await slow.command('c', `APPEND grande {${bytes.length}+}\r\n${bytes}`);
  await slow.command('d', 'SELECT grande');
  await slow.command('e', 'NOTIFY SET (SELECTED (MessageNew (BODY.PEEK[]) MessageExpunge FlagChange))');
  slow.socket.pause();
  slow.write('f FETCH 1:* BODY.PEEK[]\r\n');
  const { comparisons } = await runStress(server, { sessions: 4, seconds: 3, seed });
  assert.ok(comparisons > 0);
  slow.socket.resume();
  let lines = 0;
  for (;;) {
    const heard = await slow.readLine();
    if (heard.startsWith('f ')) break;
    if (heard === line.trimEnd()) lines++;
  }
  assert.equal(lines, 160_000);
  assert.deepEqual(bugs, []);
});
