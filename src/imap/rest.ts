/** What is told while the client asks nothing: all in IDLE, and between commands what NOTIFY asked for (RFC 5465). */
import { announceChanges, refreshView } from './announce.ts';
import { NewsTeller } from './news-teller.ts';
import type { Session } from './session.ts';

export interface Rest {
  /** Rejects when telling fails. */
  readonly failure: Promise<never>;
  /** Stops, and resolves when nothing more is being written. */
  end(): Promise<void>;
}

/** Begins to tell news as they come. */
export function tellInIdle(session: Session): Rest & { tell(): void } {
  return beginTelling(session, () => tellNews(session, true));
}

/** The time between two commands; undefined when the client did not ask for news then. */
export function tellAtRest(session: Session): Rest | undefined {
  const { notifications } = session;
  if (notifications === undefined || session.state === 'logged-out') return undefined;
  if (notifications.withCommands) return undefined;
  const delayed = notifications.selected?.delayed === true;
  return beginTelling(session, () => tellNews(session, !delayed));
}

function beginTelling(session: Session, tellAll: () => Promise<void>): Rest & { tell(): void } {
  const news = new NewsTeller(tellAll);
  const tell = () => news.tell();
  session.onChange = tell;
  if (session.notifications !== undefined) session.notifications.onNotice = tell;
  if (session.state === 'selected' || session.notifications !== undefined) tell();
  return {
    failure: news.failure,
    tell,
    end: async () => {
      session.onChange = undefined;
      if (session.notifications !== undefined) session.notifications.onNotice = undefined;
      await news.settled();
    },
  };
}

async function tellNews(session: Session, expunges: boolean): Promise<void> {
  if (session.state === 'selected') {
    await refreshView(session);
    await announceChanges(session, expunges ? 'all' : 'no-expunge');
  }
  await session.notifications?.tellOthers();
  await session.out.drained();
}
