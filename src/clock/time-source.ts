/** Whoever knows what time it is, as a seam: an NTP server, a test. */

export interface TimeReading {
  /** The true time less the time of our clock, milliseconds: above zero, our clock is behind. */
  readonly offsetMs: number;
  /** The most that `offsetMs` can be wrong by, as far as the source can tell. */
  readonly errorMs: number;
}

export interface TimeSource {
  /** For the log. */
  readonly name: string;
  /** @throws {Error} that says why, when there is no answer that means anything. */
  ask(): Promise<TimeReading>;
}
