/**
 * Several sessions at once on one mailbox, each doing random things: whatever happens, every client that
 * believes what it is told ends with exactly what the store holds, and nothing is told when it must not be.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { ModelClient, sortFlags } from '../../support/imap-model-client.ts';
import { type ImapTestServer, startImapServer } from '../../support/imap-server.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 40);

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

type Step = (client: ModelClient, folder: string) => Promise<unknown>;

const number = fc.integer({ min: 1, max: 12 });
const flag = fc.constantFrom('\\Seen', '\\Flagged', '\\Deleted', '$Pratica');
const sign = fc.constantFrom('+', '-', '');

/** A message set within what the client knows. */
const known = (client: ModelClient, wanted: number) => Math.min(wanted, Math.max(client.messages.length, 1));

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constant<Step>((client, folder) => client.append(folder, 'Subject: x\r\n\r\ny\r\n')),
  fc.constant<Step>((client) => client.run('NOOP')),
  fc.constant<Step>((client) => client.run('EXPUNGE')),
  fc.constant<Step>((client) => client.run('SEARCH UNSEEN')),
  fc.constant<Step>((client) => client.run('UID SEARCH ALL')),
  fc.constant<Step>((client, folder) => client.select(folder)),
  fc.constant<Step>((client) => client.idleDuring(async () => undefined)),
  number.map<Step>((uid) => (client) => client.run(`UID EXPUNGE ${uid}:*`)),
  fc.tuple(number, flag, sign).map<Step>(([at, name, mark]) => (client) => {
    return client.run(`STORE ${known(client, at)} ${mark}FLAGS (${name})`);
  }),
  fc.tuple(number, flag, sign).map<Step>(([uid, name, mark]) => (client) => {
    return client.run(`UID STORE ${uid}:${uid + 3} ${mark}FLAGS (${name})`);
  }),
  number.map<Step>((at) => (client) => client.run(`FETCH ${known(client, at)} (UID FLAGS)`)),
  number.map<Step>((at) => (client) => client.run(`FETCH ${known(client, at)} BODY[TEXT]`)),
  number.map<Step>((uid) => (client, folder) => client.run(`UID COPY ${uid} ${folder}`)),
  number.map<Step>((uid) => (client) => client.run(`UID MOVE ${uid} Trash`)),
);

async function truth(folder: string): Promise<string[]> {
  const found = await server.store.findFolder(server.mailboxIds[0] as number, folder);
  const records = await server.store.messages(found?.id ?? 0, [[1, Number.POSITIVE_INFINITY]]);
  return records.map((record) => `${record.uid} ${sortFlags(record.flags)}`);
}

let serial = 0;

/** Runs the scripts side by side, then compares what each client believes with what is there. */
async function play(
  clients: readonly ModelClient[],
  sessions: readonly Step[][],
  folder: string,
): Promise<void> {
  await Promise.all(
    sessions.map(async (steps, index) => {
      const client = clients[index] as ModelClient;
      for (const each of steps) {
        await each(client, folder);
        // A client with QRESYNC needs the UIDs of all it counts.
        if (index === 1) await client.run('UID FETCH 1:* (UID FLAGS)');
      }
    }),
  );
  const wanted = await truth(folder);
  for (const client of clients) {
    await client.run('NOOP');
    await client.run('UID FETCH 1:* (UID)');
    assert.equal(client.messages.length, wanted.length);
    for (const [index, { uid, flags }] of client.messages.entries()) {
      const [wantedUid, ...wantedFlags] = (wanted[index] ?? '').split(' ');
      assert.equal(`${uid}`, wantedUid);
      // Flags that were never told cannot be known.
      if (flags !== undefined) assert.equal(flags, wantedFlags.join(' '), `flags of ${uid}`);
    }
  }
  assert.deepEqual(bugs, []);
}

test('clients end with what the store holds', async () => {
  const scripts = fc.array(fc.array(step, { maxLength: 12 }), { minLength: 2, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(scripts, fc.integer({ min: 0, max: 3 }), async (sessions, initial) => {
      serial++;
      const folder = `prova${serial}`;
      const clients: ModelClient[] = [];
      try {
        for (const [index] of sessions.entries()) {
          const client = await ModelClient.open(server);
          clients.push(client);
          if (index === 0) await client.run(`CREATE ${folder}`);
          for (let count = initial; count > 0; count--)
            await client.append(folder, 'Subject: a\r\n\r\nb\r\n');
          if (index === 1) await client.enableQresync();
          await client.select(folder);
          await client.run('UID FETCH 1:* (UID FLAGS)');
        }
        await play(clients, sessions, folder);
      } finally {
        for (const client of clients) client.close();
      }
    }),
    { numRuns },
  );
});
