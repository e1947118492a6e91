import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ClockFinding, createClockWatch, findMedian } from '../../../src/clock/clock-watch.ts';
import type { TimeReading } from '../../../src/clock/time-source.ts';

const hour = 3_600_000;

/** Servers whose answers, and clocks whose times, the test decides; `undefined` is no answer. */
function start(count = 3) {
  const time = { now: Date.UTC(2026, 10, 21), monotonic: 0 };
  const answers: (Partial<TimeReading> | undefined)[] = Array.from({ length: count }, () => ({}));
  const findings: ClockFinding[] = [];
  const watch = createClockWatch({
    sources: answers.map((_, index) => ({
      name: `ntp${index}`,
      ask: async () => {
        const answer = answers[index];
        if (answer === undefined) throw new Error('no answer');
        return { offsetMs: 0, errorMs: 10, ...answer };
      },
    })),
    maxOffsetMs: 1000,
    checkEveryMs: hour / 4,
    trustedSilenceMs: 24 * hour,
    clock: () => time.now,
    monotonic: () => time.monotonic,
    report: (finding) => void findings.push(finding),
  });
  const pass = (ms: number) => {
    time.now += ms;
    time.monotonic += ms;
  };
  const answerAll = (offsetMs: number | undefined) =>
    answers.fill(offsetMs === undefined ? undefined : { offsetMs });
  return { time, answers, answerAll, findings, watch, pass };
}

describe('the watch over the clock', () => {
  it('takes the median: one server that lies is outvoted', async () => {
    const { watch, answers } = start();
    answers[1] = { offsetMs: 86_400_000 };
    answers[2] = { offsetMs: -12 };
    assert.deepEqual(await watch.check(), { state: 'right', offsetMs: 0, servers: 3 });
    assert.equal(watch.isRight(), true);
  });

  it('finds the clock wrong beyond the limit, either way, and right again', async () => {
    const { watch, answerAll } = start();
    for (const [offsetMs, right] of [
      [1001, false],
      [1000, true],
      [-1001, false],
      [-1000, true],
    ] as const) {
      answerAll(offsetMs);
      assert.equal((await watch.check())?.state, right ? 'right' : 'wrong');
      assert.equal(watch.isRight(), right);
    }
  });

  it('takes an answer that is less exact than the limit for none', async () => {
    const { watch, answers } = start(2);
    answers[0] = { offsetMs: 5000, errorMs: 1001 };
    assert.deepEqual(await watch.check(), { state: 'right', offsetMs: 0, servers: 1 });
    answers[1] = undefined;
    assert.deepEqual(await watch.check(), {
      state: 'unknown',
      reasons: ['ntp0: exact to 1001 ms only', 'ntp1: no answer'],
      trusted: true,
    });
  });

  it('trusts the clock for a while when nobody answers, from the last answer on', async () => {
    const { watch, answerAll, pass } = start();
    pass(20 * hour);
    await watch.check();
    answerAll(undefined);
    pass(24 * hour);
    assert.equal((await watch.check())?.state, 'unknown');
    assert.equal(watch.isRight(), true);
    pass(1);
    assert.equal(watch.isRight(), false, 'without another check');
    const last = await watch.check();
    assert.equal(last?.state === 'unknown' && last.trusted, false);
    answerAll(3);
    await watch.check();
    assert.equal(watch.isRight(), true);
  });

  it('does not trust it while it was wrong when somebody last answered', async () => {
    const { watch, answerAll } = start();
    answerAll(5000);
    await watch.check();
    answerAll(undefined);
    const finding = await watch.check();
    assert.equal(finding?.state === 'unknown' && finding.trusted, false);
    assert.equal(watch.isRight(), false);
  });

  it('counts the silence by a clock that nobody sets', async () => {
    const { watch, answerAll, time } = start();
    await watch.check();
    answerAll(undefined);
    time.now += 1000 * hour;
    await watch.check();
    assert.equal(watch.isRight(), true);
  });

  it('checks when it starts, and not again before it is time or the clock was set', async () => {
    const { watch, findings, pass, time } = start();
    const runner = watch.start((error) => assert.fail(String(error)));
    // Each wake is one round; a round that asks nobody ends within a turn of the event loop.
    const round = async () => {
      runner.wake();
      await new Promise((resolve) => setTimeout(resolve, 2));
    };
    await round();
    assert.equal(findings.length, 1);
    pass(hour / 4 - 1);
    await round();
    assert.equal(findings.length, 1);
    pass(1);
    await round();
    assert.equal(findings.length, 2);
    time.now += 700;
    await round();
    assert.equal(findings.length, 3, 'the clock was set');
    await runner.stop();
  });

  it('asks nobody when no servers are named, and finds the clock right', async () => {
    const { watch, findings, pass } = start(0);
    const runner = watch.start((error) => assert.fail(String(error)));
    pass(1000 * hour);
    assert.equal(watch.isRight(), true);
    await runner.stop();
    assert.equal(findings.length, 0);
  });
});

describe('findMedian', () => {
  it('is the middle, or the mean of both middles', () => {
    assert.equal(findMedian([]), undefined);
    assert.equal(findMedian([7]), 7);
    assert.equal(findMedian([9, 1]), 5);
    assert.equal(findMedian([100, 1, 2]), 2);
    assert.equal(findMedian([4, -1, 2, 1000]), 3);
  });
});
