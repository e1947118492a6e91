/** What a blob store says outside when it fails; the reason stays inside, as the cause. */
import { MailError } from '../lib/mail-error.ts';

/** The bytes could not be made durable: 452 4.3.1, the sender keeps them and tries again. */
export function writeFailure(cause: unknown): MailError {
  return new MailError(
    'temporary',
    'The mail store has no room for this message now; try again later',
    { code: 452, enhanced: '4.3.1' },
    cause,
  );
}

/** Bytes that should be there cannot be read: 451 4.3.0. */
export function readFailure(reason: string, cause?: unknown): MailError {
  return new MailError(
    'temporary',
    'The mail store cannot give this message now; try again later',
    { code: 451, enhanced: '4.3.0' },
    new Error(reason, { cause }),
  );
}
