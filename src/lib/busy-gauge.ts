/** How busy the main thread is, for work that can wait. */

/**
 * A gauge that tells whether the event loop had work for more than `share` (0 to 1) of the time since it was last asked.
 */
export function createBusyGauge(share: number): () => boolean {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization > share;
  };
}
