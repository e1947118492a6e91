/** A process that runs one seed after the other, as `main.ts` orders. */
import { drawPlan } from './draw-plan.ts';
import type { Order, SentRun } from './main.ts';
import { simulate } from './simulate.ts';

process.on('message', (order: Order) => {
  void simulate(drawPlan(order.seed, order.size)).then((run) => {
    const sent: SentRun = { ...run, struck: [...run.struck] };
    process.send?.(sent);
  });
});
