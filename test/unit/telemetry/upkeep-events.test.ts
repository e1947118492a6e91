import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '../../../src/telemetry/log.ts';
import {
  reportClock,
  reportIndex,
  reportNotReloaded,
  reportRevocation,
} from '../../../src/telemetry/upkeep-events.ts';

const hour = 3_600_000;
const now = Date.UTC(2026, 10, 21);

function start() {
  const lines: { level: string; event: string; [name: string]: unknown }[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  const log = createLog({ level: 'debug', destination });
  return {
    log,
    lines,
    metric: (name: string) => new RegExp(`^${name} (.*)$`, 'm').exec(log.metrics.render())?.[1],
  };
}

test('an index that is kept is a warning for a day, then an alarm; none at all is one at once', () => {
  const { log, lines, metric } = start();
  for (const fetchedAt of [now - 25 * hour, now - 25 * hour - 1, undefined])
    reportIndex(log, { outcome: 'kept', reason: 'status 503', fetchedAt }, now);
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['warn', 'error', 'error'],
  );
  assert.equal(lines[0]?.ageHours, 25);
  assert.equal(metric('pec_index_fetched_timestamp_seconds'), String((now - 25 * hour) / 1000 - 1));
});

test('an index that is applied is news only when it changed; its oddities are always told', () => {
  const { log, lines, metric } = start();
  const applied = { outcome: 'applied', fetchedAt: now, providers: 20, domains: 10_000 } as const;
  reportIndex(log, { ...applied, changed: true, warnings: ['x.it stands twice'] }, now);
  reportIndex(log, { ...applied, changed: false }, now);
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['warn', 'info', 'debug'],
  );
  assert.equal(metric('pec_index_providers'), '20');
});

test('revocation that cannot be had is an alarm only when nothing fresh is left', () => {
  const { log, lines, metric } = start();
  const event = { kind: 'crl', url: 'http://x/', reason: 'status 404' } as const;
  reportRevocation(log, { ...event, outcome: 'kept', freshUntil: now }, now);
  reportRevocation(log, { ...event, outcome: 'kept', freshUntil: now - 1 }, now);
  reportRevocation(log, { ...event, outcome: 'kept', freshUntil: undefined }, now);
  reportRevocation(log, { ...event, outcome: 'fetched', freshUntil: now + 1 }, now);
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['warn', 'error', 'error', 'debug'],
  );
  assert.equal(
    metric('pec_revocation_fetches_total{kind="crl",outcome="kept"}'.replace(/[{}"]/g, '\\$&')),
    '3',
  );
});

test('a clock that is wrong, or unknown for too long, is an alarm', () => {
  const { log, lines, metric } = start();
  reportClock(log, { state: 'right', offsetMs: 12.4, servers: 3 });
  assert.deepEqual([metric('pec_clock_right'), metric('pec_clock_offset_seconds')], ['1', '0.0124']);
  reportClock(log, { state: 'unknown', reasons: ['a: no answer'], trusted: true });
  assert.equal(metric('pec_clock_right'), '1');
  reportClock(log, { state: 'unknown', reasons: ['a: no answer'], trusted: false });
  assert.equal(metric('pec_clock_right'), '0');
  reportClock(log, { state: 'wrong', offsetMs: -1500, servers: 3 });
  assert.deepEqual([metric('pec_clock_right'), metric('pec_clock_offset_seconds')], ['0', '-1.5']);
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['debug', 'warn', 'error', 'error'],
  );
});

test('what could not be read again is told with its reason', () => {
  const { log, lines } = start();
  reportNotReloaded(log, 'signing', new Error('the certificate is not for us'));
  assert.equal(lines[0]?.level, 'error');
  assert.equal(lines[0]?.reason, 'the certificate is not for us');
});
