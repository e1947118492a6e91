/** `pec sandbox time|advance`: the clock of a sandbox that `npm start` made. */
import { existsSync } from 'node:fs';
import { Command, Option } from 'commander';
import { advance, readAhead, waitUntilTaken } from '../sandbox/moved-clock.ts';
import { type SandboxFiles, sandboxFiles } from '../sandbox/places.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { jsonOption } from './options.ts';
import { formatInstant } from './table.ts';
import type { Terminal } from './terminal.ts';

interface SandboxOptions {
  readonly folder: string;
  readonly json?: boolean;
}

export function buildSandboxCommand(terminal: Terminal): Command {
  const sandbox = new Command('sandbox').description('the clock of the sandbox that npm start runs');
  sandbox
    .command('time')
    .description('what time it is in the sandbox')
    .addOption(folderOption())
    .addOption(jsonOption())
    .action((options: SandboxOptions) => showTime(readAhead(findSandbox(options)), options, terminal));
  sandbox
    .command('advance')
    .description("move both providers' clock ahead, to see what is due only in hours: time limits, retries")
    .argument('<duration>', 'e.g. 13h, 90m, 1d12h', parseDuration)
    .addOption(folderOption())
    .addOption(jsonOption())
    .action(async (byMs: number, options: SandboxOptions) => {
      const files = findSandbox(options);
      const aheadMs = advance(files, byMs);
      const isTaken = await waitUntilTaken(files, aheadMs);
      showTime(aheadMs, options, terminal);
      if (!isTaken) terminal.remark('The sandbox is not running; it will begin with this time (npm start).');
    });
  return sandbox;
}

function folderOption(): Option {
  return new Option('--folder <folder>', 'where the sandbox is kept').default('.sandbox');
}

/** @throws {CommandFailure} when there is no sandbox. */
function findSandbox({ folder }: SandboxOptions): SandboxFiles {
  const files = sandboxFiles(folder);
  if (existsSync(files.authority)) return files;
  throw new CommandFailure(
    exitCode.no,
    `There is no sandbox in ${folder}: npm start makes one, --folder names another.`,
  );
}

function showTime(aheadMs: number, options: SandboxOptions, terminal: Terminal): void {
  const now = Date.now() + aheadMs;
  if (options.json === true)
    terminal.print(JSON.stringify({ time: new Date(now).toISOString(), aheadMs }, null, 2));
  else terminal.print(`${formatInstant(now)} in the sandbox, ${formatDuration(aheadMs)} ahead`);
}
