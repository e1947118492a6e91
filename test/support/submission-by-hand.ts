/** A submission session whose pace is the test's: what comes half, late or not at all. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type TLSSocket } from 'node:tls';
import { waitFor } from './run-program.ts';
import type { Account } from './sandbox-process.ts';

export interface Dialogue {
  write(text: string): void;
  /** Writes a line and waits for the answer, which must have this code. */
  say(line: string, code: number): Promise<void>;
}

/** An SMTP session over TLS, logged in, whose pace is the test's. */
export async function openSubmission({ address, password, ports, ca }: Account): Promise<Dialogue> {
  const socket: TLSSocket = connect({ host: 'localhost', port: ports.submissions, ca: readFileSync(ca) });
  let heard = '';
  socket.on('data', (chunk: Buffer) => {
    heard += chunk.toString('latin1');
  });
  let closed = false;
  socket.on('close', () => {
    closed = true;
  });
  socket.on('error', () => undefined);
  const hear = async (code: number) => {
    const answer = await waitFor(
      `${code}`,
      () =>
        /^(?:\d{3}-.*\r\n)*(\d{3}) .*\r\n/.exec(heard) ?? (closed ? /^/.exec('') : undefined) ?? undefined,
      { explain: () => heard },
    );
    assert.equal(answer[1], `${code}`, heard || 'the connection was closed');
    heard = heard.slice(answer[0].length);
  };
  const write = (text: string) => void socket.write(Buffer.from(text, 'latin1'));
  const say = async (line: string, code: number) => {
    write(`${line}\r\n`);
    await hear(code);
  };
  await once(socket, 'secureConnect');
  await hear(220);
  await say('EHLO prova.example', 250);
  await say(`AUTH PLAIN ${Buffer.from(`\0${address}\0${password}`).toString('base64')}`, 235);
  return { write, say };
}
