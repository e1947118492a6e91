/** Who listens to which topic, in this process. A listener that throws is reported and the others still hear. */
export type TopicListener = (payload: string | undefined) => void;

export class Topics {
  readonly #listeners = new Map<string, Set<TopicListener>>();
  readonly #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** True when nobody listens to anything. */
  get silent(): boolean {
    return this.#listeners.size === 0;
  }

  /** Returns how to stop; stopping twice is harmless. */
  add(topic: string, listener: TopicListener): () => void {
    const own: TopicListener = (payload) => listener(payload);
    const listeners = this.#listeners.get(topic) ?? new Set();
    listeners.add(own);
    this.#listeners.set(topic, listeners);
    return () => {
      const current = this.#listeners.get(topic);
      current?.delete(own);
      if (current?.size === 0) this.#listeners.delete(topic);
    };
  }

  tell(topic: string, payload: string | undefined): void {
    for (const listener of [...(this.#listeners.get(topic) ?? [])]) {
      try {
        listener(payload);
      } catch (error) {
        this.#onError(error);
      }
    }
  }

  tellAll(): void {
    for (const topic of [...this.#listeners.keys()]) this.tell(topic, undefined);
  }
}
