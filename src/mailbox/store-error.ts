/** What the mail store refuses, with a reason a program can act on (response codes of RFC 5530). */
import { MailError, type SmtpStatus } from '../lib/mail-error.ts';

export type StoreRefusal =
  | 'nonexistent'
  | 'already-exists'
  | 'has-children'
  | 'over-quota'
  | 'cannot'
  | 'limit'
  | 'use-attribute';

const statuses: Readonly<Record<StoreRefusal, SmtpStatus>> = {
  nonexistent: { code: 550, enhanced: '5.1.1' },
  'already-exists': { code: 554, enhanced: '5.3.0' },
  'has-children': { code: 554, enhanced: '5.3.0' },
  'over-quota': { code: 552, enhanced: '5.2.2' },
  cannot: { code: 554, enhanced: '5.3.0' },
  limit: { code: 554, enhanced: '5.3.0' },
  'use-attribute': { code: 554, enhanced: '5.3.0' },
};

export class StoreError extends MailError {
  readonly reason: StoreRefusal;

  constructor(reason: StoreRefusal, publicText: string) {
    super('permanent', publicText, statuses[reason]);
    this.name = 'StoreError';
    this.reason = reason;
  }
}

export function noFolder(): StoreError {
  return new StoreError('nonexistent', 'The folder is not there any more');
}

export function noMailbox(): StoreError {
  return new StoreError('nonexistent', 'The mailbox is not there any more');
}

export function overQuota(): StoreError {
  return new StoreError('over-quota', 'The mailbox is full; remove messages or ask for a larger one');
}
