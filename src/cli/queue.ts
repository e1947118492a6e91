/** `pec queue list|retry|hold`: mail that waits to be handed to other servers. */
import { Command, InvalidArgumentError } from 'commander';
import { hold, listQueue, type OutgoingRow, retryNow } from '../queue/outgoing.ts';
import { type ConfigOptions, configOption } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { jsonOption, type ListOptions, parseCount } from './options.ts';
import { withStores } from './stores.ts';
import { formatInstant, renderTable } from './table.ts';
import type { Terminal } from './terminal.ts';

interface QueueListOptions extends ListOptions {
  readonly domain?: string;
  readonly after?: number;
  readonly limit: number;
}

export function buildQueueCommand(terminal: Terminal): Command {
  const queue = new Command('queue').description('mail that waits to be handed to other servers');
  queue
    .command('list')
    .description('one line a recipient, oldest first')
    .option('--domain <domain>', 'only what goes to this domain')
    .option('--after <id>', 'continue after this id', parseCount)
    .option('--limit <number>', 'most lines', parseCount, 1000)
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: QueueListOptions) => {
      const { domain, after, limit } = options;
      const filter = {
        limit,
        ...(domain === undefined ? {} : { domain }),
        ...(after === undefined ? {} : { afterId: after }),
      };
      const rows = await withStores(options, ({ db }) => db.read((tx) => listQueue(tx, filter)));
      if (options.json === true) terminal.print(JSON.stringify(rows, null, 2));
      else terminal.print(rows.length === 0 ? 'The queue is empty.' : renderQueue(rows));
    });
  queue
    .command('retry')
    .description('try one now, also if it was held')
    .argument('<id>', 'from pec queue list', parseId)
    .addOption(configOption())
    .action(async (id: number, options: ConfigOptions) => {
      const found = await withStores(options, ({ db }) => db.transact((tx) => retryNow(tx, id, Date.now())));
      answer(terminal, found, `${id} is due now.`);
    });
  queue
    .command('hold')
    .description('keep one back until pec queue retry; its 24 hours go on')
    .argument('<id>', 'from pec queue list', parseId)
    .addOption(configOption())
    .action(async (id: number, options: ConfigOptions) => {
      const found = await withStores(options, ({ db }) => db.transact((tx) => hold(tx, id)));
      answer(terminal, found, `${id} is held.`);
    });
  return queue;
}

function parseId(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw new InvalidArgumentError('It is the number in the first column of pec queue list.');
  return Number(text);
}

function answer(terminal: Terminal, found: boolean, done: string): void {
  if (!found)
    throw new CommandFailure(exitCode.no, 'The queue has no such id; it may have left in the meantime.');
  terminal.print(done);
}

function renderQueue(rows: readonly OutgoingRow[]): string {
  const head = ['ID', 'RECIPIENT', 'KIND', 'TRIES', 'NEXT TRY', 'GIVES UP', 'LAST ANSWER'];
  return renderTable(head, rows.map(renderRow));
}

function renderRow(row: OutgoingRow): string[] {
  const next = row.held ? 'held' : formatInstant(row.nextAt);
  const { id, recipient, kind, attempts, expiresAt, lastText } = row;
  return [String(id), recipient, kind, String(attempts), next, formatInstant(expiresAt), lastText ?? ''];
}
