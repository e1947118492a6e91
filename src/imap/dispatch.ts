/** One command from its first line to its tagged answer. */

import { InputEnded, LineEndless } from '../edge/byte-input.ts';
import { OutputClosed } from '../edge/output.ts';
import { announceChanges, refreshView } from './announce.ts';
import type { Command, Completion } from './command.ts';
import { findCommand } from './commands/table.ts';
import { BrokenLiteral } from './message/fetch-writer.ts';
import { tellOldName } from './old-name.ts';
import { describeFailure, Farewell } from './refusal.ts';
import type { Session, SessionState } from './session.ts';
import { type IncomingCommand, Unskippable } from './wire/command-reader.ts';
import { SyntaxProblem, UidRequired } from './wire/syntax.ts';

export type Outcome = 'OK' | 'NO' | 'BAD';

/**
 * Reads the rest of the command, runs it and answers.
 * @throws what ends the connection: {@link Farewell}, {@link InputEnded}, {@link OutputClosed},
 *   {@link Unskippable}, {@link LineEndless}, {@link BrokenLiteral}
 */
export async function dispatch(session: Session, incoming: IncomingCommand): Promise<Outcome> {
  try {
    const completion = (await carryOut(session, incoming)) ?? {};
    const status = completion.status ?? 'OK';
    const text = completion.text ?? `${incoming.name} completed`;
    session.status(incoming.tag, status, { code: completion.code, text });
    session.out.flush();
    await completion.after?.();
    return status;
  } catch (error) {
    if (endsConnection(error)) throw error;
    await incoming.skipRest();
    return answerFailure(session, incoming, error);
  }
}

/** Commands that name messages by number; each has its UID form. */
const countsMessages: ReadonlySet<string> = new Set([
  'COPY',
  'FETCH',
  'MOVE',
  'REPLACE',
  'SEARCH',
  'SORT',
  'STORE',
  'THREAD',
]);

function endsConnection(error: unknown): boolean {
  return [Farewell, InputEnded, OutputClosed, Unskippable, LineEndless, BrokenLiteral].some(
    (kind) => error instanceof kind,
  );
}

async function carryOut(session: Session, incoming: IncomingCommand): Promise<Completion | undefined> {
  const command = chooseCommand(session, incoming);
  session.forgetNamed();
  const completion = await run(session, command, incoming);
  tellOldName(session, command.name);
  await announce(session, command);
  return completion;
}

async function run(
  session: Session,
  command: Command,
  incoming: IncomingCommand,
): Promise<Completion | undefined> {
  if ('converse' in command) return command.converse(session, incoming);
  await incoming.collect();
  const action = command.read(incoming.arguments, session);
  return action(session, { tag: incoming.tag });
}

/** @throws {SyntaxProblem} for a command that is not there or not allowed now. */
function chooseCommand(session: Session, incoming: IncomingCommand): Command {
  if (incoming.tag === '' || incoming.name === '')
    throw new SyntaxProblem('A command is a tag, a space and a name');
  const command = findCommand(fullName(incoming));
  if (command === undefined) throw new SyntaxProblem(`There is no command ${incoming.name}`);
  if (!command.states.includes(session.state)) throw new SyntaxProblem(explainState(command, session.state));
  if (countsMessages.has(command.name) && session.has('UIDONLY')) throw new UidRequired();
  return command;
}

/** `UID FETCH` and its like are two words. */
function fullName(incoming: IncomingCommand): string {
  if (incoming.name !== 'UID') return incoming.name;
  incoming.arguments.space();
  return `UID ${incoming.arguments.keyword()}`;
}

function explainState({ name, states }: Command, state: SessionState): string {
  if (state === 'not-authenticated') return `${name} is for after the login`;
  if (!states.includes('authenticated')) {
    return states.includes('selected')
      ? `${name} needs a folder; SELECT one first`
      : `${name} is for before the login`;
  }
  return `${name} is not allowed now`;
}

/** News at the end of a command, as far as the command allows (RFC 3501 §5.2, §7.4.1). */
async function announce(session: Session, { announcing }: Command): Promise<void> {
  if (announcing === 'nothing') return;
  if (session.state === 'selected') {
    if (session.takeDirty()) await refreshView(session);
    await announceChanges(session, announcing);
  }
  if (session.notifications?.withCommands === true) await session.notifications.tellOthers();
}

function answerFailure(session: Session, incoming: IncomingCommand, error: unknown): Outcome {
  const failure = describeFailure(error);
  if (failure.bug !== undefined) {
    session.log.bug({ ...session.link.facts, id: failure.bug, command: incoming.name, error });
  }
  session.status(incoming.tag === '' ? '*' : incoming.tag, failure.status, failure);
  session.out.flush();
  return failure.status;
}
