/** One command from its line to its answer. */
import { InputEnded, LineEndless } from '../edge/byte-input.ts';
import { OutputClosed } from '../edge/output.ts';
import type { Command } from './command.ts';
import { findCommand } from './commands/table.ts';
import { BadCommand, BrokenAnswer, describeFailure, Farewell } from './refusal.ts';
import type { Session } from './session.ts';
import { splitCommand } from './wire/command-line.ts';

/** `bad`: a mistake of the client's, of which it has a limited number. */
export type Outcome = 'done' | 'refused' | 'bad';

/**
 * Runs the command of a line and answers.
 * @throws what ends the connection: {@link Farewell}, {@link BrokenAnswer}, {@link InputEnded}, {@link OutputClosed},
 *   {@link LineEndless}
 */
export async function dispatch(session: Session, line: string): Promise<Outcome> {
  const { keyword, rest } = splitCommand(line);
  try {
    await chooseCommand(session, keyword).read(rest)(session);
    return 'done';
  } catch (error) {
    if (endsConnection(error)) throw error;
    return answerFailure(session, keyword, error);
  }
}

/** Answers what went wrong. */
export function answerFailure(session: Session, command: string, error: unknown): Outcome {
  const { code, text, bad, bug } = describeFailure(error);
  if (bug !== undefined) session.log.bug({ ...session.link.facts, id: bug, command, error });
  session.error(code, text);
  return bad ? 'bad' : 'refused';
}

function endsConnection(error: unknown): boolean {
  return [Farewell, BrokenAnswer, InputEnded, OutputClosed, LineEndless].some(
    (kind) => error instanceof kind,
  );
}

/** @throws {BadCommand} for a command that is not there or not allowed now. */
function chooseCommand(session: Session, keyword: string): Command {
  const command = findCommand(keyword);
  if (command === undefined) {
    const name = keyword.slice(0, 40);
    throw new BadCommand({ en: `There is no command ${name}`, it: `Il comando ${name} non esiste` });
  }
  if (command.states.includes(session.state)) return command;
  throw session.state === 'authorization'
    ? new BadCommand({ en: `${keyword} is for after the login`, it: `${keyword} si usa dopo l'accesso` })
    : new BadCommand({
        en: `${keyword} is for before the login`,
        it: `${keyword} si usa prima dell'accesso`,
      });
}
