/**
 * Tells news while no command is being carried out: in IDLE, and between commands after NOTIFY. One round after the
 * other; what comes in meanwhile makes one more round, so a slow reader has one waiting and not many.
 */
export class NewsTeller {
  readonly #tellAll: () => Promise<void>;
  #round: Promise<void> | undefined;
  #again = false;
  #fail: (error: unknown) => void = () => undefined;
  /** Rejects when a round fails. */
  readonly failure: Promise<never>;

  /** @param tellAll writes all there is to tell, at the pace of the client */
  constructor(tellAll: () => Promise<void>) {
    this.#tellAll = tellAll;
    this.failure = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    // A failure after the end must not count as unhandled.
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

  #tellRound(): Promise<void> {
    this.#again = false;
    return this.#tellAll();
  }
}
