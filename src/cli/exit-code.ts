/** How the pec command ends; documented in docs/commands.md. */
export const exitCode = {
  /** Done; the answer is yes. */
  ok: 0,
  /** Done; the answer is no: a signature that is not good, nothing found, a wish that cannot be met. */
  no: 1,
  /** The command line was not understood. */
  usage: 2,
  /** The configuration cannot be used. */
  config: 3,
  /** It cannot be told or done now: store busy, disk full, provider not running. Trying again may help. */
  unavailable: 4,
} as const;

export type ExitCode = (typeof exitCode)[keyof typeof exitCode];

/** A command ends here; its message, unless empty, is shown to the person, who learns from it what to do. */
export class CommandFailure extends Error {
  readonly code: ExitCode;

  constructor(code: ExitCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'CommandFailure';
    this.code = code;
  }
}
