/**
 * Two sessions, then twenty, with random commands on one mailbox: every client that believes what it is told
 * ends with what a fresh session sees (RFC 2180, RFC 7162). Longer: STRESS_SECONDS=300; again: STRESS_SEED=….
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ImapTestServer, startImapServer } from '../support/imap-server.ts';
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
