import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { reportFailure } from '../../../src/telemetry/events.ts';
import { createLog, type LogLevel } from '../../../src/telemetry/log.ts';

interface Line {
  readonly [name: string]: unknown;
  readonly err?: { readonly message: string; readonly stack: string };
}

function openLog(level: LogLevel = 'info') {
  const lines: Line[] = [];
  const destination = { write: (text: string) => void lines.push(JSON.parse(text) as Line) };
  return { lines, log: createLog({ level, destination, fields: { node: 'n1' } }) };
}

test('a line has its time, level, node and fields', () => {
  const { lines, log } = openLog();
  log.child({ session: 's1' }).info({ bytes: 3 }, 'hello');
  assert.partialDeepStrictEqual(lines, [
    { level: 'info', node: 'n1', session: 's1', bytes: 3, msg: 'hello' },
  ]);
  assert.match(String(lines[0]?.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('below the level nothing is written', () => {
  const { lines, log } = openLog('warn');
  log.info({}, 'quiet');
  log.warn({}, 'loud');
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    ['loud'],
  );
});

test('secrets are taken out by name', () => {
  const { lines, log } = openLog();
  log.info({ password: 'p1', auth: { password: 'p2', user: 'u' }, keyPem: 'p3', token: 'p4' }, 'login');
  assert.ok(!/p[1-4]"/.test(JSON.stringify(lines)));
  assert.partialDeepStrictEqual(lines, [{ password: '[secret]', auth: { password: '[secret]', user: 'u' } }]);
});

test('an unexpected failure is told by an id; stack and cause stay inside', () => {
  const { lines, log } = openLog();
  const id = reportFailure(log, 'submission', new Error('outer', { cause: new Error('inner') }));
  assert.match(id, /^[0-9a-f]{8}$/);
  assert.partialDeepStrictEqual(lines, [{ event: 'fault', id, where: 'submission', level: 'error' }]);
  assert.match(lines[0]?.err?.stack ?? '', /outer[\s\S]*inner/);
  assert.match(log.metrics.render(), /^pec_failures_total\{where="submission"\} 1$/m);
});

test('a log file can be moved away and opened anew', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pec-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'logs', 'pec.log');
  const log = createLog({ level: 'info', destination: file });
  log.info({}, 'first');
  log.flush();
  renameSync(file, `${file}.1`);
  log.reopen();
  log.info({}, 'second');
  log.flush();
  assert.match(readFileSync(`${file}.1`, 'utf8'), /first/);
  assert.match(readFileSync(file, 'utf8'), /second/);
});
