/** `npm start`: the sandbox until Ctrl-C. */
import { parseArgs } from 'node:util';
import { formatInstant } from '../cli/table.ts';
import { renderAnnouncement } from './announce.ts';
import { startSandbox } from './sandbox.ts';

const usage = `npm start [-- --fresh] [-- --folder FOLDER]
  --fresh          throw away the mailboxes, keys and settings of earlier runs
  --folder FOLDER  keep everything there instead of in .sandbox
`;

async function run(): Promise<number> {
  let values: { fresh?: boolean; folder?: string; help?: boolean };
  try {
    ({ values } = parseArgs({
      options: { fresh: { type: 'boolean' }, folder: { type: 'string' }, help: { type: 'boolean' } },
    }));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  if (values.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  const stopped = untilSignal();
  const sandbox = await startSandbox({
    folder: values.folder ?? '.sandbox',
    clock: Date.now,
    fresh: values.fresh === true,
    onClockMoved: (aheadMs) => {
      const now = formatInstant(Date.now() + aheadMs);
      process.stdout.write(`  Orologio spostato avanti / Clock moved ahead: ${now}\n`);
    },
  });
  process.stdout.write(`${renderAnnouncement(sandbox.files, sandbox.providers, sandbox.antivirus)}\n`);
  await stopped;
  process.stdout.write('\n  Si ferma… / Stopping…\n');
  await sandbox.stop();
  return 0;
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

process.exitCode = await run();
