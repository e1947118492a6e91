/** Commands are understood the same however the bytes are cut. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteInput, InputEnded, LineEndless, LineTooLong } from '../../../../src/edge/byte-input.ts';
import {
  type IncomingCommand,
  LiteralTooBig,
  literalUnasked,
  readCommand,
  Unskippable,
} from '../../../../src/imap/wire/command-reader.ts';
import { SyntaxProblem } from '../../../../src/imap/wire/syntax.ts';

interface Feed {
  readonly input: ByteInput;
  readonly invitations: string[];
  next(): Promise<IncomingCommand>;
}

/** Bytes fed in chunks of `size`, with a turn of the event loop between them. */
function feed(text: string, size: number, limits = { commandBytes: 1000, skippedBytes: 5000 }): Feed {
  const input = new ByteInput(literalUnasked);
  const invitations: string[] = [];
  const bytes = Buffer.from(text, 'latin1');
  void (async () => {
    for (let at = 0; at < bytes.length; at += size) {
      input.push(bytes.subarray(at, at + size));
      await Promise.resolve();
    }
    input.end();
  })();
  const invite = async () => {
    invitations.push('+');
  };
  return { input, invitations, next: () => readCommand({ input, limits, invite }) };
}

async function collected(incoming: IncomingCommand): Promise<IncomingCommand> {
  await incoming.collect();
  return incoming;
}

for (const size of [1, 2, 3, 7, 1000]) {
  describe(`commands in chunks of ${size}`, () => {
    it('reads tag, name and arguments', async () => {
      const { next } = feed('a1 login mario "se\\"greta"\r\na2 NOOP\r\n', size);
      const login = await collected(await next());
      assert.equal(login.tag, 'a1');
      assert.equal(login.name, 'LOGIN');
      login.arguments.space();
      assert.equal(login.arguments.astring(), 'mario');
      login.arguments.space();
      assert.equal(login.arguments.astring(), 'se"greta');
      login.arguments.end();
      assert.equal((await next()).name, 'NOOP');
      await assert.rejects(next(), InputEnded);
    });

    it('reads literals of both kinds, and invites only for one', async () => {
      const { next, invitations } = feed('a LOGIN {5}\r\nma\r\n {3+}\r\nx{1\r\nb NOOP\r\n', size);
      const login = await collected(await next());
      login.arguments.space();
      assert.equal(login.arguments.astring(), 'ma\r\n ');
      assert.throws(() => login.arguments.space(), SyntaxProblem);
      assert.equal(invitations.length, 1);
    });

    it('streams a literal and goes on behind it', async () => {
      const { next } = feed('a APPEND x {6+}\r\nuno\r\n2 (\\Seen) {2+}\r\nab\r\nb NOOP\r\n', size);
      const append = await next();
      append.arguments.space();
      assert.equal(append.arguments.astring(), 'x');
      append.arguments.space();
      const chunks: Uint8Array[] = [];
      for await (const chunk of append.stream()) chunks.push(chunk);
      assert.equal(Buffer.concat(chunks).toString(), 'uno\r\n2');
      await append.afterStream();
      append.arguments.space();
      assert.deepEqual(append.arguments.flagList(), ['\\Seen']);
      append.arguments.space();
      assert.deepEqual(append.announced, { size: 2, synchronizing: false, binary: false });
      await append.skipRest();
      assert.equal((await next()).name, 'NOOP');
    });

    it('skips what was sent unasked, and not what waits for an invitation', async () => {
      const { next, invitations } = feed('a X {3+}\r\nabc {2+}\r\nde {9}\r\nb NOOP\r\n', size);
      const first = await next();
      await first.skipRest();
      assert.equal(first.announced, undefined);
      assert.equal((await next()).tag, 'b');
      assert.equal(invitations.length, 0);
    });

    it('skips the rest of a literal whose reader gave up', async () => {
      const { next } = feed('a X {10}\r\n0123456789\r\nb NOOP\r\n', size);
      const first = await next();
      for await (const _ of first.stream()) break;
      await first.skipRest();
      assert.equal((await next()).tag, 'b');
    });

    it('refuses literals beyond the limit without reading them', async () => {
      const { next } = feed('a X {2000+}\r\n', size);
      await assert.rejects(collected(await next()), LiteralTooBig);
    });

    it('skips a line beyond the limit, and gives up on an endless one', async () => {
      const { next } = feed(`${'x'.repeat(1500)}\r\nb NOOP\r\n${'y'.repeat(17_000)}`, size);
      await assert.rejects(next(), LineTooLong);
      assert.equal((await next()).tag, 'b');
      await assert.rejects(next(), LineEndless);
    });
  });
}

describe('limits of skipping', () => {
  it('does not go on when a literal was sent behind a line that is too long', async () => {
    const { next } = feed(`a ${'x'.repeat(1500)} {12+}\r\nb NOOP\r\nxxxx\r\n`, 7);
    await assert.rejects(next(), LineEndless);
  });

  it('does not skip more than agreed', async () => {
    const { next } = feed('a X {5001+}\r\n', 100);
    await assert.rejects((await next()).skipRest(), Unskippable);
  });

  it('does not take a size no number can hold', async () => {
    const { next } = feed('a X {9999999999999999999+}\r\n', 100);
    await assert.rejects(next(), Unskippable);
  });

  it('refuses a NUL in a literal, but not in literal8', async () => {
    const { next } = feed('a X {1+}\r\n\0\r\nb X ~{1+}\r\n\0\r\n', 3);
    await assert.rejects(collected(await next()), /NUL/);
    const rest = feed('b X ~{1+}\r\n\0\r\n', 3);
    const binary = await collected(await rest.next());
    binary.arguments.space();
    assert.deepEqual([...binary.arguments.literal().bytes], [0]);
  });
});

describe('back-pressure', () => {
  it('pauses the source when much is waiting and resumes it when it is read', async () => {
    const input = new ByteInput(literalUnasked);
    const calls: string[] = [];
    input.follow({ pause: () => calls.push('pause'), resume: () => calls.push('resume') });
    input.push(Buffer.alloc(70_000));
    assert.deepEqual(calls, ['pause']);
    for await (const _ of input.run(69_000));
    assert.deepEqual(calls, ['pause', 'resume']);
    assert.equal(input.size, 1000);
  });
});
