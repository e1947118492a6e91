/** A process that runs one seed after the other, as `run-many.ts` orders, and ends with it. */
import { drawPlan } from './draw-plan.ts';
import type { Order } from './run-many.ts';
import { simulate } from './simulate.ts';
import type { SentRun } from './tally.ts';

process.on('message', (order: Order) => {
  const before = process.cpuUsage();
  void simulate(drawPlan(order.seed, order.size)).then((run) => {
    const { user, system } = process.cpuUsage(before);
    const sent: SentRun = { ...run, struck: [...run.struck], cpuSeconds: (user + system) / 1e6 };
    process.send?.(sent);
  });
});
// An interruption of the terminal reaches every process; which of them end, the first one says.
process.on('SIGINT', () => undefined);
process.on('disconnect', () => process.exit());
