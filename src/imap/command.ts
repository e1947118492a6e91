/**
 * What a command is: a name, the states it is allowed in, how its arguments are read and what it then does.
 * One file a command in `commands/`; `commands/table.ts` lists them all.
 */
import type { Announcing } from './announce.ts';
import type { Session, SessionState } from './session.ts';
import type { Arguments } from './wire/arguments.ts';
import type { IncomingCommand } from './wire/command-reader.ts';

/** How a command that was carried out ends; a bare return is `OK <name> completed`. */
export interface Completion {
  /** `NO` when some of it could not be done, though some was. */
  readonly status?: 'OK' | 'NO';
  /** Response code with its arguments, without brackets. */
  readonly code?: string | undefined;
  readonly text?: string;
  /** Done after the tagged answer was sent: the switch to TLS or compression. */
  readonly after?: () => Promise<void>;
}

/** Runs a command whose arguments were read. @throws {Refusal} {@link SyntaxProblem} {@link MailError} */
export type Action = (session: Session, call: { readonly tag: string }) => Promise<Completion | undefined>;

interface CommandFacts {
  /** In upper case; `UID FETCH` for the UID form. */
  readonly name: string;
  readonly states: readonly SessionState[];
  /** Which changes of the selected folder its end may carry (RFC 3501 §7.4.1). */
  readonly announcing: Announcing | 'nothing';
}

export interface PlainCommand extends CommandFacts {
  /** Reads all arguments; nothing may have changed when it throws. @throws {SyntaxProblem} */
  readonly read: (args: Arguments, session: Session) => Action;
}

/** A command that reads its literals itself, because they are messages. */
export interface StreamingCommand extends CommandFacts {
  readonly converse: (session: Session, incoming: IncomingCommand) => Promise<Completion | undefined>;
}

export type Command = PlainCommand | StreamingCommand;

export const anyState: readonly SessionState[] = ['not-authenticated', 'authenticated', 'selected'];
export const notAuthenticated: readonly SessionState[] = ['not-authenticated'];
export const authenticated: readonly SessionState[] = ['authenticated', 'selected'];
export const selected: readonly SessionState[] = ['selected'];
