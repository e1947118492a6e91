/** `pec backup restore`: a whole provider into an empty data folder, or mailboxes into the running one. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { listCopied, readCopied } from '../moving/backup/archive-of-copy.ts';
import type { ArchivedMailbox } from '../moving/backup/archived-mailbox.ts';
import { readArchive } from '../moving/backup/mailbox-archive.ts';
import { readManifest } from '../moving/backup/manifest.ts';
import { type MailboxRestoreResult, restoreMailbox } from '../moving/backup/restore-mailbox.ts';
import { restoreWhole } from '../moving/backup/restore-whole.ts';
import { databaseName } from '../moving/backup/whole-backup.ts';
import { openDatabaseCopy, openStores } from '../wire.ts';
import { createProgress, explainBackup, openBackup, printMissing } from './backup-place.ts';
import { formatByteCount } from './byte-count.ts';
import { type ConfigOptions, configOption, openConfig } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { withStores } from './stores.ts';
import type { Terminal } from './terminal.ts';

interface RestoreOptions extends ConfigOptions {
  readonly mailbox?: readonly string[];
  readonly domain?: string;
}

export function addRestoreCommand(backup: Command, terminal: Terminal): void {
  backup
    .command('restore <backup>')
    .description('bring back a whole provider into its empty data folder, or mailboxes while it runs')
    .option('--mailbox <address...>', 'only these mailboxes, into the running provider')
    .option('--domain <domain>', 'only the mailboxes of this domain, into the running provider')
    .addOption(configOption())
    .action(async (place: string, options: RestoreOptions) => {
      const folder = await openBackup(place);
      const { head } = await readManifest(folder).catch(explainBackup);
      const isWhole = head.kind === 'whole' && options.mailbox === undefined && options.domain === undefined;
      await (isWhole ? restoreAll(terminal, folder, options) : restoreSome(terminal, folder, options));
    });
}

async function restoreAll(terminal: Terminal, folder: string, options: RestoreOptions): Promise<void> {
  const { config } = openConfig(options);
  const { dataFolder } = config;
  const openRows = async (place: string) => (await openStores({ ...config, dataFolder: place })).db;
  const progress = createProgress(terminal, 'files');
  const result = await restoreWhole({ dataFolder, openRows }, folder, progress).catch(explainBackup);
  terminal.print(`${result.files} files, ${formatByteCount(result.bytes)}, restored to ${dataFolder}.`);
  terminal.remark(
    'Look at it before the provider starts: pec log verify --full. What was on its way out when the backup was made is ' +
      'sent again: pec queue list, pec queue hold.',
  );
  printMissing(
    terminal,
    result.damaged,
    'files are damaged in the backup, and restored as far as they are there',
  );
}

async function restoreSome(terminal: Terminal, folder: string, options: RestoreOptions): Promise<void> {
  const progress = createProgress(terminal, 'messages');
  const results = await withStores(options, async (stores) => {
    const done: MailboxRestoreResult[] = [];
    for await (const archived of listArchived(folder, options)) {
      const result = await restoreMailbox({ ...stores, clock: Date.now }, archived, progress);
      terminal.print(renderResult(result));
      done.push(result);
    }
    return done;
  }).catch(explainBackup);
  if (results.length === 0) throw new CommandFailure(exitCode.no, 'The backup has no such mailbox.');
  const damaged = results.flatMap((result) => result.damaged);
  printMissing(terminal, damaged, 'messages are damaged in the backup and were left out');
}

/** Mailboxes of either kind of backup that were asked for. @throws {CommandFailure} when one is not there. */
async function* listArchived(folder: string, options: RestoreOptions): AsyncGenerator<ArchivedMailbox> {
  const { head } = await readManifest(folder);
  const left = new Set(options.mailbox?.map((address) => address.toLowerCase()));
  const isWanted = (address: string) => {
    const key = address.toLowerCase();
    left.delete(key);
    if (options.domain !== undefined && key.endsWith(`@${options.domain.toLowerCase()}`)) return true;
    if (options.mailbox === undefined) return options.domain === undefined;
    return options.mailbox.some((wanted) => wanted.toLowerCase() === key);
  };
  if (head.kind === 'whole') yield* listFromCopy(folder, isWanted);
  else for await (const archived of readArchive(folder)) if (isWanted(archived.address)) yield archived;
  const [missing] = left;
  if (missing !== undefined) throw new CommandFailure(exitCode.no, `The backup has no mailbox ${missing}.`);
}

async function* listFromCopy(
  folder: string,
  isWanted: (address: string) => boolean,
): AsyncGenerator<ArchivedMailbox> {
  const copy = openDatabaseCopy(join(folder, databaseName));
  try {
    for (const address of (await listCopied(copy)).filter(isWanted)) {
      const archived = await readCopied(copy, folder, address);
      if (archived !== undefined) yield archived;
    }
  } finally {
    await copy.close();
  }
}

function renderResult({ address, made, sameNumbers, restored, known }: MailboxRestoreResult): string {
  const mailbox = made ? `${address} (made anew, with its logins and passwords)` : address;
  const numbers = sameNumbers ? 'under their old numbers' : 'under new numbers';
  const there = known === 0 ? '' : `; ${known} were there already`;
  return `${mailbox}: ${restored} messages restored ${numbers}${there}.`;
}
