/** What every virus scanner promises. Each implementation runs it; the failing one only the part about failing. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { VirusScanner } from '../../src/antivirus/scanner.ts';
import { MailError } from '../../src/lib/mail-error.ts';

/** In two pieces, so that this file itself is no finding. */
export const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-', 'ANTIVIRUS-TEST-FILE!$H+H*'].join('');

export type StartScanner = (t: TestContext) => Promise<VirusScanner>;

/** The text in pieces of `size` bytes; `onEnd` tells that all was asked for. */
export async function* pieces(text: string, size: number, onEnd?: () => void): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text, 'latin1');
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  onEnd?.();
}

/** 451 4.7.1: the message waits; never "clean". */
export function isCannotTell(error: unknown): boolean {
  return (
    error instanceof MailError &&
    error.kind === 'temporary' &&
    error.smtp.code === 451 &&
    error.smtp.enhanced === '4.7.1'
  );
}

export function checkScannerSuite(name: string, start: StartScanner): void {
  test(`${name}: clean is clean, and was read to its end`, async (t) => {
    const scanner = await start(t);
    for (const size of [1, 7, 1000]) {
      let ended = false;
      const source = pieces('Subject: x\r\n\r\nciao\r\n', size, () => {
        ended = true;
      });
      assert.deepEqual(await scanner.scan(source), { infected: false });
      assert.ok(ended);
    }
    assert.deepEqual(await scanner.scan(pieces('', 1)), { infected: false });
  });

  test(`${name}: the EICAR string is found wherever it is cut, and named`, async (t) => {
    const scanner = await start(t);
    for (const size of [1, 3, 20, 67, 100_000]) {
      const verdict = await scanner.scan(pieces(`Subject: x\r\n\r\n${EICAR}\r\n`, size));
      assert.ok(verdict.infected && /eicar/i.test(verdict.virus), `in pieces of ${size}`);
    }
  });

  test(`${name}: several messages at once are told apart`, async (t) => {
    const scanner = await start(t);
    const verdicts = await Promise.all(
      Array.from({ length: 10 }, (_, i) => scanner.scan(pieces(i % 2 ? `x${EICAR}` : `x${i}`, 5))),
    );
    assert.deepEqual(
      verdicts.map(({ infected }) => infected),
      [false, true, false, true, false, true, false, true, false, true],
    );
  });

  test(`${name}: what the source throws is passed on as it is`, async (t) => {
    const scanner = await start(t);
    const lost = new MailError('temporary', 'Connection lost', { code: 451, enhanced: '4.4.2' });
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('Subject: x\r\n');
      throw lost;
    }
    await assert.rejects(scanner.scan(broken()), (error) => error === lost);
  });

  test(`${name}: says what it is`, async (t) => {
    const scanner = await start(t);
    await scanner.scan(pieces('x', 1));
    assert.match(scanner.name, /\S/);
  });
}
