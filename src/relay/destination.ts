/**
 * The sessions with one destination: so many at a time and no more, and an open one is used again for the next
 * message while it is fresh. Whoever finds no place waits its turn.
 */
import { MailError } from '../lib/mail-error.ts';
import type { Peer } from './peer.ts';

export interface DestinationLimits {
  /** Sessions at the same time. */
  readonly connections: number;
  /** Messages over one session; then it is closed, so that a destination's hosts share the load. */
  readonly messagesPerConnection: number;
  /** How long an open session waits for the next message, milliseconds. */
  readonly idleMs: number;
}

interface IdlePeer {
  readonly peer: Peer;
  readonly timer: NodeJS.Timeout;
}

export class Destination {
  readonly #limits: DestinationLimits;
  readonly #idle: IdlePeer[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #busy = new Set<Peer>();
  #places = 0;
  #closed = false;

  constructor(limits: DestinationLimits) {
    this.#limits = limits;
  }

  /** True when nothing is under way, waiting or open. */
  get unused(): boolean {
    return this.#places === 0 && this.#waiting.length === 0 && this.#idle.length === 0;
  }

  /**
   * Waits for a place, runs `work`, gives the place to the next.
   * @throws {MailError} temporary, when `signal` aborts before there is a place; else what `work` throws
   */
  async runInTurn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#places >= this.#limits.connections) await this.#waitForPlace(signal);
    else this.#places++;
    try {
      return await work();
    } finally {
      // The place passes on without being free in between, so that nobody who comes later gets it first.
      const next = this.#waiting.shift();
      if (next === undefined) this.#places--;
      else next();
    }
  }

  #waitForPlace(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(proceed), 1);
        reject(waitedTooLong());
      };
      const proceed = () => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      this.#waiting.push(proceed);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** An open session that can take another message, if there is one. */
  takeIdle(): Peer | undefined {
    const idle = this.#idle.pop();
    if (idle === undefined) return undefined;
    clearTimeout(idle.timer);
    return idle.peer.usable ? idle.peer : this.takeIdle();
  }

  /** Marks the session as in use, so that `destroyAll` finds it. */
  markBusy(peer: Peer): void {
    this.#busy.add(peer);
  }

  /** Gives a session back: kept for the next message, or closed. */
  putBack(peer: Peer): void {
    this.#busy.delete(peer);
    if (this.#closed || !peer.usable || peer.messages >= this.#limits.messagesPerConnection) {
      peer.quit();
      return;
    }
    const timer = setTimeout(() => this.#drop(peer), this.#limits.idleMs);
    timer.unref();
    this.#idle.push({ peer, timer });
  }

  /** Closes the open sessions nobody uses; those in use are closed when they come back. */
  closeIdle(): void {
    this.#closed = true;
    for (const { peer, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      peer.quit();
    }
  }

  /** Cuts what is under way. */
  destroyAll(): void {
    this.closeIdle();
    for (const peer of this.#busy) peer.destroy();
  }

  #drop(peer: Peer): void {
    const index = this.#idle.findIndex((idle) => idle.peer === peer);
    if (index !== -1) this.#idle.splice(index, 1);
    peer.quit();
  }
}

function waitedTooLong(): MailError {
  const text = 'Too many messages wait for this destination';
  return new MailError('temporary', text, { code: 451, enhanced: '4.4.5' });
}
