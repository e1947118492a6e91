/** SQLite's result codes in the seam's words: what the rows refuse, and what the store cannot do now. */
import { MailError } from '../lib/mail-error.ts';
import { type Constraint, ConstraintError } from './database.ts';

/** https://sqlite.org/rescode.html: primary codes that say nothing against the statement itself. */
const storeFailures = new Map<number, string>([
  [5, 'is locked by another process'],
  [6, 'is locked'],
  [7, 'is out of memory'],
  [8, 'is read-only'],
  [10, 'met an input/output error'],
  [11, 'is damaged'],
  [13, 'is full'],
  [14, 'cannot be opened'],
  [15, 'met a lock protocol error'],
  [22, 'has no large file support'],
  [26, 'is not a database'],
]);

const constraints = new Map<number, Constraint>([
  [275, 'check'],
  [787, 'foreign-key'],
  [1299, 'not-null'],
  [1555, 'unique'],
  [1811, 'refused'],
  [2067, 'unique'],
  [2579, 'unique'],
  [3091, 'check'],
]);

const busy = 5;
const full = 13;
const constraint = 19;

/** The extended result code, or undefined when the error is not SQLite's. */
function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode : undefined;
}

/** True when another connection holds the lock: waiting helps. */
export function isBusy(error: unknown): boolean {
  return ((resultCode(error) ?? 0) & 0xff) === busy;
}

/** 451 4.3.0: the sender keeps the message and tries again. The reason stays inside, as the cause. */
export function storeFailure(reason: string, cause: unknown): MailError {
  return new MailError(
    'temporary',
    'The mail store cannot do this now; try again in a few minutes',
    { code: 451, enhanced: '4.3.0' },
    new Error(`the database ${reason}`, { cause }),
  );
}

/** What the seam throws for what SQLite threw; errors that are not SQLite's, and wrong SQL, stay as they are. */
export function translateError(error: unknown): unknown {
  const code = resultCode(error);
  if (code === undefined) return error;
  const primary = code & 0xff;
  const message = (error as Error).message;
  if (primary === constraint) return new ConstraintError(constraints.get(code) ?? 'check', message, error);
  const failure = storeFailures.get(primary);
  if (failure === undefined) return error;
  return storeFailure(primary === full ? `${failure}: ${message}` : failure, error);
}
