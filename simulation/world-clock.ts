/**
 * While a simulation runs, timers and time of this thread are the simulated ones: a timer belongs to the life that set
 * it. Code that would read the real time reads the world's, and the run stays the same every time.
 */
import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

const largestDelay = 2 ** 31 - 1;

/** Puts simulated timers in place; returns how to put the real ones back. */
export function installWorldClock(scheduler: Scheduler, random: Random): () => void {
  const real = {
    setTimeout: globalThis.setTimeout,
    clearTimeout: globalThis.clearTimeout,
    now: Date.now,
    random: Math.random,
    elapsed: performance.now,
  };
  const pending = new WeakMap<object, { cancel(): void }>();

  const setSimulated = (act: (...values: unknown[]) => void, delay = 0, ...values: unknown[]) => {
    const handle = { unref: () => handle, ref: () => handle, hasRef: () => true };
    const ms = Math.min(Math.max(1, delay), largestDelay);
    pending.set(
      handle,
      scheduler.after(ms, scheduler.current, 'timer', () => act(...values)),
    );
    return handle;
  };
  const clearSimulated = (handle: unknown) => {
    if (typeof handle === 'object' && handle !== null) pending.get(handle)?.cancel();
  };
  Object.assign(globalThis, { setTimeout: setSimulated, clearTimeout: clearSimulated });
  Date.now = () => Math.floor(scheduler.now);
  Math.random = () => random.fraction();
  performance.now = () => scheduler.now;
  return () => {
    Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
    Date.now = real.now;
    Math.random = real.random;
    performance.now = real.elapsed;
  };
}
