/** What the benchmark needs of a server it measures. */
import type { Ports } from '../load/jobs.ts';
import type { Account } from '../load/smtp-sender.ts';

export interface BenchServer {
  readonly name: string;
  readonly domain: string;
  /** Of every mailbox. */
  readonly password: string;
  readonly ports: Ports;
  /** Where it keeps everything. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** PEM files. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** Mailboxes that send, and mailboxes that only receive. */
export const sendersAtHand = 64;
export const recipientsAtHand = 64;

export function senderAccounts(server: BenchServer, count: number): Account[] {
  return accounts(server, 'mittente', count);
}

export function recipientAccounts(server: BenchServer, count: number): Account[] {
  return accounts(server, 'casella', count);
}

function accounts({ domain, password }: BenchServer, name: string, count: number): Account[] {
  return Array.from({ length: count }, (_, index) => ({ address: `${name}${index}@${domain}`, password }));
}
