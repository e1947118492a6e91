/** Where commands write and ask: the real terminal, or a double in tests. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { CommandFailure, exitCode } from './exit-code.ts';

export interface Terminal {
  /** Results: standard output. A line end is added. */
  print(text: string): void;
  /**
   * Results that are no text: standard output, as they are. Resolves when more can be taken.
   * @throws {CommandFailure} when nobody reads them any more
   */
  writeBytes(bytes: Uint8Array): Promise<void>;
  /** Remarks: standard error. A line end is added. */
  remark(text: string): void;
  /** True when a person can be asked. */
  readonly interactive: boolean;
  /** Asks for one line; empty gives `preset`. */
  ask(question: string, preset?: string): Promise<string>;
  /** Asks for one line that is not shown. */
  askSecret(question: string): Promise<string>;
  /** All of standard input. */
  readInput(): Promise<string>;
}

export function createTerminal(): Terminal {
  let writesBytes = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    // `pec mailbox list | head`: who stops reading lines has what they wanted. An archive in part is none.
    if (!writesBytes) process.exit(exitCode.ok);
  });
  return {
    print: (line) => void process.stdout.write(`${line}\n`),
    writeBytes: (bytes) => {
      writesBytes = true;
      return new Promise((resolve, reject) => {
        process.stdout.write(bytes, (error) => (error ? reject(explainBytes(error)) : resolve()));
      });
    },
    remark: (line) => void process.stderr.write(`${line}\n`),
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    async ask(question, preset) {
      const answer = await askLine(
        preset === undefined ? `${question}: ` : `${question} [${preset}]: `,
        process.stderr,
      );
      return answer.trim() || (preset ?? '');
    },
    async askSecret(question) {
      process.stderr.write(`${question}: `);
      const answer = await askLine('', new Writable({ write: (_chunk, _encoding, done) => done() }));
      process.stderr.write('\n');
      return answer;
    },
    readInput: () => text(process.stdin),
  };
}

function explainBytes(error: NodeJS.ErrnoException): Error {
  if (error.code !== 'EPIPE') return error;
  const text = 'Whoever reads standard output has stopped before the end: what was taken is not whole.';
  return new CommandFailure(exitCode.no, text, error);
}

/** Questions go to standard error, so that results can be redirected. Ctrl-C and Ctrl-D end the command. */
function askLine(prompt: string, output: NodeJS.WritableStream): Promise<string> {
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      lines.close();
      reject(new CommandFailure(exitCode.no, 'Nothing was done.'));
    };
    lines.once('SIGINT', giveUp);
    lines.once('close', giveUp);
    lines.question(prompt).then((answer) => {
      lines.off('close', giveUp);
      lines.close();
      resolve(answer);
    }, reject);
  });
}
