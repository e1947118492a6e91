/**
 * A one-slot pipe between a producer and a consumer of chunks: `push` waits until the consumer has taken the
 * chunk, so a slow consumer slows the producer and nothing piles up.
 */
export interface Channel<T> extends AsyncIterable<T> {
  /** Resolves when the chunk was taken, or at once when the consumer has gone away. */
  push(item: T): Promise<void>;
  /** Ends the consumer's iteration; with an error, makes it throw. */
  close(error?: unknown): void;
  /** The consumer will take no more, even if it never began: what is pushed is passed over. */
  abandon(): void;
}

interface Waiting<T> {
  readonly item: T;
  readonly taken: () => void;
}

class OneSlotChannel<T> implements Channel<T> {
  #waiting: Waiting<T> | undefined;
  #ended = false;
  #consumerGone = false;
  #error: unknown;
  #wakeConsumer: () => void = () => undefined;

  push(item: T): Promise<void> {
    if (this.#consumerGone || this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting = { item, taken: resolve };
      this.#wakeConsumer();
    });
  }

  close(error?: unknown): void {
    this.#ended = true;
    this.#error = error;
    this.#wakeConsumer();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    try {
      while (true) {
        const waiting = this.#waiting;
        if (waiting !== undefined) {
          this.#waiting = undefined;
          waiting.taken();
          yield waiting.item;
        } else if (this.#ended) {
          if (this.#error !== undefined) throw this.#error;
          return;
        } else {
          await new Promise<void>((resolve) => {
            this.#wakeConsumer = resolve;
          });
        }
      }
    } finally {
      this.abandon();
    }
  }

  abandon(): void {
    this.#consumerGone = true;
    this.#waiting?.taken();
    this.#waiting = undefined;
  }
}

export function createChannel<T>(): Channel<T> {
  return new OneSlotChannel<T>();
}
