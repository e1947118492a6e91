/** How long a sender waits at half the peak rate: for the 250, and for the delivery receipt. */
import { runJob } from '../load/generator.ts';
import {
  type BenchServer,
  recipientAccounts,
  recipientsAtHand,
  senderAccounts,
  sendersAtHand,
} from '../servers/bench-server.ts';
import { quantile } from '../statistics.ts';

export interface Latency {
  readonly name: string;
  readonly rate: number;
  readonly answer: { readonly p50: number; readonly p99: number };
  readonly receipt: { readonly p50: number; readonly p99: number } | undefined;
}

export async function measureLatency(
  server: BenchServer,
  { rate, seconds, receipts }: { readonly rate: number; readonly seconds: number; readonly receipts: number },
): Promise<Latency> {
  const measured = await runJob({
    kind: 'latency',
    submissions: server.ports.submissions,
    imaps: server.ports.imaps,
    senders: senderAccounts(server, sendersAtHand),
    recipients: recipientAccounts(server, recipientsAtHand).map(({ address }) => address),
    size: 8192,
    seconds,
    rate,
    receipts,
  });
  const cut = (ascending: readonly number[]) => ({
    p50: quantile(ascending, 0.5),
    p99: quantile(ascending, 0.99),
  });
  return {
    name: server.name,
    rate: measured.rate,
    answer: cut(measured.answers),
    receipt: receipts === 0 ? undefined : cut(measured.receipts),
  };
}
