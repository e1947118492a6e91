/** How commands get a password: from a file, from standard input, or asked twice. Never from the command line itself. */
import { readFileSync } from 'node:fs';
import { Option } from 'commander';
import { CommandFailure, exitCode } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

export interface PasswordOptions {
  readonly passwordFile?: string;
}

export function passwordOption(): Option {
  return new Option(
    '--password-file <file>',
    'read the password from the first line of this file ("-": standard input)',
  );
}

/** @throws {CommandFailure} when there is none, or the two that were typed differ. */
export async function readPassword(options: PasswordOptions, terminal: Terminal): Promise<string> {
  if (options.passwordFile !== undefined) return readFirstLine(options.passwordFile, terminal);
  if (!terminal.interactive)
    throw new CommandFailure(
      exitCode.usage,
      'No terminal to ask for the password: use --password-file FILE, or "-" for standard input.',
    );
  const password = await terminal.askSecret('Password');
  if (password !== (await terminal.askSecret('Once more')))
    throw new CommandFailure(exitCode.no, 'The two passwords differ; nothing was changed.');
  return password;
}

/** A password that is known already, at another server: asked once. @throws {CommandFailure} when there is none. */
export async function askPassword(
  options: PasswordOptions,
  terminal: Terminal,
  question: string,
): Promise<string> {
  if (options.passwordFile !== undefined) return readFirstLine(options.passwordFile, terminal);
  if (terminal.interactive) return terminal.askSecret(question);
  throw new CommandFailure(
    exitCode.usage,
    'No terminal to ask for the password: use --password-file FILE, or "-" for standard input.',
  );
}

async function readFirstLine(file: string, terminal: Terminal): Promise<string> {
  const content = file === '-' ? await terminal.readInput() : readText(file);
  const line = content.split(/\r?\n/, 1)[0] ?? '';
  if (line === '')
    throw new CommandFailure(
      exitCode.usage,
      `The first line of ${file === '-' ? 'the input' : file} is empty.`,
    );
  return line;
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailure(exitCode.usage, `The password file ${file} cannot be read.`, error);
  }
}
