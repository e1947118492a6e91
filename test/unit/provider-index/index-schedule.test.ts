import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { openDailyCopies } from '../../../src/provider-index/daily-copies.ts';
import { IndexError } from '../../../src/provider-index/index-error.ts';
import { buildIndex } from '../../../src/provider-index/index-ldif.ts';
import { createIndexSchedule } from '../../../src/provider-index/index-schedule.ts';
import { openRefreshingIndex, type RefreshResult } from '../../../src/provider-index/refreshing-index.ts';
import { livePolicy, parseTrust } from '../../../src/smime/trust.ts';
import { makeFolder } from '../../support/folder.ts';
import { alfa, beta } from './providers.ts';

const hour = 3_600_000;

async function start(t: TestContext) {
  const time = { now: Date.UTC(2026, 10, 21, 9) };
  const source = { name: 'test', bytes: buildIndex([alfa]) as Uint8Array | undefined, asked: 0 };
  const folder = makeFolder(t);
  const open = () =>
    openRefreshingIndex({
      source: {
        name: source.name,
        fetch: async () => {
          source.asked += 1;
          if (source.bytes === undefined) throw new IndexError('status 503');
          return source.bytes;
        },
      },
      copies: openDailyCopies(folder),
      clock: () => time.now,
      trust: () => parseTrust({ anchors: [] }),
      policy: livePolicy,
      acceptUnsigned: true,
    });
  const index = await open();
  const results: RefreshResult['outcome'][] = [];
  const schedule = createIndexSchedule({
    index,
    everyMs: 12 * hour,
    clock: () => time.now,
    report: ({ outcome }) => void results.push(outcome),
  });
  const run = () => {
    const runner = schedule.start((error) => assert.fail(String(error)));
    t.after(() => runner.stop());
    /** Wakes it, and waits until `fetches` were made in all. */
    return async (fetches: number, ms = 0) => {
      time.now += ms;
      runner.wake();
      for (let turns = 0; turns < 200 && results.length < fetches; turns++)
        await new Promise((resolve) => setTimeout(resolve, 1));
      assert.equal(results.length, fetches);
    };
  };
  return { time, source, open, index, schedule, results, run };
}

describe('the schedule of the index', () => {
  it('fetches at the start and then at its distance', async (t) => {
    const { run, index } = await start(t);
    const pass = run();
    await pass(1);
    assert.ok(index.current().providerOf('alfa.test'));
    await pass(1, 12 * hour - 1);
    await pass(2, 1);
  });

  it('comes again sooner after a failure', async (t) => {
    const { run, source, results } = await start(t);
    source.bytes = undefined;
    const pass = run();
    await pass(1);
    await pass(1, hour / 4 - 1);
    source.bytes = buildIndex([alfa]);
    await pass(2, 1);
    assert.deepEqual(results, ['kept', 'applied']);
  });

  it('counts from a fetch that was asked for', async (t) => {
    const { run, schedule, source } = await start(t);
    await schedule.refresh();
    const pass = run();
    await pass(1, 11 * hour);
    await pass(2, hour);
    assert.equal(source.asked, 2);
  });

  it('does not wait for years when the clock was set back', async (t) => {
    const { run } = await start(t);
    const pass = run();
    await pass(1);
    await pass(2, -365 * 24 * hour);
  });

  it('takes over what another process has fetched, and does not fetch it again', async (t) => {
    const { run, time, source, open, index } = await start(t);
    const pass = run();
    await pass(1);
    time.now += hour;
    source.bytes = buildIndex([alfa, beta]);
    await (await open()).refresh();
    assert.equal(source.asked, 2);
    await pass(1);
    for (let turns = 0; turns < 200 && index.current().providerOf('beta.test') === undefined; turns++)
      await new Promise((resolve) => setTimeout(resolve, 1));
    assert.equal(index.current().providerOf('beta.test')?.name, beta.name);
    assert.equal(source.asked, 2);
  });
});
