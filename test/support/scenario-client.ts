/** A mail program that does not give up: without a 250 it sends the same message again. */

import type { Site } from './scenario-site.ts';
import { ConnectionLost, type Reply, type Transaction } from './scenario-smtp.ts';
import { until } from './scenario-world.ts';

/** The answer, or undefined when the connection was lost before one came. */
export async function tryToSubmit(site: Site, transaction: Transaction): Promise<Reply | undefined> {
  try {
    return await site.submit(transaction);
  } catch (error) {
    if (error instanceof ConnectionLost || (error as NodeJS.ErrnoException).code !== undefined)
      return undefined;
    throw error;
  }
}

/** Submits until the server says 250, through its deaths and restarts. */
export async function submitUntilTaken(site: Site, transaction: Transaction): Promise<Reply> {
  for (;;) {
    await until('the provider runs', () => site.running);
    const reply = await tryToSubmit(site, transaction);
    if (reply !== undefined && reply.code < 400) return reply;
    if (reply !== undefined && reply.code >= 500) throw new Error(`refused: ${reply.code} ${reply.text}`);
  }
}
