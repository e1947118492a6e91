import { runCommandLine } from '../../../src/cli/run.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';

export interface Ran {
  readonly code: number;
  readonly output: string;
  /** What was written as bytes. */
  readonly bytes: Buffer;
  readonly remarks: string;
}

export interface Person {
  /** What is on standard input. */
  readonly input?: string;
  /** Answers given at a terminal, in order; absent = there is no terminal. */
  readonly answers?: readonly string[];
}

/** The pec command in this process, with a double for the terminal. */
export async function runPec(args: readonly string[], person: Person = {}): Promise<Ran> {
  const output: string[] = [];
  const bytes: Uint8Array[] = [];
  const remarks: string[] = [];
  const answers = [...(person.answers ?? [])];
  const answer = async (preset = '') => answers.shift() || preset;
  const terminal: Terminal = {
    print: (text) => void output.push(text),
    writeBytes: async (chunk) => void bytes.push(Buffer.from(chunk)),
    remark: (text) => void remarks.push(text),
    interactive: person.answers !== undefined,
    ask: (_question, preset) => answer(preset),
    askSecret: () => answer(),
    readInput: async () => person.input ?? '',
  };
  const code = await runCommandLine(args, terminal);
  return { code, output: output.join('\n'), bytes: Buffer.concat(bytes), remarks: remarks.join('\n') };
}
