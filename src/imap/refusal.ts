/**
 * How a command fails: the tagged answer for everything that can be thrown while it runs. Texts say what to
 * do; response codes (RFC 5530, RFC 3501 §7.1) let programs do it.
 */
import { randomBytes } from 'node:crypto';
import { LineTooLong } from '../edge/byte-input.ts';
import { MailError } from '../lib/mail-error.ts';
import { StoreError, type StoreRefusal } from '../mailbox/store-error.ts';
import { SaslProblem } from '../sasl/scram.ts';
import { LiteralTooBig } from './wire/command-reader.ts';
import { SyntaxProblem, UidRequired } from './wire/syntax.ts';

/** Tagged NO, with a response code and its arguments without brackets, e.g. `TRYCREATE`. */
export class Refusal extends Error {
  readonly code: string | undefined;

  constructor(code: string | undefined, text: string) {
    super(text);
    this.name = 'Refusal';
    this.code = code;
  }
}

/** The session cannot go on: untagged BYE with this text, then the connection is closed. */
export class Farewell extends Error {
  readonly code: string | undefined;

  constructor(text: string, code?: string) {
    super(text);
    this.name = 'Farewell';
    this.code = code;
  }
}

export interface Failure {
  readonly status: 'NO' | 'BAD';
  readonly code: string | undefined;
  readonly text: string;
  /** Set for what is a bug here: the id in the text, under which the log has the cause. */
  readonly bug?: string;
}

/** The answer for whatever was thrown. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof UidRequired) return { status: 'BAD', code: 'UIDREQUIRED', text: error.message };
  if (error instanceof SyntaxProblem || error instanceof LineTooLong || error instanceof SaslProblem)
    return { status: 'BAD', code: undefined, text: error.message };
  if (error instanceof Refusal) return { status: 'NO', code: error.code, text: error.message };
  if (error instanceof LiteralTooBig) return { status: 'NO', code: 'TOOBIG', text: error.message };
  if (error instanceof MailError) return { status: 'NO', code: codeOf(error), text: error.publicText };
  const bug = randomBytes(4).toString('hex');
  const text = `Internal error ${bug}; try again, and tell the provider this number if it stays`;
  return { status: 'NO', code: 'SERVERBUG', text, bug };
}

const codes: Readonly<Record<StoreRefusal, string>> = {
  nonexistent: 'NONEXISTENT',
  'already-exists': 'ALREADYEXISTS',
  'has-children': 'HASCHILDREN',
  'over-quota': 'OVERQUOTA',
  cannot: 'CANNOT',
  limit: 'LIMIT',
  'use-attribute': 'USEATTR',
};

/** The response code that says the same as the store's reason, or else the error's enhanced status (RFC 3463). */
function codeOf(error: MailError): string {
  if (error instanceof StoreError) return codes[error.reason];
  const detail = error.smtp.enhanced.slice(2);
  if (detail === '2.2') return 'OVERQUOTA';
  if (detail === '3.4' || detail === '2.3') return 'TOOBIG';
  if (error.kind === 'temporary') return 'UNAVAILABLE';
  if (error.kind === 'denied') return 'NOPERM';
  return 'CANNOT';
}
