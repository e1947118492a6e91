/**
 * How a command fails: the `-ERR` answer for everything that can be thrown while it runs. Texts say what to do, in the
 * language of the session; response codes (RFC 2449 §8, RFC 3206) let programs do it.
 */
import { randomBytes } from 'node:crypto';
import { LineTooLong } from '../edge/byte-input.ts';
import { MailError } from '../lib/mail-error.ts';
import { SaslProblem } from '../sasl/scram.ts';
import type { Text } from './language.ts';

/**
 * IN-USE: another session has the maildrop. AUTH: name or password are wrong. SYS/TEMP: try again. SYS/PERM: ask
 * somebody.
 */
export type ResponseCode = 'IN-USE' | 'AUTH' | 'SYS/TEMP' | 'SYS/PERM';

/** Answered `-ERR [code] text`. */
export class Refusal extends Error {
  readonly code: ResponseCode | undefined;
  readonly text: Text;

  constructor(code: ResponseCode | undefined, text: Text) {
    super(text.en);
    this.name = 'Refusal';
    this.code = code;
    this.text = text;
  }
}

/** A line the grammar does not allow, or a command that is not for now. */
export class BadCommand extends Refusal {
  constructor(text: Text) {
    super(undefined, text);
    this.name = 'BadCommand';
  }
}

/** The session cannot go on: `-ERR`, then the connection is closed. */
export class Farewell extends Refusal {}

/** A stored message broke off in the middle of an answer: nothing can be said any more. */
export class BrokenAnswer extends Error {
  constructor(cause: unknown) {
    super('a message could not be read to its end', { cause });
    this.name = 'BrokenAnswer';
  }
}

export interface Failure {
  readonly code: ResponseCode | undefined;
  readonly text: Text;
  /** The client's mistake, of which it has a limited number. */
  readonly bad: boolean;
  /** Set for what is a bug here: the id in the text, under which the log has the cause. */
  readonly bug?: string;
}

/** The answer for whatever was thrown. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof Refusal)
    return { code: error.code, text: error.text, bad: error instanceof BadCommand };
  if (error instanceof LineTooLong || error instanceof SaslProblem) {
    return { code: undefined, text: { en: error.message, it: error.message }, bad: true };
  }
  if (error instanceof MailError) {
    const { publicText } = error;
    const code = error.kind === 'temporary' ? 'SYS/TEMP' : 'SYS/PERM';
    return { code, text: { en: publicText, it: publicText }, bad: false };
  }
  const bug = randomBytes(4).toString('hex');
  return {
    code: 'SYS/TEMP',
    text: {
      en: `Internal error ${bug}; try again, and tell the provider this number if it stays`,
      it: `Errore interno ${bug}; riprovare e, se resta, riferire questo numero al gestore`,
    },
    bad: false,
    bug,
  };
}
