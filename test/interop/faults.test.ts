/**
 * What befalls the machine, for real: the daemon killed over and over under load, stopped and continued, its disk full
 * or read-only at the start, too few open files, name servers that never answer. What was answered 250 is there, once, with its
 * receipts; what cannot be taken is answered 4xx; and when the fault is over the provider goes on without a restart.
 * Needs root, to mount.
 */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { noteFault } from '../support/fault-figures.ts';
import { checkOutcomes, type Load, type LoadOptions, startLoad } from '../support/fault-load.ts';
import { makeOwnProvider, type OwnProvider } from '../support/own-provider.ts';
import { runWell } from '../support/run-program.ts';
import { type Account, pec, runPec } from '../support/sandbox-process.ts';

interface Scene {
  readonly own: OwnProvider;
  readonly mario: Account;
  readonly anna: Account;
  /** Undone when the test ends, last first, however it ends. */
  undo(step: () => unknown): void;
}

const limit = { timeout: 240_000 };

async function openScene(t: TestContext): Promise<Scene> {
  const steps: (() => unknown)[] = [];
  t.after(async () => {
    for (const step of steps.reverse()) await step();
  });
  const own = await makeOwnProvider('alfa.test');
  steps.push(() => own.remove());
  await pec('domain', 'add', own.domain, '--config', own.configFile);
  const [mario, anna] = [await own.addMailbox('mario'), await own.addMailbox('anna')];
  return { own, mario, anna, undo: (step) => steps.push(step) };
}

/** The load stops also when the test fails. */
function load({ mario, anna, undo }: Scene, options: Partial<LoadOptions> = {}): Load {
  const running = startLoad({ from: mario, to: anna, ...options });
  undo(() => running.stop());
  return running;
}

async function verifyLog({ own }: Scene): Promise<void> {
  assert.match(await pec('log', 'verify', '--config', own.configFile), /\S/);
}

test('killed twenty times at any moment under load', limit, async (t) => {
  const scene = await openScene(t);
  let server = await scene.own.serve();
  const messages = load(scene);
  const kills = 20;
  for (let death = 0; death < kills; death++) {
    await messages.untilTaken(1);
    await delay(randomInt(300));
    assert.equal(await server.stop('SIGKILL'), 'SIGKILL');
    server = await scene.own.serve();
  }
  await messages.untilTaken(5);
  await messages.stop();
  noteFault(t, { ...(await checkOutcomes(messages, scene.mario, scene.anna)), kills });
  await verifyLog(scene);
});

test('stopped and continued', limit, async (t) => {
  const scene = await openScene(t);
  const server = await scene.own.serve();
  const messages = load(scene);
  for (let times = 0; times < 3; times++) {
    await messages.untilTaken(10);
    server.child.kill('SIGSTOP');
    await delay(3000);
    server.child.kill('SIGCONT');
  }
  await messages.untilTaken(10);
  await messages.stop();
  noteFault(t, await checkOutcomes(messages, scene.mario, scene.anna));
});

/** Puts the data on a file system of its own. Before the provider serves. */
async function mountData({ own, undo }: Scene, megabytes: number): Promise<string> {
  const data = join(own.folder, 'data');
  const aside = join(own.folder, 'aside');
  cpSync(data, aside, { recursive: true });
  await runWell('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=0700`, 'tmpfs', data]);
  undo(async () => {
    await own.stop();
    await runWell('umount', ['--lazy', data]);
  });
  cpSync(aside, data, { recursive: true });
  return data;
}

/** Waits until the provider refuses, and says with what. */
async function untilRefused(messages: Load): Promise<readonly number[]> {
  for (let waited = 0; waited < 600; waited++) {
    if ([...messages.refused.values()].reduce((sum, count) => sum + count, 0) >= 10) break;
    await delay(100);
  }
  return [...messages.refused.keys()];
}

test('the disk is full, and then it is not', limit, async (t) => {
  const scene = await openScene(t);
  const data = await mountData(scene, 48);
  const ballast = join(data, 'ballast');
  writeFileSync(ballast, Buffer.alloc(16 << 20));
  await scene.own.serve();
  const messages = load(scene, { bodyBytes: 60_000 });
  const codes = await untilRefused(messages);
  assert.ok(messages.taken.size > 10, `${messages.taken.size} were taken before it was full`);
  assert.ok(codes.length > 0 && codes.every((code) => code >= 400 && code < 500), `${codes}`);
  rmSync(ballast);
  await messages.untilTaken(5);
  await messages.stop();
  noteFault(t, await checkOutcomes(messages, scene.mario, scene.anna));
  await verifyLog(scene);
});

test('a read-only disk is told at the start', limit, async (t) => {
  const scene = await openScene(t);
  const data = await mountData(scene, 64);
  await runWell('mount', ['-o', 'remount,ro', data]);
  const { status, text } = await runPec(['serve', '--config', scene.own.configFile]);
  assert.equal(typeof status, 'number', text);
  assert.notEqual(status, 0);
  assert.match(text, /data folder .* cannot be written[\s\S]*read-only/);
  assert.doesNotMatch(text, /should not happen/);
  await runWell('mount', ['-o', 'remount,rw', data]);
  await scene.own.serve();
  const messages = load(scene);
  await messages.untilTaken(5);
  await messages.stop();
  noteFault(t, await checkOutcomes(messages, scene.mario, scene.anna));
});

test('more connections than files may be open', limit, async (t) => {
  const scene = await openScene(t);
  const server = await scene.own.serve();
  await runWell('prlimit', ['--pid', `${server.child.pid}`, '--nofile=120:120']);
  const messages = load(scene);
  await messages.untilTaken(5);
  const crowd = Array.from({ length: 200 }, () => connect(scene.own.ports.imap, '127.0.0.1'));
  scene.undo(() => closeAll(crowd));
  for (const socket of crowd) socket.on('error', () => undefined);
  await delay(2000);
  assert.equal(server.child.exitCode, null, server.output());
  await closeAll(crowd);
  await messages.untilTaken(20);
  await messages.stop();
  noteFault(t, await checkOutcomes(messages, scene.mario, scene.anna));
  await verifyLog(scene);
});

async function closeAll(sockets: readonly Socket[]): Promise<void> {
  await Promise.all(
    sockets.map(async (socket) => {
      if (socket.closed) return;
      const closed = once(socket, 'close');
      socket.destroy();
      await closed;
    }),
  );
}

test('name servers that never answer hold up only what needs them', limit, async (t) => {
  const scene = await openScene(t);
  const silent = createSocket('udp4').bind(0, '127.0.0.1');
  await once(silent, 'listening');
  scene.undo(() => silent.close());
  await scene.own.configure({ relay: { resolver: [`127.0.0.1:${silent.address().port}`] } });
  await scene.own.serve();
  const abroad = load(scene, { to: { ...scene.anna, address: 'chiunque@altrove.test' } });
  await abroad.untilTaken(20);
  const { anna, own } = scene;
  const local = load(scene, { from: anna, to: await own.addMailbox('carla') });
  await local.untilTaken(50);
  await Promise.all([abroad.stop(), local.stop()]);
  const carla = { ...anna, address: 'carla@alfa.test', password: 'segreta-carla' };
  noteFault(t, await checkOutcomes(local, anna, carla));
  const queue = await pec('queue', 'list', '--config', own.configFile);
  assert.match(queue, /altrove\.test/);
});
