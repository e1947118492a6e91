/** Starting a TypeScript program of the tests as a process of its own, to be talked to by lines or killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

export interface Program {
  readonly child: ChildProcess;
  /** Lines it writes, as they come. */
  readonly lines: AsyncIterator<string>;
  /** Resolves when it has ended, with its exit code or the signal that killed it. */
  readonly ended: Promise<number | string>;
}

/** Starts `file` with the Node that runs the test. What it writes to stderr is shown. */
export function startProgram(file: string, args: readonly string[]): Program {
  const child = spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  return { child, lines, ended };
}

/** The next line it writes; throws when it ends without one. */
export async function nextLine(program: Program): Promise<string> {
  const { value, done } = await program.lines.next();
  if (done === true) throw new Error('the program ended without a further line');
  return value;
}
