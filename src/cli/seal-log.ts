/** `pec log seal`, `pec log hold`: sealing now instead of after midnight, and holds that keep entries from leaving. */
import { userInfo } from 'node:os';
import { type Command, InvalidArgumentError } from 'commander';
import { openLogKeeping } from '../log-keeping.ts';
import { addHold, type LegalHold, liftHold, listHolds } from '../message-log/retention/holds.ts';
import type { SealEvent, SealRound } from '../message-log/seal/sealer.ts';
import { openSigner } from '../wire.ts';
import { openCommandClock } from './command-clock.ts';
import { type ConfigOptions, configOption, openConfig } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { parseBegin, parseEnd } from './legal-time.ts';
import { jsonOption, type ListOptions } from './options.ts';
import { withStores } from './stores.ts';
import { formatInstant, renderTable } from './table.ts';
import type { Terminal } from './terminal.ts';

interface SealOptions extends ListOptions {
  readonly dueOnly?: boolean;
}

interface HoldOptions extends ConfigOptions {
  readonly reason: string;
  readonly from?: number;
  readonly to?: number;
  readonly mailbox?: string;
  readonly identificativo?: string;
}

export function addSealCommands(log: Command, terminal: Terminal): void {
  log
    .command('seal')
    .description(
      'seal what is not sealed yet, also of today: export, sign, time-stamp; ask again for missing stamps',
    )
    .option('--due-only', 'only days that are over, as the provider does by itself after midnight')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((options: SealOptions) => seal(terminal, options));
  const hold = log
    .command('hold')
    .description('legal holds: what they reach does not leave the log, however old');
  hold
    .command('add')
    .description('keep entries from leaving: all, or those of a period, a mailbox, a message')
    .requiredOption('--reason <text>', 'who asked for it: court, case number')
    .option('--from <when>', 'entries from this day or instant on, Italian legal time', parseBegin)
    .option('--to <when>', 'until this instant, or the end of this day', parseEnd)
    .option('--mailbox <address>', 'only what concerns this mailbox')
    .option('--identificativo <id>', 'only this message')
    .addOption(configOption())
    .action((options: HoldOptions) => addOne(terminal, options));
  hold
    .command('list')
    .description('the holds in force')
    .option('--all', 'also those that were lifted')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((options: ListOptions & { readonly all?: boolean }) => listAll(terminal, options));
  hold
    .command('remove')
    .description('lift a hold; that it was there stays on record')
    .argument('<id>', 'from pec log hold list', parseId)
    .addOption(configOption())
    .action((id: number, options: ConfigOptions) => removeOne(terminal, id, options));
}

async function seal(terminal: Terminal, options: SealOptions): Promise<void> {
  const { config } = openConfig(options);
  const alarms: string[] = [];
  const round = await withStores(options, (stores) => {
    const signer = openSigner(config);
    const onEvent = (event: SealEvent) => alarms.push(...describeAlarm(event));
    const keeping = openLogKeeping(config, stores, {
      signer: () => signer,
      clock: openCommandClock(options),
      onEvent,
    });
    return keeping.sealer.seal({ early: options.dueOnly !== true });
  });
  if (options.json === true) terminal.print(JSON.stringify({ ...round, alarms }, null, 2));
  else printRound(terminal, round);
  for (const alarm of alarms) terminal.remark(alarm);
  if (round.busy.length > 0)
    throw new CommandFailure(
      exitCode.unavailable,
      `Another process is sealing ${round.busy.join(', ')}; try again in a few minutes.`,
    );
  if (round.pending.length > 0 || alarms.length > 0) throw new CommandFailure(exitCode.unavailable, '');
}

function printRound(terminal: Terminal, { sealed, pending }: SealRound): void {
  if (sealed.length === 0 && pending.length === 0) terminal.print('Everything is sealed.');
  for (const { node, number, day, entries, firstSeq, lastSeq } of sealed)
    terminal.print(`Sealed ${node}/${number}: ${entries} entries of ${day} (${firstSeq} to ${lastSeq}).`);
  for (const { node, number, day } of pending)
    terminal.print(`${node}/${number} of ${day} waits: it is exported and signed, a time stamp is missing.`);
}

function describeAlarm(event: SealEvent): string[] {
  switch (event.type) {
    case 'stamp-missing':
    case 'delayed':
      return [`${event.reason}.`];
    case 'damaged':
      return [`Nothing was sealed over a damaged log: ${event.reason}. Run pec log verify.`];
    default:
      return [];
  }
}

async function addOne(terminal: Terminal, options: HoldOptions): Promise<void> {
  const { reason, from, to, mailbox, identificativo } = options;
  const hold = {
    reason,
    from,
    // The end of a day as written is the first instant after it; a hold includes its last instant.
    to: to === undefined ? undefined : to - 1,
    address: mailbox,
    identificativo,
    by: userInfo().username,
  };
  const at = openCommandClock(options)();
  const id = await withStores(options, ({ db }) => db.transact((tx) => addHold(tx, hold, at)));
  terminal.print(`Hold ${id} is in force.`);
}

async function listAll(terminal: Terminal, options: ListOptions & { readonly all?: boolean }): Promise<void> {
  const holds = await withStores(options, ({ db }) => db.read((tx) => listHolds(tx, options.all)));
  if (options.json === true) terminal.print(JSON.stringify(holds, null, 2));
  else terminal.print(holds.length === 0 ? 'There is no legal hold.' : renderHolds(holds));
}

function renderHolds(holds: readonly LegalHold[]): string {
  const head = ['ID', 'SINCE', 'BY', 'REACHES', 'REASON', 'LIFTED'];
  return renderTable(
    head,
    holds.map((hold) => [
      String(hold.id),
      formatInstant(hold.addedAt),
      hold.by,
      describeReach(hold),
      hold.reason,
      hold.liftedAt === undefined ? '' : `${formatInstant(hold.liftedAt)} ${hold.liftedBy ?? ''}`,
    ]),
  );
}

function describeReach({ from, to, address, identificativo }: LegalHold): string {
  const parts = [
    ...(from === undefined ? [] : [`from ${formatInstant(from)}`]),
    ...(to === undefined ? [] : [`to ${formatInstant(to)}`]),
    ...(address === undefined ? [] : [address]),
    ...(identificativo === undefined ? [] : [identificativo]),
  ];
  return parts.length === 0 ? 'everything' : parts.join(' ');
}

async function removeOne(terminal: Terminal, id: number, options: ConfigOptions): Promise<void> {
  const by = userInfo().username;
  const at = openCommandClock(options)();
  const found = await withStores(options, ({ db }) => db.transact((tx) => liftHold(tx, { id, by, at })));
  if (!found) throw new CommandFailure(exitCode.no, `No hold ${id} is in force.`);
  terminal.print(`Hold ${id} is lifted.`);
}

function parseId(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw new InvalidArgumentError('It is the number in the first column of pec log hold list.');
  return Number(text);
}
