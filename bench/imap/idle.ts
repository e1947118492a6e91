/** What idle connections cost: TLS, logged in, a folder open, in IDLE. */
import { inMb } from '../message-log/figures.ts';
import { BenchClient } from './client.ts';
import type { Contestant, Mailbox } from './servers.ts';

/** Memory above the server that serves nobody. */
const allowedFor2000 = 200e6;
/** Fewer than the guard against guessers lets log in from one address at the same time. */
const openedAtOnce = 10;

export async function measureIdle(
  server: Contestant,
  mailbox: Mailbox,
  connections: number,
): Promise<string> {
  const memory = async () => (await server.memory?.()) ?? 0;
  // The first login loads what every later one shares.
  const first = await BenchClient.logIn(server.port, mailbox.address, server.password);
  await first.ask('SELECT INBOX');
  first.close();
  const empty = await memory();
  const clients: BenchClient[] = [];
  while (clients.length < connections) {
    const few = Math.min(openedAtOnce, connections - clients.length);
    clients.push(...(await Promise.all(Array.from({ length: few }, () => openIdle(server, mailbox)))));
  }
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const used = (await memory()) - empty;
  for (const client of clients) client.close();
  const allowed = (allowedFor2000 * connections) / 2000;
  if (used > allowed) process.exitCode = 1;
  return `\`npm run bench:imap -- --idle ${connections}\`: ${connections} connections over TLS, each logged in, with a folder of
${mailbox.messages} messages open and in IDLE, take ${inMb(used)} above the ${inMb(empty)} of the server that serves nobody:
${Math.round(used / connections / 1000)} kB each. Allowed are ${inMb(allowed)}.`;
}

async function openIdle(server: Contestant, mailbox: Mailbox): Promise<BenchClient> {
  const client = await BenchClient.logIn(server.port, mailbox.address, server.password);
  await client.ask('SELECT INBOX');
  await client.idle();
  return client;
}
