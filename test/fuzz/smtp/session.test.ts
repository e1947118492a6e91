/**
 * The whole incoming edge under random input: commands, fragments and message bytes in any order, cut in any way.
 * Whatever comes, each reply is well formed, the server stays up, and what it accepted are messages that a strict
 * reading of the same bytes finds.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { startEdge } from '../../support/smtp-edges.ts';

const edge = await startEdge({ kind: 'mx', limits: { looseEndMs: 1, errors: 1000, emptyCommands: 1000 } });
after(() => edge.close());

const piece = fc.constantFrom(
  'EHLO peer.test\r\n',
  'MAIL FROM:<a@peer.test>\r\n',
  'RCPT TO:<b@alfa.test>\r\n',
  'DATA\r\n',
  'RSET\r\n',
  'NOOP\r\n',
  'Subject: x\r\n',
  '\r\n',
  '.\r\n',
  '\r\n.\r\n',
  '\n.\r\n',
  '\r\n.\n',
  '..\r\n',
  '.',
  '\r',
  '\n',
  '\0',
  'x',
  'QUIT\r\n',
  'VRFY <\r\n',
  'MAIL FROM:<\r\n',
  'AUTH PLAIN =\r\n',
);

/** Half of the sessions begin in a message: random commands rarely come so far. */
const start = fc.constantFrom('', 'MAIL FROM:<a@peer.test>\r\nRCPT TO:<b@alfa.test>\r\nDATA\r\n');

const input = fc.tuple(
  fc.tuple(start, fc.array(piece, { maxLength: 40 })).map(([first, pieces]) => first + pieces.join('')),
  fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
);

async function talk(text: string, sizes: readonly number[]): Promise<string> {
  const socket = net.connect(edge.port, '127.0.0.1');
  socket.setNoDelay(true);
  let replies = '';
  socket.on('data', (data) => {
    replies += data.toString('latin1');
  });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  for (let at = 0, turn = 0; at < text.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    socket.write(text.slice(at, at + size), 'latin1');
    at += size;
    if (turn % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end();
  if (!socket.closed) await once(socket, 'close', { signal: AbortSignal.timeout(3000) });
  return replies;
}

test('random sessions', async () => {
  await fc.assert(
    fc.asyncProperty(input, async ([text, sizes]) => {
      const before = edge.taken.length;
      const replies = await talk(`EHLO peer.test\r\n${text}`, sizes);
      assert.match(replies, /^(?:[245]\d\d[ -][\x20-\x7e]*\r\n|3\d\d [\x20-\x7e]*\r\n)*$/);
      for (const { content } of edge.taken.slice(before)) {
        assert.ok(/^(?:[^\r\n\0]*\r\n)*$/.test(content), `accepted ${JSON.stringify(content)}`);
        // Its bytes stand in the input between the right ends, dots doubled or not.
        const stuffed = content.replace(/(^|\r\n)\./g, '$1..');
        const plain = text.replace(/(^|\r\n)\.(?!\r\n)(?!\.)/g, '$1');
        assert.ok(plain.includes(`DATA\r\n${stuffed}.\r\n`) || text.includes(`DATA\r\n${stuffed}.\r\n`));
      }
    }),
    { numRuns: Number(process.env.FUZZ_RUNS ?? 300) },
  );
  assert.ok(edge.taken.length > 10, 'some sessions should bring a message');
  // Still there, and in order.
  assert.match(await talk('EHLO peer.test\r\nQUIT\r\n', [100]), /\r\n221 2\.0\.0 Bye\r\n$/);
  assert.deepEqual(
    edge.events.filter(({ event }) => event === 'fault'),
    [],
  );
});
