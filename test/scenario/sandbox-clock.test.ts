/** The time limits as a person sees them: npm start, a letter to the provider that never answers, pec sandbox advance. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { LogEvent } from '../../src/pec/events.ts';
import { makeFolder } from '../support/folder.ts';
import { SmtpTalker, transact } from '../support/scenario-smtp.ts';
import { runPec } from '../unit/cli/run-pec.ts';

const main = resolve(import.meta.dirname, '../../src/sandbox/main.ts');
const hour = 3_600_000;

interface Endpoints {
  readonly ca: string;
  readonly providers: readonly {
    readonly ports: Readonly<Record<string, number>>;
    readonly config: string;
    readonly users: readonly { readonly address: string; readonly password: string }[];
  }[];
}

async function start(t: TestContext, folder: string) {
  const child = spawn(process.execPath, [main, '--folder', folder]);
  t.after(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const file = join(folder, 'endpoints.json');
  while (!existsSync(file) && child.exitCode === null) await delay(50);
  assert.ok(existsSync(file), output);
  const { ca, providers } = JSON.parse(readFileSync(file, 'utf8')) as Endpoints;
  const [alfa] = providers;
  const [mario] = alfa?.users ?? [];
  assert.ok(alfa && mario);
  const stop = async () => {
    child.kill('SIGINT');
    await once(child, 'exit');
  };
  return { alfa, mario, ca: readFileSync(join(folder, ca), 'utf8'), stop, output: () => output };
}

async function readAheadMs(folder: string): Promise<number> {
  const { output } = await runPec(['sandbox', 'time', '--folder', folder, '--json']);
  return (JSON.parse(output) as { aheadMs: number }).aheadMs;
}

/** Commands go by the moved clock too: nothing that was written after it was moved lies in the future. */
async function holdsInItsTime(folder: string, config: string, identificativo: string): Promise<void> {
  const proof = join(folder, 'prova.json');
  for (const words of [
    ['log', 'seal'],
    ['log', 'verify', '--full'],
    ['proof', 'make', identificativo, '--out', proof],
    ['proof', 'check', proof],
  ]) {
    const { code, output, remarks } = await runPec([...words, '--config', config]);
    assert.equal(code, 0, `${words.join(' ')}: ${output} ${remarks}`);
  }
}

test('twelve and twenty-four hours pass at once, and stay passed after a restart', async (t) => {
  const folder = makeFolder(t);
  const { alfa, mario, ca, stop, output } = await start(t, folder);
  const talker = await SmtpTalker.open(alfa.ports.submissions ?? 0, ca);
  await talker.command('EHLO client.test');
  await talker.login(mario.address, mario.password);
  const to = 'chiunque@assente.test';
  const message = `From: ${mario.address}\r\nTo: ${to}\r\nSubject: Prova\r\n\r\nBuongiorno\r\n`;
  const reply = await transact(talker, { from: mario.address, to: [to], message: Buffer.from(message) });
  await talker.quit();
  const identificativo = /: (\S+@alfa\.test)/.exec(reply.text)?.[1] ?? '';
  assert.equal(reply.code, 250, reply.text);

  const config = join(folder, alfa.config);
  /** Waits for the notice, and says how long after the acceptance it was written. */
  const waitForNotice = async (hours: 12 | 24): Promise<number> => {
    for (;;) {
      const { output: json } = await runPec(['log', 'show', identificativo, '--config', config, '--json']);
      const events = (JSON.parse(json) as { readonly event: LogEvent }[]).map(({ event }) => event);
      const notice = events.find((event) => event.type === 'timeout' && event.hours === hours);
      if (notice !== undefined) return notice.at - (events[0]?.at ?? 0);
      await delay(50);
    }
  };
  const advance = (duration: string) => runPec(['sandbox', 'advance', duration, '--folder', folder]);
  const advanced = await advance('13h');
  assert.deepEqual([advanced.code, advanced.remarks], [0, '']);
  assert.match(advanced.output, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d in the sandbox, 13h ahead$/);
  const first = await waitForNotice(12);
  assert.ok(first >= 13 * hour && first < 14 * hour, String(first));
  await advance('11h');
  assert.ok((await waitForNotice(24)) >= 24 * hour);
  assert.match(output(), /Clock moved ahead: .*\n.*Clock moved ahead: /);
  await holdsInItsTime(folder, config, identificativo);

  await stop();
  const idle = await advance('1h');
  assert.match(idle.remarks, /is not running; it will begin with this time/);
  const again = await start(t, folder);
  assert.equal(await readAheadMs(folder), 25 * hour);
  await again.stop();
});

test('where there is no sandbox its clock cannot be moved', async (t) => {
  const ran = await runPec(['sandbox', 'advance', '13h', '--folder', makeFolder(t)]);
  assert.equal(ran.code, 1);
  assert.match(ran.remarks, /npm start makes one/);
});
