import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createLog } from '../../../src/telemetry/log.ts';
import { createMetricsServer } from '../../../src/telemetry/metrics-server.ts';

test('metrics and health are served, and nothing else', async (t) => {
  const { metrics } = createLog({ level: 'error', destination: { write: () => undefined } });
  metrics.received.add({ protocol: 'mx' }, 7);
  const server = createMetricsServer(metrics);
  const { port } = await server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  const ask = async (path: string, method = 'GET') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    return { status: response.status, body: await response.text() };
  };
  const rendered = await ask('/metrics');
  assert.equal(rendered.status, 200);
  assert.match(rendered.body, /^pec_messages_received_total\{protocol="mx"\} 7$/m);
  assert.match(rendered.body, /^process_resident_memory_bytes \d{7,}$/m);
  assert.deepEqual(await ask('/health'), { status: 200, body: 'ok\n' });
  assert.equal((await ask('/')).status, 404);
  assert.equal((await ask('/metrics', 'POST')).status, 404);
});

test('docs/operations.md explains every metric', () => {
  const { metrics } = createLog({ level: 'error', destination: { write: () => undefined } });
  const page = readFileSync(join(import.meta.dirname, '../../../docs/operations.md'), 'utf8');
  const names = [...metrics.render().matchAll(/^# HELP (pec_\w+)/gm)].map((match) => match[1] ?? '');
  assert.ok(names.length > 10);
  assert.deepEqual(
    names.filter((name) => !page.includes(`\`${name}`)),
    [],
  );
});
