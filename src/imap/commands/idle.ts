/** IDLE (RFC 2177): changes are told as they happen, until the client says DONE. */
import { announceChanges, refreshView } from '../announce.ts';
import { authenticated, type PlainCommand } from '../command.ts';
import type { Session } from '../session.ts';
import { SyntaxProblem } from '../wire/syntax.ts';

/** Tells news one round after the other; notices that come in meanwhile make one more round. */
class NewsTeller {
  readonly #session: Session;
  #round: Promise<void> | undefined;
  #again = false;
  #fail: (error: unknown) => void = () => undefined;
  /** Rejects when a round fails. */
  readonly failure: Promise<never>;

  constructor(session: Session) {
    this.#session = session;
    this.failure = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    // A failure after the end of IDLE must not count as unhandled.
    this.failure.catch(() => undefined);
  }

  tell(): void {
    if (this.#round !== undefined) {
      this.#again = true;
      return;
    }
    this.#round = this.#tellRound()
      .catch((error) => this.#fail(error))
      .finally(() => {
        this.#round = undefined;
        if (this.#again) this.tell();
      });
  }

  /** Resolves when no round is under way. */
  async settled(): Promise<void> {
    while (this.#round !== undefined) await this.#round;
  }

  async #tellRound(): Promise<void> {
    this.#again = false;
    await refreshView(this.#session);
    await announceChanges(this.#session, 'all');
    await this.#session.out.drained();
  }
}

async function idle(session: Session): Promise<void> {
  const news = new NewsTeller(session);
  const stillHere = setInterval(() => {
    if (session.out.full) return;
    session.status('*', 'OK', { text: 'Still here' });
    session.out.flush();
    // Another process may have changed the folder without a notice.
    if (session.state === 'selected') news.tell();
  }, session.limits.stillHereMs);
  try {
    await session.link.invite('idling');
    if (session.state === 'selected') {
      session.onChange = () => news.tell();
      news.tell();
    }
    const line = await Promise.race([session.link.line(), news.failure]);
    if (line.trim().toUpperCase() !== 'DONE') throw new SyntaxProblem('IDLE is ended with DONE');
  } finally {
    clearInterval(stillHere);
    session.onChange = undefined;
    await news.settled();
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
