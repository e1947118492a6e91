/** `pec queue list|show|retry|hold`: mail that waits to be handed to other servers. */
import { Command, InvalidArgumentError } from 'commander';
import {
  findQueued,
  hold,
  listQueue,
  type OutgoingRow,
  type QueuedRow,
  retryNow,
} from '../queue/outgoing.ts';
import { formatByteCount } from './byte-count.ts';
import { openCommandClock } from './command-clock.ts';
import { type ConfigOptions, configOption } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { jsonOption, type ListOptions, parseCount } from './options.ts';
import { withStores } from './stores.ts';
import { formatInstant, renderTable, showOneLine } from './table.ts';
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
    .command('show')
    .description('everything about one')
    .argument('<id>', 'from pec queue list', parseId)
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (id: number, options: ListOptions) => {
      const row = await withStores(options, ({ db }) => db.read((tx) => findQueued(tx, id)));
      if (row === undefined) throw notQueued();
      terminal.print(options.json === true ? JSON.stringify(row, null, 2) : renderQueued(row));
    });
  queue
    .command('retry')
    .description('try one now, also if it was held')
    .argument('<id>', 'from pec queue list', parseId)
    .addOption(configOption())
    .action(async (id: number, options: ConfigOptions) => {
      const at = openCommandClock(options)();
      const found = await withStores(options, ({ db }) => db.transact((tx) => retryNow(tx, id, at)));
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
  if (!found) throw notQueued();
  terminal.print(done);
}

function notQueued(): CommandFailure {
  return new CommandFailure(exitCode.no, 'The queue has no such id; it may have left in the meantime.');
}

function renderQueue(rows: readonly OutgoingRow[]): string {
  const head = ['ID', 'RECIPIENT', 'KIND', 'TRIES', 'NEXT TRY', 'GIVES UP', 'LAST ANSWER'];
  return renderTable(head, rows.map(renderRow));
}

function renderRow(row: OutgoingRow): string[] {
  const next = row.held ? 'held' : formatInstant(row.nextAt);
  const { id, recipient, kind, attempts, expiresAt, lastText } = row;
  return [
    String(id),
    recipient,
    kind,
    String(attempts),
    next,
    formatInstant(expiresAt),
    showOneLine(lastText ?? ''),
  ];
}

const kinds: Readonly<Record<OutgoingRow['kind'], string>> = {
  envelope: 'transport envelope',
  notification: 'receipt or notice',
  service: 'message between providers',
  forward: 'ordinary mail, forwarded',
  status: 'delivery status notification',
};

function renderQueued(row: QueuedRow): string {
  const { lastCode, lastEnhanced, lastText, lease } = row;
  const answer = [lastCode || undefined, lastEnhanced, lastText].filter((part) => part !== undefined);
  const lines: readonly (readonly [string, string])[] = [
    ['id', String(row.id)],
    ['what', kinds[row.kind]],
    ['message', row.identificativo || '(none)'],
    ['Message-ID', row.mailId],
    ['from', row.reversePath || '(null path)'],
    ['to', `${row.recipient} (${row.certified ? 'certified' : 'ordinary'})`],
    ['destination', row.domain],
    ['size', `${formatByteCount(row.size)}${row.eightBit ? ', 8BITMIME' : ''}`],
    ['queued', formatInstant(row.queuedAt)],
    ['gives up', formatInstant(row.expiresAt)],
    ['tries', String(row.attempts)],
    ['next try', renderNextTry(row)],
    ['being tried', lease === undefined ? 'no' : `by ${lease.owner}, until ${formatInstant(lease.until)}`],
    ['last answer', answer.length === 0 ? '(none yet)' : answer.join(' ')],
  ];
  return lines.map(([name, value]) => `${name.padEnd(12)}${showOneLine(value)}`).join('\n');
}

function renderNextTry({ held, nextAt }: OutgoingRow): string {
  return held ? 'held: pec queue retry lets it go' : formatInstant(nextAt);
}
