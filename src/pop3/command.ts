/**
 * What a command is: a keyword, the states it is allowed in, how its arguments are read and what it then does. One
 * file a command in `commands/`; `commands/table.ts` lists them all.
 */
import type { Session, SessionState } from './session.ts';

/** Runs a command whose arguments were read, and answers `+OK`. @throws {Refusal} {@link MailError} and it is `-ERR` */
export type Action = (session: Session) => Promise<void>;

export interface Command {
  /** In upper case. */
  readonly name: string;
  readonly states: readonly SessionState[];
  /** @param rest all after the keyword's space. @throws {BadCommand} and nothing has changed. */
  readonly read: (rest: string) => Action;
}

export const authorization: readonly SessionState[] = ['authorization'];
export const transaction: readonly SessionState[] = ['transaction'];
export const anyState: readonly SessionState[] = ['authorization', 'transaction'];
