import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { advance, openMovedClock, readAhead, waitUntilTaken } from '../../../src/sandbox/moved-clock.ts';
import { sandboxFiles } from '../../../src/sandbox/places.ts';
import { makeFolder } from '../../support/folder.ts';

const hour = 3_600_000;
const base = () => 1_000_000;

function follow(t: TestContext, files: ReturnType<typeof sandboxFiles>) {
  const moves: number[] = [];
  const moved = openMovedClock(files, base);
  const seen: number[] = [];
  const runner = moved.follow(
    (aheadMs) => {
      moves.push(aheadMs);
      seen.push(moved.clock());
    },
    (error) => assert.fail(String(error)),
  );
  t.after(() => runner.stop());
  return { ...moved, moves, seen, runner };
}

describe('the clock of the sandbox', () => {
  it("is the machine's until it is moved", (t) => {
    const files = sandboxFiles(makeFolder(t));
    assert.equal(readAhead(files), 0);
    assert.equal(openMovedClock(files, base).clock(), base());
  });

  it('is moved while it runs, and who moved it learns that it was taken', async (t) => {
    const files = sandboxFiles(makeFolder(t));
    const { clock, moves, seen } = follow(t, files);
    assert.equal(advance(files, 13 * hour), 13 * hour);
    assert.equal(await waitUntilTaken(files, 13 * hour), true);
    assert.equal(clock(), base() + 13 * hour);
    assert.equal(advance(files, hour), 14 * hour);
    assert.equal(await waitUntilTaken(files, 14 * hour), true);
    assert.deepEqual(moves, [13 * hour, 14 * hour]);
    assert.deepEqual(seen[0], base() + 13 * hour, 'the clock shows it before anybody is told');
  });

  it('stays moved over a restart, also when it was moved in between', async (t) => {
    const files = sandboxFiles(makeFolder(t));
    const first = follow(t, files);
    advance(files, hour);
    await waitUntilTaken(files, hour);
    await first.runner.stop();
    assert.equal(existsSync(files.clockTaken), false);
    advance(files, hour);
    assert.equal(await waitUntilTaken(files, 2 * hour), false, 'nobody runs');
    assert.equal(follow(t, files).clock(), base() + 2 * hour);
  });

  it('never goes back, and says what to do about a file that makes no sense', async (t) => {
    const files = sandboxFiles(makeFolder(t));
    advance(files, 2 * hour);
    const { clock } = follow(t, files);
    writeFileSync(files.clock, '{"aheadMs":5}');
    advance(files, hour);
    await waitUntilTaken(files, 2 * hour);
    assert.equal(clock(), base() + 2 * hour);
    for (const text of ['{}', '{"aheadMs":-1}', '{"aheadMs":1.5}', '{"aheadMs":"1"}']) {
      writeFileSync(files.clock, text);
      assert.throws(() => readAhead(files), /remove it to begin anew/, text);
    }
  });
});
