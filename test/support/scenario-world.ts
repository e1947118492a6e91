/**
 * Two providers, the network between them and one clock that a test can move. `scenario` runs a test in a new
 * world and afterwards asks, whatever the test was about, whether both logs and all mailboxes are coherent.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestOptions, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { ConfigInput } from '../../src/config/schema.ts';
import { checkSite } from './scenario-checks.ts';
import { type Link, openLink } from './scenario-link.ts';
import {
  bareDomainOfProvider,
  domainOfProvider,
  type ProviderKey,
  type ScenarioPki,
  sharedPki,
} from './scenario-pki.ts';
import { Site, type StartOptions } from './scenario-site.ts';

export interface World {
  readonly pki: ScenarioPki;
  readonly alfa: Site;
  readonly beta: Site;
  readonly sites: readonly Site[];
  readonly folder: string;
  /** The way to gamma.test and to ordinaria.test, which no provider here manages. */
  readonly outside: Link;
  now(): number;
  /** Moves the clock of all providers; what is due by then is done when it resolves. */
  advance(ms: number): Promise<void>;
  /** Moves the clock and waits for nothing. */
  moveClock(ms: number): void;
  /** Waits until nothing is due any more at the providers that run. */
  settle(): Promise<void>;
  /** Faults in the diagnostics that match are what the test wants. */
  expectFaults(pattern: RegExp): void;
  /** Closed when the scenario ends, however it ends: an open server would keep the process alive for ever. */
  use<T extends { close(): Promise<void> }>(resource: Promise<T>): Promise<T>;
}

export interface ScenarioOptions extends TestOptions {
  readonly settings?: Partial<Record<ProviderKey, Partial<ConfigInput>>>;
  /** False: the test starts the providers itself. */
  readonly start?: boolean;
  readonly starts?: Partial<Record<ProviderKey, StartOptions>>;
}

export const minute = 60_000;
export const hour = 60 * minute;
const settleMs = 30_000;
/** Of a whole scenario, unless it says otherwise: one that waits in vain ends and says so. */
const scenarioMs = 90_000;

export function scenario(
  name: string,
  options: ScenarioOptions,
  body: (world: World) => Promise<void>,
): Promise<void> {
  const { settings: _settings, start: _start, starts: _starts, ...testOptions } = options;
  return test(name, { timeout: scenarioMs, ...testOptions }, async ({ signal }) => {
    const { world, close, expected } = await openWorld(options);
    signal.addEventListener('abort', () => void close());
    try {
      if (options.start !== false)
        await Promise.all(world.sites.map((site) => site.start(options.starts?.[site.key] ?? {})));
      await body(world);
      await world.settle();
      for (const site of world.sites) await checkSite(site, world.sites);
      const faults = world.sites.flatMap((site) => site.faults());
      const unexpected = faults.filter((line) => !expected.some((pattern) => pattern.test(line)));
      assert.deepEqual(unexpected, [], 'the diagnostics tell of unexpected failures');
    } finally {
      await close();
    }
  });
}

async function openWorld(options: ScenarioOptions) {
  const pki = await sharedPki();
  const folder = mkdtempSync(join(tmpdir(), 'openpec-scenario-'));
  let offset = 0;
  const clock = Object.assign(() => Date.now() + offset, { offset: () => offset });
  const outside = await openLink();
  const links = { alfa: await openLink(), beta: await openLink() };
  const routes = {
    ...Object.fromEntries(
      (['alfa', 'beta'] as const).flatMap((key) => [
        [domainOfProvider(key), links[key].port],
        [bareDomainOfProvider(key), links[key].port],
      ]),
    ),
    'gamma.test': outside.port,
    'ordinaria.test': outside.port,
  };
  const make = (key: 'alfa' | 'beta') =>
    Site.make({
      key,
      folder: join(folder, key),
      pki,
      clock,
      routes,
      link: links[key],
      settings: options.settings?.[key] ?? {},
    });
  const [alfa, beta] = await Promise.all([make('alfa'), make('beta')]);
  const sites = [alfa, beta];
  const expected: RegExp[] = [];
  const resources: { close(): Promise<void> }[] = [];
  const moveClock = (ms: number) => {
    offset += ms;
    for (const site of sites) site.clockMoved();
  };
  const world: World = {
    pki,
    alfa,
    beta,
    sites,
    folder,
    outside,
    now: clock,
    moveClock,
    advance: async (ms) => {
      moveClock(ms);
      await settle(sites);
    },
    settle: () => settle(sites),
    expectFaults: (pattern) => expected.push(pattern),
    use: async (resource) => {
      const opened = await resource;
      resources.push(opened);
      return opened;
    },
  };
  let closing: Promise<void> | undefined;
  const closeAll = async () => {
    await Promise.all([outside, ...resources, ...sites].map((one) => one.close()));
    rmSync(folder, { recursive: true, force: true });
  };
  const close = () => {
    closing ??= closeAll();
    return closing;
  };
  return { world, close, expected };
}

/** Patient while anything changes: a machine may be busy with other things. */
async function settle(sites: readonly Site[]): Promise<void> {
  let deadline = Date.now() + settleMs;
  let before = '';
  for (let quiet = 0; quiet < 3; ) {
    const running = sites.filter((site) => site.running);
    const pending = (await Promise.all(running.map((site) => site.pending()))).flat();
    const now = pending.join('; ');
    if (now !== before) deadline = Date.now() + settleMs;
    before = now;
    // Between one provider's end and the other's beginning a message is on the wire: look again.
    quiet = pending.length === 0 ? quiet + 1 : 0;
    await delay(quiet === 0 ? Math.min(100, 10 + pending.length) : 4);
    if (Date.now() > deadline)
      throw new Error(`the same is pending for ${settleMs} ms: ${pending.slice(0, 20).join('; ')}`);
  }
}

/** Polls until the condition holds. @throws when it does not within the time */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  withinMs = settleMs,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await delay(10);
  }
}

/**
 * Until every recipient has its outcome and no queue holds anything. Peers that were down are tried again after
 * half a minute, a minute, two: the clock is moved on.
 */
export async function untilSettled(world: World, withinMs = settleMs): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (Date.now() < deadline) {
    await until('all providers run', () => world.sites.every((site) => site.running));
    await world.settle();
    const open = await Promise.all(world.sites.map((site) => site.isSettled()));
    if (open.every(Boolean)) return;
    world.moveClock(minute);
    await delay(30);
  }
  throw new Error('mail is still on its way');
}
