/**
 * The one clock and the one order of things. Whatever takes time in the simulated world is an event here: one is run,
 * everything that follows from it at once is run to its end, then comes the next. So a run is the same every time, and
 * between any two events a process can die. What was done is hashed: the trace.
 */
import { createHash, type Hash } from 'node:crypto';

const turn: (act: () => void) => void = setImmediate;

/** One life of a process, from its start to its end; what waits for a dead one is dropped. */
export interface Life {
  readonly name: string;
  alive: boolean;
  /** Events it has seen. */
  events: number;
  /** Called before an event of this life; false lets the life end here. */
  mayGoOn?: () => boolean;
}

interface Event {
  readonly at: number;
  readonly order: number;
  readonly life: Life;
  readonly what: string;
  act: (() => void) | undefined;
}

export interface Cancellable {
  cancel(): void;
}

export class Scheduler {
  /** Milliseconds since 1970, with fractions. */
  now: number;
  /** Whose event is being run: whatever happens until the next one is this life's doing. */
  current: Life;
  readonly nature: Life = { name: 'world', alive: true, events: 0 };
  readonly #heap: Event[] = [];
  readonly #trace: Hash = createHash('sha256');
  #lines: string[] = [];
  #order = 0;
  #count = 0;

  constructor(start: number) {
    this.now = start;
    this.current = this.nature;
  }

  /** Events run so far. */
  get count(): number {
    return this.#count;
  }

  /** Lets `act` happen in `delay` milliseconds, if the life lasts so long. */
  after(delay: number, life: Life, what: string, act: () => void): Cancellable {
    const event = { at: this.now + Math.max(0, delay), order: this.#order++, life, what, act };
    this.#push(event);
    return {
      cancel: () => {
        (event as Event).act = undefined;
      },
    };
  }

  /** Resolves after `delay` milliseconds; never, when the life ends before. */
  wait(delay: number, life: Life, what: string): Promise<void> {
    return new Promise((resolve) => {
      this.after(delay, life, what, resolve);
    });
  }

  /** What the trace should hold beside the events. */
  note(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length >= 2000) this.#flush();
  }

  /** SHA-256 of everything that happened, hex. Ends the trace. */
  digest(): string {
    this.#flush();
    return this.#trace.copy().digest('hex');
  }

  /** Runs events until none is left before `until`, or `stop` says so between two of them. */
  run(until: number, stop: () => boolean = () => false): Promise<void> {
    return new Promise((resolve, reject) => {
      const step = () => {
        try {
          if (stop() || !this.#runNext(until)) resolve();
          else turn(step);
        } catch (error) {
          reject(error);
        }
      };
      turn(step);
    });
  }

  #runNext(until: number): boolean {
    while (true) {
      const next = this.#heap[0];
      if (next === undefined || next.at > until) return false;
      this.#pop();
      if (next.act === undefined || !next.life.alive) continue;
      this.now = next.at;
      this.current = next.life;
      this.#count += 1;
      next.life.events += 1;
      this.note(`${next.at.toFixed(3)} ${next.life.name} ${next.what}`);
      if (next.life.mayGoOn?.() !== false) next.act();
      return true;
    }
  }

  #flush(): void {
    this.#trace.update(`${this.#lines.join('\n')}\n`);
    this.#lines = [];
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, event)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    while (true) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const below = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (below === undefined || isBefore(last, below)) break;
      heap[at] = below;
      at = below === left ? 2 * at + 1 : 2 * at + 2;
    }
    heap[at] = last;
  }
}

function isBefore(one: Event, other: Event): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
