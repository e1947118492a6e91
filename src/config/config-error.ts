/** What is wrong with a configuration, in words that say what to change. */
export interface ConfigProblem {
  /** `limits.recipients`; empty when it is about the whole file. */
  readonly path: string;
  readonly text: string;
}

/** The configuration cannot be used. Its message lists every problem found, one a line. */
export class ConfigError extends Error {
  readonly file: string;
  readonly problems: readonly ConfigProblem[];

  constructor(file: string, problems: readonly ConfigProblem[], cause?: unknown) {
    const lines = problems.map(({ path, text }) => `  ${path === '' ? '' : `${path}: `}${text}`);
    super(
      [`The configuration ${file} cannot be used:`, ...lines].join('\n'),
      cause === undefined ? {} : { cause },
    );
    this.name = 'ConfigError';
    this.file = file;
    this.problems = problems;
  }
}
