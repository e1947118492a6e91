/** Sending with swaks, and what exactly went over the wire, by its own transcript. */
import assert from 'node:assert/strict';
import { type Ran, runProgram } from './run-program.ts';
import type { Account } from './sandbox-process.ts';

/** How a swaks user connects to the access point. */
export function swaksOptions(account: Account, way: 'starttls' | 'implicit' = 'starttls'): string[] {
  const { ports, ca, address, password } = account;
  const port = way === 'starttls' ? ports.submission : ports.submissions;
  const tls = way === 'starttls' ? '--tls' : '--tlsc';
  return [
    ...['--server', `localhost:${port}`, tls, '--tls-verify'],
    ...['--tls-ca-path', ca, '--auth-user', address, '--auth-password', password, '--from', address],
  ];
}

/** Sends; whatever comes of it is in the result. */
export function trySwaks(args: readonly string[]): Promise<Ran> {
  return runProgram('swaks', args);
}

export interface SentBySwaks {
  /** The message as it was sent: CRLF, dots taken away. */
  readonly message: Buffer;
  /** Its Message-ID with angle brackets. */
  readonly messageId: string;
  readonly transcript: string;
}

/** Sends and must be answered 250. */
export async function sendBySwaks(args: readonly string[]): Promise<SentBySwaks> {
  const { status, stdout, text } = await runProgram('swaks', args);
  assert.equal(status, 0, text);
  const lines = stdout.toString('latin1').split('\n');
  const began = lines.findIndex((line) => /^<[~-]\s+354 /.test(line)) + 1;
  const end = lines.findIndex((line, index) => index > began && /^ [~-]> \.$/.test(line));
  assert.ok(began > 0 && end > began, text);
  const sent = lines.slice(began, end).map((line) => line.slice(4).replace(/\r$/, '').replace(/^\.\./, '.'));
  const message = Buffer.from(sent.map((line) => `${line}\r\n`).join(''), 'latin1');
  const messageId = /^Message-Id:\s*(<.+>)\r$/im.exec(message.toString('latin1'))?.[1];
  assert.ok(messageId, text);
  return { message, messageId, transcript: text };
}
