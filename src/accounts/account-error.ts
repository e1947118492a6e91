/** What the accounts refuse, said so that whoever asked knows what to do. */
import { MailError } from '../lib/mail-error.ts';

/** A wish that cannot be met as it was put: `permanent`, 554 5.3.0 when it reaches SMTP. */
export function refuse(text: string): MailError {
  return new MailError('permanent', text, { code: 554, enhanced: '5.3.0' });
}
