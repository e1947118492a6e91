/** Where bin/pec begins. */
import { exitCode } from './exit-code.ts';
import { runCommandLine } from './run.ts';
import { createTerminal } from './terminal.ts';

// `pec mailbox list | head`: who stops reading has what they wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCode.ok);
});

process.exitCode = await runCommandLine(process.argv.slice(2), createTerminal());
