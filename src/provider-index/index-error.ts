/** The index, or a copy of it, cannot be used; the message says why, for the operator. */
export class IndexError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'IndexError';
  }
}
