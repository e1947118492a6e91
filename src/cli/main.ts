/** Where bin/pec begins. */
import { runCommandLine } from './run.ts';
import { createTerminal } from './terminal.ts';

process.exitCode = await runCommandLine(process.argv.slice(2), createTerminal());
