/** A program that wants a terminal and a person: what it shows is watched for, and then keys are pressed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { waitFor } from './run-program.ts';

export interface Keys {
  /** What must stand on the screen first, since the last keys. */
  readonly when: RegExp;
  readonly press: string;
}

/**
 * Runs `command` (a line for the shell) in a terminal of `script` and presses keys one after the other; waits for its end.
 * @throws with the screen's bytes when something does not appear, or the program does not end.
 */
export async function pressKeys(
  command: string,
  steps: readonly Keys[],
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const size = 'stty rows 40 cols 120';
  const child = spawn('script', ['-qec', `${size}; exec ${command}`, '/dev/null'], {
    env: { ...process.env, TERM: 'xterm', LC_ALL: 'C.UTF-8', ...env },
  });
  let shown = '';
  let since = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    shown += chunk.toString('latin1');
  });
  child.stdin.on('error', () => undefined); // it may end before the last key
  const ended = once(child, 'close');
  try {
    for (const { when, press } of steps) {
      const explain = () => JSON.stringify(shown.slice(-2000));
      await waitFor(`${when}`, () => (when.test(shown.slice(since)) ? true : undefined), { explain });
      since = shown.length;
      child.stdin.write(press);
    }
    const over = () => (child.exitCode === null ? undefined : true);
    await waitFor('its end', over, { explain: () => JSON.stringify(shown.slice(-2000)) });
    return shown;
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}
