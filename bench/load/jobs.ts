/** What the load generator can be told to do, and what it answers: values that pass between two processes. */
import type { Account } from './smtp-sender.ts';

/** Where a server listens on loopback, TLS from the first byte. */
export interface Ports {
  readonly submissions: number;
  readonly imaps: number;
}

/** Mailboxes whose messages are counted. */
export interface CountedMailboxes {
  readonly imaps: number;
  readonly accounts: readonly Account[];
}

export interface ThroughputJob {
  readonly kind: 'throughput';
  readonly submissions: number;
  /** One connection each. */
  readonly senders: readonly Account[];
  /** Taken in turn. */
  readonly recipients: readonly string[];
  readonly recipientsPerMessage: number;
  /** Bytes of one message. */
  readonly size: number;
  readonly seconds: number;
  readonly counted: readonly CountedMailboxes[];
  /** Messages that one sent message puts into the counted mailboxes. */
  readonly storedPerMessage: number;
}

export interface ThroughputResult {
  readonly sent: number;
  /** From the first MAIL until all messages stood in their mailboxes. */
  readonly seconds: number;
  /** The same until the last 250. */
  readonly secondsToAnswer: number;
  /** Messages through to the mailboxes per second. */
  readonly rate: number;
  /** Processor time the generator itself took, milliseconds for each message. */
  readonly ownCpuMs: number;
}

export interface LatencyJob {
  readonly kind: 'latency';
  readonly submissions: number;
  readonly imaps: number;
  /** As many as messages may be under way at once; each is watched for its receipts. */
  readonly senders: readonly Account[];
  readonly recipients: readonly string[];
  readonly size: number;
  readonly seconds: number;
  /** Messages begun per second, at random instants. */
  readonly rate: number;
  /** Messages that one sent message puts into its sender's mailbox; 0 = only the 250 is waited for. */
  readonly receipts: number;
}

export interface LatencyResult {
  readonly rate: number;
  /** Milliseconds from the final dot to the 250, ascending. */
  readonly answers: readonly number[];
  /** Milliseconds from the final dot until the last receipt was announced to an idle mail program, ascending. */
  readonly receipts: readonly number[];
  /** Messages that could not begin when their time had come, because all senders were waiting. */
  readonly late: number;
}

export type Job = ThroughputJob | LatencyJob;
export type JobResult<J extends Job> = J extends ThroughputJob ? ThroughputResult : LatencyResult;
