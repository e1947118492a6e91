import { MailError } from '../lib/mail-error.ts';

/** The one error of every scanner: for the sender a reason to wait, for the operator the cause. */
export function cannotTell(cause: unknown): MailError {
  const text = 'The message cannot be checked for viruses now, try again later';
  return new MailError('temporary', text, { code: 451, enhanced: '4.7.1' }, cause);
}
