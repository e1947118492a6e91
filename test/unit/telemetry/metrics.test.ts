import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetricsRegistry } from '../../../src/telemetry/metrics.ts';

test('the text is that of Prometheus', () => {
  const registry = createMetricsRegistry();
  const counter = registry.counter('mail_total', 'Mail.');
  const gauge = registry.gauge('open', 'Open.');
  counter.add({ kind: 'a "quoted" \\ value\n' });
  counter.add({ kind: 'b' }, 2);
  counter.add({ kind: 'b' });
  gauge.add(3);
  gauge.add(-1);
  assert.equal(
    registry.render(),
    [
      '# HELP mail_total Mail.',
      '# TYPE mail_total counter',
      'mail_total{kind="a \\"quoted\\" \\\\ value\\n"} 1',
      'mail_total{kind="b"} 3',
      '# HELP open Open.',
      '# TYPE open gauge',
      'open 2',
      '',
    ].join('\n'),
  );
});

test('buckets of a histogram count all that is below their bound', () => {
  const registry = createMetricsRegistry();
  const seconds = registry.histogram('seconds', 'Time.', [0.1, 1]);
  for (const value of [0.1, 0.5, 0.05, 3]) seconds.observe(value, { step: 'sign' });
  assert.deepEqual(registry.render().split('\n').slice(2, -1), [
    'seconds_bucket{step="sign",le="0.1"} 2',
    'seconds_bucket{step="sign",le="1"} 3',
    'seconds_bucket{step="sign",le="+Inf"} 4',
    'seconds_sum{step="sign"} 3.65',
    'seconds_count{step="sign"} 4',
  ]);
});

test('a name is used once', () => {
  const registry = createMetricsRegistry();
  registry.gauge('open', 'Open.');
  assert.throws(() => registry.counter('open', 'Again.'), /metric open exists already/);
});

test('values that are read are read at each rendering', () => {
  const registry = createMetricsRegistry();
  const gauge = registry.gauge('reading', 'Reading.');
  let now = 1;
  registry.beforeRender(() => gauge.set(now));
  assert.match(registry.render(), /^reading 1$/m);
  now = 2;
  assert.match(registry.render(), /^reading 2$/m);
});
