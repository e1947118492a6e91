/** IDLE (RFC 2177): changes are told as they happen, until the client says DONE. */
import { authenticated, type PlainCommand } from '../command.ts';
import { tellInIdle } from '../rest.ts';
import type { Session } from '../session.ts';
import { SyntaxProblem } from '../wire/syntax.ts';

async function idle(session: Session): Promise<void> {
  await session.link.invite('idling');
  const news = tellInIdle(session);
  const stillHere = setInterval(() => {
    if (session.out.full) return;
    session.status('*', 'OK', { text: 'Still here' });
    session.out.flush();
    // Another process may have changed the folder without a notice.
    if (session.state === 'selected') news.tell();
  }, session.limits.stillHereMs);
  try {
    const line = await Promise.race([session.link.line(), news.failure]);
    if (line.trim().toUpperCase() !== 'DONE') throw new SyntaxProblem('IDLE is ended with DONE');
  } finally {
    clearInterval(stillHere);
    await news.end();
  }
}

export const idleCommand: PlainCommand = {
  name: 'IDLE',
  states: authenticated,
  announcing: 'all',
  read: (args) => {
    args.end();
    return async (session) => {
      await idle(session);
      return undefined;
    };
  },
};
