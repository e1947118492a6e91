/**
 * The one error that may cross an edge. `publicText` is what the person outside reads and must say what
 * to do; the cause stays inside. Anything else that is thrown is a bug and answered as temporary.
 */
export type MailErrorKind = 'temporary' | 'permanent' | 'protocol' | 'denied';

export interface SmtpStatus {
  /** Three-digit reply code (RFC 5321 §4.2). */
  readonly code: number;
  /** Enhanced status, `class.subject.detail` (RFC 3463). */
  readonly enhanced: string;
}

export class MailError extends Error {
  readonly kind: MailErrorKind;
  readonly publicText: string;
  readonly smtp: SmtpStatus;

  constructor(kind: MailErrorKind, publicText: string, smtp: SmtpStatus, cause?: unknown) {
    super(publicText, cause === undefined ? undefined : { cause });
    this.name = 'MailError';
    this.kind = kind;
    this.publicText = publicText;
    this.smtp = smtp;
  }
}
