/** An error as a value that another thread can read: what may cross an edge stays what it is (lib/mail-error.ts). */
import { inspect } from 'node:util';
import { MailError, type MailErrorKind, type SmtpStatus } from '../lib/mail-error.ts';

export interface ErrorValue {
  readonly mail:
    | { readonly kind: MailErrorKind; readonly publicText: string; readonly smtp: SmtpStatus }
    | undefined;
  /** Everything about it, its causes and where they were thrown. */
  readonly text: string;
}

export function describeError(error: unknown): ErrorValue {
  if (!(error instanceof MailError)) return { mail: undefined, text: inspect(error) };
  const { kind, publicText, smtp } = error;
  return { mail: { kind, publicText, smtp }, text: inspect(error) };
}

/** The error again; what was said of its causes is the text of its cause. */
export function readError({ mail, text }: ErrorValue): Error {
  const cause = new Error(text);
  if (mail === undefined) return new Error('a message could not be issued', { cause });
  return new MailError(mail.kind, mail.publicText, mail.smtp, cause);
}
