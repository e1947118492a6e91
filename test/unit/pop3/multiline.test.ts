/** A message on the wire, however its bytes are cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineEndMeter } from '../../../src/mailbox/line-ends.ts';
import { DotStuffer, takeTop } from '../../../src/pop3/wire/multiline.ts';

/** Texts in which line ends and dots meet often. */
const message = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', '.', '..', 'a', ' '), { maxLength: 30 })
  .map((pieces) => pieces.join(''));
const cuts = fc.integer({ min: 1, max: 7 });

const cut = (text: string, size: number) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
    Buffer.from(text.slice(at * size, (at + 1) * size), 'latin1'),
  );

function stuff(text: string, size: number): string {
  const stuffer = new DotStuffer();
  const sent = cut(text, size).flatMap((chunk) => [...stuffer.push(chunk)]);
  return Buffer.concat([...sent, ...stuffer.end()]).toString('latin1');
}

/** What a client has after it took the answer apart (RFC 1939 §3). */
function receive(answer: string): string {
  const lines = answer.split('\r\n');
  assert.equal(lines.pop(), '', 'ends in CRLF');
  assert.equal(lines.pop(), '.', 'ends in a line with a dot');
  return lines
    .map((line) => {
      assert.notEqual(line, '.', 'no such line before the end');
      return `${line.startsWith('.') ? line.slice(1) : line}\r\n`;
    })
    .join('');
}

test('a client gets the message with CRLF at each line end, in as many octets as were counted', () => {
  fc.assert(
    fc.property(message, cuts, (text, size) => {
      const received = receive(stuff(text, size));
      const lines = text.replace(/(?<!\r)\n/g, '\r\n');
      assert.equal(received, lines === '' || lines.endsWith('\r\n') ? lines : `${lines}\r\n`);
      const meter = new LineEndMeter();
      for (const chunk of cut(text, size)) meter.push(chunk);
      assert.equal(received.length, text.length + meter.extra);
    }),
  );
});

test('what is well ended and has no dots passes uncopied', () => {
  const chunk = Buffer.from('Subject: x\r\n\r\nciao.\r\n');
  const [sent, ...more] = new DotStuffer().push(chunk);
  assert.equal(sent?.buffer, chunk.buffer);
  assert.deepEqual(more, []);
});

test('the top is the header, the empty line and so many lines', async () => {
  await fc.assert(
    fc.asyncProperty(message, cuts, fc.nat(4), async (text, size, count) => {
      let top = '';
      const source = (async function* () {
        yield* cut(text, size);
      })();
      for await (const bytes of takeTop(source, count)) top += Buffer.from(bytes).toString('latin1');
      const lines = text.split(/(?<=\n)/);
      const empty = lines.findIndex((line) => /^\r?\n$/.test(line));
      const expected = empty < 0 ? text : lines.slice(0, empty + 1 + count).join('');
      assert.equal(top, expected);
    }),
    // A line of two CRs, cut between them, is not empty.
    { examples: [['a\n\r\r\nb\n\nc', 3, 0]] },
  );
});
