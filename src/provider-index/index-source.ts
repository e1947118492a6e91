/** Where the index comes from, as a seam: a file, an HTTPS server, a test. */
export interface IndexSource {
  /** For the log: the path or the address. */
  readonly name: string;
  /**
   * The bytes as published, signed or not; nothing about them is checked here but their size.
   * @throws {IndexError} when they cannot be had now: the last good copy then stays in force.
   */
  fetch(): Promise<Uint8Array>;
}

/** The index of all of Italy is about a megabyte. */
export const largestIndex = 64 << 20;
