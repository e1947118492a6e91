/** The pec command as a function: arguments in, exit code out. */
import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { MailError } from '../lib/mail-error.ts';
import { UnreadableEntry } from '../message-log/find.ts';
import { readVersion } from '../telemetry/version.ts';
import { buildBackupCommand } from './backup.ts';
import { buildConfigCommand } from './config.ts';
import { buildDomainCommand } from './domain.ts';
import { CommandFailure, type ExitCode, exitCode } from './exit-code.ts';
import { buildHealthCommand } from './health.ts';
import { buildInitCommand } from './init.ts';
import { buildLogCommand } from './log.ts';
import { buildLoginCommand } from './login.ts';
import { buildMailboxCommand } from './mailbox.ts';
import { buildProofCommand } from './proof.ts';
import { buildIndexCommand } from './provider-index.ts';
import { addLogQueries } from './query-log.ts';
import { buildQueueCommand } from './queue.ts';
import { buildReceiptCommand } from './receipt.ts';
import { buildReportCommand } from './report.ts';
import { buildSandboxCommand } from './sandbox.ts';
import { buildServeCommand } from './serve.ts';
import type { Terminal } from './terminal.ts';
import { buildVerifyCommand } from './verify.ts';
import { buildVirusCommand } from './virus.ts';

/** `args`: what was written after `pec`. Never throws: what goes wrong is told and is the exit code. */
export async function runCommandLine(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    await buildProgram(terminal).parseAsync([...args], { from: 'user' });
    return exitCode.ok;
  } catch (error) {
    return explain(error, terminal);
  }
}

/** The whole command, for running and for documentation. */
export function buildProgram(terminal: Terminal): Command {
  const program = new Command('pec')
    .description('A provider of Italian certified e-mail (posta elettronica certificata).')
    .version(readVersion(), '--version')
    .addHelpText(
      'after',
      '\nExit codes: 0 done, 1 no, 2 command line, 3 configuration, 4 not now. See docs/commands.md.',
    );
  const log = buildLogCommand(terminal);
  addLogQueries(log, terminal);
  const commands = [
    buildInitCommand(terminal),
    buildServeCommand(),
    buildHealthCommand(terminal),
    buildConfigCommand(terminal),
    buildDomainCommand(terminal),
    buildMailboxCommand(terminal),
    buildLoginCommand(terminal),
    buildBackupCommand(terminal),
    buildQueueCommand(terminal),
    buildIndexCommand(terminal),
    log,
    buildProofCommand(terminal),
    buildReceiptCommand(terminal),
    buildReportCommand(terminal),
    buildVirusCommand(terminal),
    buildVerifyCommand(terminal),
    buildSandboxCommand(terminal),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of withDescendants(program)) settle(command, terminal);
  return program;
}

/** Commander writes through the terminal and throws instead of ending the process. */
function settle(command: Command, terminal: Terminal): void {
  command
    .exitOverride()
    .showHelpAfterError(`(pec ${pathOf(command)}--help shows how)`)
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.remark(text.trimEnd()),
    });
}

function withDescendants(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withDescendants)];
}

function pathOf(command: Command): string {
  return command.parent === null ? '' : `${pathOf(command.parent)}${command.name()} `;
}

function innermost(error: Error): Error {
  return error.cause instanceof Error ? innermost(error.cause) : error;
}

function explain(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.ok : exitCode.usage;
  if (error instanceof ConfigError) {
    terminal.remark(error.message);
    return exitCode.config;
  }
  if (error instanceof CommandFailure) {
    if (error.message !== '') terminal.remark(error.message);
    return error.code;
  }
  if (error instanceof UnreadableEntry) {
    terminal.remark(error.message);
    return exitCode.no;
  }
  if (error instanceof MailError) {
    terminal.remark(`${error.publicText}.`.replace(/\.\.$/, '.'));
    // Whoever types here is on the inside: "disk full" or "read-only" is what they must know.
    if (error.cause instanceof Error) terminal.remark(`Reason: ${innermost(error.cause).message}`);
    return error.kind === 'temporary' ? exitCode.unavailable : exitCode.no;
  }
  terminal.remark(
    `This should not happen; please report it:\n${error instanceof Error ? error.stack : String(error)}`,
  );
  return exitCode.unavailable;
}
