/** `pec backup create|list|verify|restore`: of the whole provider, of a domain, of mailboxes; while it runs. */
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { checkSqlite, snapshotSqlite } from '../db/sqlite-snapshot.ts';
import { listBackups } from '../moving/backup/backup-place.ts';
import { createMailboxBackup } from '../moving/backup/mailbox-archive.ts';
import { readManifest } from '../moving/backup/manifest.ts';
import { verifyBackup } from '../moving/backup/verify-backup.ts';
import { type BackupResult, createWholeBackup } from '../moving/backup/whole-backup.ts';
import { readVersion } from '../telemetry/version.ts';
import { databaseFile, openDatabaseCopy, type Stores } from '../wire.ts';
import { createProgress, explainBackup, openBackup, printMissing } from './backup-place.ts';
import { addRestoreCommand } from './backup-restore.ts';
import { formatByteCount } from './byte-count.ts';
import { type ConfigOptions, configOption, openConfig } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { withStores } from './stores.ts';
import { renderTable, showOneLine } from './table.ts';
import type { Terminal } from './terminal.ts';

export function buildBackupCommand(terminal: Terminal): Command {
  const backup = new Command('backup').description('backups of the provider, of domains and of mailboxes');
  addCreateCommand(backup, terminal);
  addListCommand(backup, terminal);
  addVerifyCommand(backup, terminal);
  addRestoreCommand(backup, terminal);
  return backup;
}

interface CreateOptions extends ConfigOptions {
  readonly to: string;
  readonly mailbox?: readonly string[];
  readonly domain?: string;
  readonly link?: boolean;
}

function addCreateCommand(backup: Command, terminal: Terminal): void {
  backup
    .command('create')
    .description('write a backup into a place; what an earlier one there has already costs no room again')
    .requiredOption('--to <place>', 'folder of backups; each gets a folder of its own in it')
    .option('--mailbox <address...>', 'only these mailboxes')
    .option('--domain <domain>', 'only the mailboxes of this domain')
    .option('--link', 'hard links to the messages instead of copies, when on the same file system')
    .addOption(configOption())
    .action((options: CreateOptions) => create(terminal, options));
}

async function create(terminal: Terminal, options: CreateOptions): Promise<void> {
  const { config } = openConfig(options);
  const common = {
    place: resolve(options.to),
    head: { provider: config.provider.name, version: readVersion() },
    onProgress: createProgress(terminal, 'messages'),
  };
  const result = await withStores(options, async (stores) => {
    const parts = { ...stores, clock: Date.now };
    const mailboxes = await chooseMailboxes(stores, options);
    if (mailboxes !== undefined) return createMailboxBackup(parts, { ...common, mailboxes });
    const { dataFolder } = config;
    const snapshot = (file: string) => snapshotSqlite(databaseFile(dataFolder), file);
    return createWholeBackup(
      { ...parts, dataFolder, snapshot, openCopy: openDatabaseCopy },
      { ...common, link: options.link === true },
    );
  }).catch(explainBackup);
  printCreated(terminal, result);
}

async function chooseMailboxes(
  { accounts }: Stores,
  { mailbox, domain }: CreateOptions,
): Promise<readonly { readonly id: number; readonly address: string }[] | undefined> {
  if (domain !== undefined) return accounts.listMailboxes({ domain });
  if (mailbox === undefined) return undefined;
  return Promise.all(
    mailbox.map(async (address) => {
      const found = await accounts.findMailbox(address);
      if (found === undefined) throw new CommandFailure(exitCode.no, `There is no mailbox ${address} here.`);
      return found;
    }),
  );
}

function printCreated(
  terminal: Terminal,
  { folder, files, bytes, copiedBytes, missing, removed }: BackupResult,
): void {
  for (const name of removed) terminal.remark(`${name} had broken off and was removed.`);
  terminal.print(folder);
  terminal.remark(
    `${files} files, ${formatByteCount(bytes)}; ${formatByteCount(copiedBytes)} of them written now. ` +
      'It holds mail and password hashes in the clear: keep it as safe as the provider, or encrypt it.',
  );
  printMissing(terminal, missing, 'could not be read and are not in the backup');
}

function addListCommand(backup: Command, terminal: Terminal): void {
  backup
    .command('list <place>')
    .description('the backups in a place, newest first')
    .action(async (place: string) => {
      const rows = await Promise.all(
        (await listBackups(resolve(place))).map((name) => describe(place, name)),
      );
      terminal.print(renderTable(['BACKUP', 'KIND', 'FILES', 'SIZE', 'PROVIDER'], rows));
    });
}

async function describe(place: string, name: string): Promise<string[]> {
  try {
    const { head, files } = await readManifest(join(place, name));
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    return [name, head.kind, String(files.length), formatByteCount(bytes), showOneLine(head.provider)];
  } catch {
    return [name, 'damaged', '', '', ''];
  }
}

function addVerifyCommand(backup: Command, terminal: Terminal): void {
  backup
    .command('verify <backup>')
    .description('read every byte of a backup, or of the newest one in a place, and say what is wrong')
    .action(async (place: string) => {
      const folder = await openBackup(place);
      const parts = { openCopy: openDatabaseCopy, checkDatabase: checkSqlite };
      const report = await verifyBackup(parts, folder, createProgress(terminal, 'files')).catch(
        explainBackup,
      );
      for (const { path, text } of report.findings) terminal.print(`WRONG  ${path}: ${showOneLine(text)}`);
      const { files, bytes, head, findings } = report;
      terminal.print(
        `${folder}: ${head.kind}, of ${head.createdAt}, ${files.length} files, ${formatByteCount(bytes)}.`,
      );
      if (findings.length > 0)
        throw new CommandFailure(
          exitCode.no,
          `The backup is not what it should be: ${findings.length} findings.`,
        );
      terminal.print(
        head.kind === 'whole'
          ? `Every byte is as it was written. The message log in it: pec log verify --full --data ${folder}`
          : 'Every byte is as it was written.',
      );
    });
}
