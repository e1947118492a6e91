/** INPROGRESS (RFC 9585): a client that waits long hears how far its command is, and does not give up. */
import type { Session } from './session.ts';
import { formatString } from './wire/format.ts';

/** How far a command is; whoever works counts here. */
export class Progress {
  done = 0;
  /** Undefined: not known. */
  goal: number | undefined;

  /** `175 1000`, as far as it may be said: the goal must lie ahead (§4). */
  format(): string {
    if (this.goal === undefined) return 'NIL NIL';
    return this.goal > this.done ? `${this.done} ${this.goal}` : `${this.done} NIL`;
  }
}

/**
 * Runs the work of a command that writes nothing on the way; now and then the client is told how far it is.
 * @param tag of the command
 */
export async function withProgress<T>(
  session: Session,
  tag: string,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = new Progress();
  const name = tag.includes(']') ? 'NIL' : formatString(tag);
  const timer = setInterval(() => {
    // A client that does not even read what was said would only be sent more.
    if (session.out.full) return;
    const code = `INPROGRESS (${name} ${progress.format()})`;
    session.status('*', 'OK', { code, text: 'Still working' });
    session.out.flush();
  }, session.limits.progressMs);
  try {
    return await work(progress);
  } finally {
    clearInterval(timer);
  }
}
