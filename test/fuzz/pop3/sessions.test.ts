/**
 * The whole server against clients that say anything in any order, cut anywhere: every line is answered once, a model
 * of the maildrop agrees, and the server goes on serving.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ImapTestClient } from '../../support/imap-client.ts';
import { addresses, password, startPop3Server } from '../../support/pop3-server.ts';

const words = fc.constantFrom(
  ...['STAT', 'LIST', 'UIDL', 'RETR', 'TOP', 'DELE', 'RSET', 'NOOP', 'CAPA', 'LANG', 'AUTH', 'USER', 'STLS'],
);
const numbers = fc.constantFrom('', '0', '1', '2', '3', '4', '-1', '999999', 'x', '1 2', '2 1');
const line = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(words, numbers).map((pieces) => pieces.join(' ').trim()) },
  { weight: 1, arbitrary: fc.string({ unit: fc.integer({ min: 1, max: 255 }).map(String.fromCharCode) }) },
);
const isMultiline = (command: string): boolean =>
  /^(?:(?:LIST|UIDL|CAPA|LANG|AUTH)|(?:RETR|TOP) .*)$/i.test(command.trim());

async function readAnswer(client: ImapTestClient, command: string): Promise<void> {
  const status = await client.readLine();
  assert.match(status, /^(?:\+OK|-ERR)(?: |$)/, command);
  if (!status.startsWith('+OK') || !isMultiline(command)) return;
  while ((await client.readLine()) !== '.');
}

test('each line of any session has one answer, and what is left is what was not deleted', async (t) => {
  const server = await startPop3Server({ limits: { badCommands: 1000, loginFailures: 1000 } });
  t.after(() => server.close());
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        line.filter((text) => !/[\r\n]/.test(text) && !/^(?:QUIT|AUTH\s+\S)/i.test(text.trim())),
        { maxLength: 12 },
      ),
      fc.boolean(),
      fc.integer({ min: 1, max: 40 }),
      async (lines, quits, size) => {
        for (const text of ['a\r\n', '.\r\n', 'x\n.y']) await server.deliver(Buffer.from(text));
        const inbox = await server.store.findFolder(server.mailboxIds[0] as number, 'INBOX');
        const before = await server.store.uids(inbox?.id ?? 0);
        const client = ImapTestClient.connect(server, true);
        try {
          const bytes = Buffer.from(
            [`USER ${addresses[0]}`, `PASS ${password}`, ...lines, ...(quits ? ['QUIT'] : []), ''].join(
              '\r\n',
            ),
            'latin1',
          );
          for (let at = 0; at < bytes.length; at += size) client.write(bytes.subarray(at, at + size));
          for (const command of ['greeting', 'USER', 'PASS', ...lines]) await readAnswer(client, command);
          if (quits) {
            assert.match(await client.readLine(), /^\+OK/);
            await client.expectClosed();
          }
        } finally {
          client.destroy();
        }
        while (server.server.connections > 0) await new Promise((resolve) => setTimeout(resolve, 1));
        const left = await server.store.uids(inbox?.id ?? 0);
        assert.deepEqual(
          left,
          quits ? before.filter((_uid, at) => !deletedOf(lines, before.length).has(at + 1)) : before,
        );
        await server.store.storeFlags(inbox?.id ?? 0, [[1, 1e9]], { operation: 'add', flags: ['\\Deleted'] });
        await server.store.expunge(inbox?.id ?? 0);
      },
    ),
    { numRuns: 25 },
  );
});

/** A model of marks: DELE adds, RSET takes all back. */
function deletedOf(lines: readonly string[], count: number): Set<number> {
  const marked = new Set<number>();
  for (const text of lines) {
    const [keyword = '', ...rest] = text.split(' ');
    const given = rest.filter((word) => word !== '');
    if (keyword.toUpperCase() === 'RSET' && given.length === 0) marked.clear();
    if (keyword.toUpperCase() !== 'DELE' || given.length !== 1 || !/^\d{1,10}$/.test(given[0] ?? ''))
      continue;
    const number = Number(given[0]);
    if (number >= 1 && number <= count) marked.add(number);
  }
  return marked;
}

test('bytes of any kind never stop the server from serving others', async (t) => {
  const server = await startPop3Server({ mode: 'pop3' });
  t.after(() => server.close());
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), async (chunks) => {
      const client = ImapTestClient.connect(server, false);
      for (const chunk of chunks) client.write(chunk);
      await client.readLine();
      client.destroy();
      const next = ImapTestClient.connect(server, false);
      assert.match(await next.readLine(), /^\+OK/);
      next.destroy();
    }),
    { numRuns: 30 },
  );
});
