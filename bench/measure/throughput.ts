/** Messages per second, the servers in turn, so that what the machine does besides falls on all of them. */
import { runJob } from '../load/generator.ts';
import type { CountedMailboxes } from '../load/jobs.ts';
import {
  type BenchServer,
  recipientAccounts,
  recipientsAtHand,
  senderAccounts,
} from '../servers/bench-server.ts';
import { type Series, summarize } from '../statistics.ts';

export interface Lane {
  readonly name: string;
  readonly from: BenchServer;
  readonly to: BenchServer;
  /** Certified: two receipts for each delivery stand in the sender's mailbox too, one of them once a message. */
  readonly certified: boolean;
}

export interface ThroughputPlan {
  readonly lanes: readonly Lane[];
  readonly connections: number;
  readonly recipients: number;
  readonly size: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly repeats: number;
}

export interface LaneResult {
  readonly name: string;
  readonly rate: Series;
  readonly rates: readonly number[];
  /** Milliseconds of processor the generator took for each message. */
  readonly ownCpuMs: number;
}

/** One result a lane, in their order. */
export async function measureThroughput(plan: ThroughputPlan): Promise<LaneResult[]> {
  const rates = plan.lanes.map((): number[] => []);
  const costs = plan.lanes.map((): number[] => []);
  for (const lane of plan.lanes) if (plan.warmUpSeconds > 0) await runLane(lane, plan, plan.warmUpSeconds);
  for (let turn = 0; turn < plan.repeats; turn += 1) {
    for (const [index, lane] of plan.lanes.entries()) {
      const { rate, ownCpuMs } = await runLane(lane, plan, plan.seconds);
      rates[index]?.push(rate);
      costs[index]?.push(ownCpuMs);
    }
  }
  return plan.lanes.map(({ name }, index) => ({
    name,
    rate: summarize(rates[index] ?? []),
    rates: rates[index] ?? [],
    ownCpuMs: summarize(costs[index] ?? []).median,
  }));
}

function runLane({ from, to, certified }: Lane, plan: ThroughputPlan, seconds: number) {
  const senders = senderAccounts(from, plan.connections);
  const recipients = recipientAccounts(to, recipientsAtHand);
  const counted: CountedMailboxes[] = [{ imaps: to.ports.imaps, accounts: recipients }];
  if (certified) counted.push({ imaps: from.ports.imaps, accounts: senders });
  return runJob({
    kind: 'throughput',
    submissions: from.ports.submissions,
    senders,
    recipients: recipients.map(({ address }) => address),
    recipientsPerMessage: plan.recipients,
    size: plan.size,
    seconds,
    counted,
    storedPerMessage: certified ? 1 + 2 * plan.recipients : plan.recipients,
  });
}
