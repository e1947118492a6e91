/** One run of one plan: what was done, what broke, and the trace that another run of it must give again. */
import { checkWorld } from './checks/check-world.ts';
import { endOf, type Plan } from './plan.ts';
import { type Breach, World } from './world.ts';
import { installWorldClock } from './world-clock.ts';

export interface Run {
  readonly seed: number;
  /** SHA-256 over every event and all that is stored in the end, hex. */
  readonly trace: string;
  readonly breaches: readonly Breach[];
  readonly figures: RunFigures;
  /** Faults that struck, with how often. */
  readonly struck: ReadonlyMap<string, number>;
}

export interface RunFigures {
  readonly events: number;
  /** Messages that people submitted. */
  readonly submitted: number;
  /** Messages answered 250 to their senders. */
  readonly messages: number;
  readonly arrivals: number;
  /** Envelopes, receipts and notices that providers signed. */
  readonly issued: number;
  readonly deliveries: number;
  readonly logEntries: number;
  /** Of the log: days exported, signed and time-stamped. */
  readonly seals: number;
  readonly receiptsReproduced: number;
  readonly lost: number;
  /** Simulated. */
  readonly hours: number;
}

/** Runs the plan and checks the world afterwards. Only one at a time in a thread: it takes over its timers. */
export async function simulate(plan: Plan): Promise<Run> {
  const world = new World(plan);
  const restore = installWorldClock(world.scheduler, world.random.fork('globals'));
  try {
    await world.prepare();
    await world.run();
    const checked = await checkWorld(world);
    const { scheduler, breaches, conditions, network, clients, lost } = world;
    return {
      seed: plan.seed,
      trace: scheduler.digest(),
      breaches: [...breaches],
      figures: {
        events: scheduler.count,
        submitted: clients.sent.size,
        messages: [...clients.sent.values()].filter(({ answered }) => answered.length > 0).length,
        arrivals: network.arrivals,
        ...checked,
        lost,
        hours: Math.round(endOf(plan) / 3_600_000) + 48,
      },
      struck: conditions.struck,
    };
  } finally {
    restore();
    for (const provider of world.providers) provider.rows.close();
  }
}
