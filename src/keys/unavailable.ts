/** How every signer says that its key is away: the same answer for a file, an HSM or a test. */
import { MailError } from '../lib/mail-error.ts';

/** 451 4.7.0: the client keeps the message and comes again; nothing unsigned leaves. */
export function signerUnavailable(cause?: unknown): MailError {
  const text = 'The signing key cannot be used now, please try again later';
  return new MailError('temporary', text, { code: 451, enhanced: '4.7.0' }, cause);
}
