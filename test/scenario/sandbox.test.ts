/** `npm start` as a stranger runs it: from any folder, with the folder named as it comes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { makeFolder } from '../support/folder.ts';

const main = resolve(import.meta.dirname, '../../src/sandbox/main.ts');

interface Endpoints {
  readonly ca: string;
  readonly providers: readonly {
    readonly domain: string;
    readonly ports: Readonly<Record<string, number>>;
    readonly config: string;
    readonly data: string;
    readonly users: readonly { readonly address: string; readonly password: string }[];
  }[];
}

test('starts in a relative folder, says how to attach, and stops in order', async (t) => {
  const folder = makeFolder(t);
  const child = spawn(process.execPath, [main, '--folder', 'here'], { cwd: folder });
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const file = join(folder, 'here', 'endpoints.json');
  for (let tries = 0; !existsSync(file) && child.exitCode === null && tries < 600; tries++) await delay(50);
  assert.ok(existsSync(file), output);
  const endpoints = JSON.parse(readFileSync(file, 'utf8')) as Endpoints;
  assert.deepEqual(
    endpoints.providers.map(({ domain }) => domain),
    ['alfa.test', 'beta.test'],
  );
  for (const { config, data, users, ports } of endpoints.providers) {
    for (const place of [endpoints.ca, config, data])
      assert.ok(existsSync(join(folder, 'here', place)), place);
    assert.equal(users.length, 4);
    assert.ok(Object.values(ports).every((port) => port > 1024));
  }
  child.kill('SIGINT');
  const [code] = (await once(child, 'exit')) as [number | null];
  assert.equal(code, 0, output);
  assert.ok(!existsSync(file), 'nobody must try to attach to what has stopped');
});
