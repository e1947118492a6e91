/** How every authority says that it cannot stamp now: the log then seals later. */
import { MailError } from '../lib/mail-error.ts';

/** `reason`: English, for the operator, without a full stop. */
export function stampUnavailable(name: string, reason: string, cause?: unknown): MailError {
  const text = `The time-stamp authority ${name} gave no stamp: ${reason}`;
  return new MailError('temporary', text, { code: 451, enhanced: '4.3.0' }, cause);
}
