import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { createClamdScanner } from '../../src/antivirus/clamd.ts';
import { createEicarOnlyScanner } from '../../src/antivirus/eicar.ts';
import { createFailingScanner } from '../../src/antivirus/fail.ts';
import { type ClamdScript, startClamdDouble } from '../support/clamd-double.ts';
import { checkScannerSuite, EICAR, isCannotTell, pieces } from './scanner-suite.ts';

/** For a clamd that hangs; all others have time, so that a busy machine fails no test. */
const QUICK_MS = 300;
const PATIENT_MS = 8000;

async function scannerOn(t: TestContext, script: ClamdScript, timeoutMs = PATIENT_MS) {
  const { path } = await startClamdDouble(t, script);
  return createClamdScanner({ addresses: [{ path }], timeoutMs });
}

checkScannerSuite('clamd', (t) => scannerOn(t, { viruses: { [EICAR]: 'Eicar-Signature' } }));
checkScannerSuite('EICAR only', async () => createEicarOnlyScanner());

test('failing: cannot tell, whatever comes', async () => {
  const scanner = createFailingScanner();
  for (const text of ['', 'x', EICAR]) await assert.rejects(scanner.scan(pieces(text, 10)), isCannotTell);
});

test('clamd: name and version as it says them itself', async (t) => {
  const scanner = await scannerOn(t, {});
  assert.equal(scanner.name, 'clamd');
  assert.equal(await scanner.readVersion(), 'clamd 1.4.3/27200');
  assert.equal(scanner.name, 'clamd 1.4.3/27200');
  const bare = await scannerOn(t, { version: 'ClamAV 1.0.7' });
  assert.equal(await bare.readVersion(), 'clamd 1.0.7');
});

test('clamd: the bytes arrive as they are', async (t) => {
  const double = await startClamdDouble(t);
  const scanner = createClamdScanner({ addresses: [{ path: double.path }], timeoutMs: PATIENT_MS });
  const text = `a\0b\xff\r\n${'x'.repeat(300_000)}`;
  await scanner.scan(pieces(text, 65_536));
  assert.deepEqual(double.streams, [text]);
});

const faults: [string, ClamdScript][] = [
  ['hangs instead of answering', { fault: 'hang' }],
  ['drops the connection at the end', { fault: 'drop' }],
  ['drops the connection in the stream', { fault: 'drop-early' }],
  ['says OK before it has seen all', { fault: 'answer-early' }],
  ['talks without end', { fault: 'endless' }],
  ['stops reading', { fault: 'stop-reading' }],
  ['says that the stream is too long', { streamMaxLength: 100_000 }],
  ['reports an error', { verdict: "stream: Can't allocate memory ERROR" }],
  ['finds its own limit', { verdict: 'stream: Heuristics.Limits.Exceeded.MaxFileSize FOUND' }],
  ['says something else', { verdict: 'OK' }],
  ['says nothing', { verdict: '' }],
];
for (const [name, script] of faults)
  test(`clamd that ${name}: cannot tell`, async (t) => {
    const scanner = await scannerOn(t, script, QUICK_MS);
    await assert.rejects(scanner.scan(pieces('x'.repeat(4_000_000), 50_000)), isCannotTell);
  });

test('clamd that is not there: cannot tell, and nothing was read', async () => {
  const scanner = createClamdScanner({ addresses: [{ path: '/nowhere/clamd.ctl' }], timeoutMs: PATIENT_MS });
  let read = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    read = true;
    yield Buffer.from('x');
  }
  await assert.rejects(scanner.scan(source()), isCannotTell);
  assert.equal(read, false);
});

test('clamd on TCP, and a second one when the first is down', async (t) => {
  const double = await startClamdDouble(t, { viruses: { [EICAR]: 'Eicar-Signature' } });
  const scanner = createClamdScanner({
    addresses: [{ host: '127.0.0.1', port: 1 }, { path: double.path }],
    timeoutMs: PATIENT_MS,
  });
  assert.deepEqual(await scanner.scan(pieces(EICAR, 10)), { infected: true, virus: 'Eicar-Signature' });
});

test('clamd: a slow message is no fault of the scanner', async (t) => {
  const scanner = await scannerOn(t, {}, QUICK_MS);
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a');
    await new Promise((resolve) => setTimeout(resolve, QUICK_MS + 150));
    yield Buffer.from('b');
  }
  assert.deepEqual(await scanner.scan(slow()), { infected: false });
});

test('clamd that went away and came back is used again', async (t) => {
  const double = await startClamdDouble(t);
  const scanner = createClamdScanner({ addresses: [{ path: double.path }], timeoutMs: PATIENT_MS });
  assert.deepEqual(await scanner.scan(pieces('x', 1)), { infected: false });
  await double.close();
  await assert.rejects(scanner.scan(pieces('x', 1)), isCannotTell);
  await startClamdDouble(t, { path: double.path });
  assert.deepEqual(await scanner.scan(pieces('x', 1)), { infected: false });
});

test('EICAR only: found inside base64, also of an enclosed message, and nothing else is', async () => {
  const scanner = createEicarOnlyScanner();
  const lines = (text: string) =>
    (
      Buffer.from(text)
        .toString('base64')
        .match(/.{1,76}/g) ?? []
    ).join('\r\n');
  const part = `Content-Transfer-Encoding: base64\r\n\r\n${lines(`xyz${EICAR}`)}\r\n--b\r\n`;
  const nested = `Content-Transfer-Encoding: base64\r\n\r\n${lines(`Subject: inner\r\n\r\n${part}`)}\r\n--a--\r\n`;
  for (const text of [part, nested])
    for (const size of [1, 10, 5000]) assert.equal((await scanner.scan(pieces(text, size))).infected, true);
  const harmless = `${part.replace(/^.*\r\n/, '').slice(0, 60)}\r\n--b\r\nEICAR-STANDARD-ANTIVIRUS-TEST-FILE\r\n`;
  assert.equal((await scanner.scan(pieces(harmless, 10))).infected, false);
  assert.match(scanner.name, /sandbox/);
});

test('EICAR only: long lines and deep nesting cost neither memory nor time without bound', async () => {
  const scanner = createEicarOnlyScanner();
  const bomb = Array.from({ length: 12 }).reduce<string>(
    (text) => Buffer.from(text).toString('base64').replace(/.{76}/g, '$&\r\n'),
    'x'.repeat(5000),
  );
  assert.equal((await scanner.scan(pieces(`${'A'.repeat(3_000_000)}\r\n${bomb}`, 65_536))).infected, false);
});

test('EICAR only: lines decoded together are those decoded one by one', async () => {
  const scanner = createEicarOnlyScanner();
  const hidden = fc
    .tuple(fc.nat({ max: 130 }), fc.constantFrom(4, 8, 10, 20, 76), fc.constantFrom('\r\n', '\n'))
    .map(([before, width, ending]) => {
      const text = Buffer.from(`${'x'.repeat(before)}${EICAR}${'y'.repeat(60)}`).toString('base64');
      return (text.match(new RegExp(`.{1,${width}}`, 'g')) ?? []).map((line) => `${line}${ending}`);
    });
  /** Looks like a line among the others, and is none, or one that shifts those after it. */
  const odd = fc.constantFrom('--', '__', '-_-_', 'A=', 'AA==', 'AAAA ', 'AB CD', 'A', 'AAAAA', '', 'AAA\r');
  const message = fc
    .tuple(hidden, fc.array(fc.tuple(fc.nat({ max: 60 }), odd), { maxLength: 2 }), fc.boolean())
    .map(([lines, oddLines, twice]) => {
      for (const [at, line] of oddLines) lines.splice(at % (lines.length + 1), 0, `${line}\r\n`);
      if (!twice) return lines.join('');
      return (
        Buffer.from(lines.join(''))
          .toString('base64')
          .match(/.{1,76}/g) ?? []
      ).join('\r\n');
    });
  let found = 0;
  const property = fc.asyncProperty(message, async (text) => {
    const whole = await scanner.scan(pieces(text, 10_000));
    assert.deepEqual(whole, await scanner.scan(pieces(text, 1)));
    found += whole.infected ? 1 : 0;
  });
  await fc.assert(property, { numRuns: 40 });
  assert.ok(found > 2 && found < 40, `${found} of 40`);
});

test('EICAR only: a line of the same length that is no base64 ends what went before', async () => {
  const scanner = createEicarOnlyScanner();
  const line = Buffer.from(Buffer.from(`${EICAR}yyyy`).toString('base64')).toString('base64');
  for (const octet of ['-', '_', '!', '=', ' ', '\xe0']) {
    const text = `${'A'.repeat(line.length)}\r\n${octet.repeat(line.length)}\r\n${line}\r\n`;
    assert.equal((await scanner.scan(pieces(text, 10_000))).infected, true, JSON.stringify(octet));
  }
});
