/** `pec mailbox import`: the messages of a mailbox at another provider, by IMAP. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { openImapSource } from '../moving/import/imap-source.ts';
import {
  type FolderProgress,
  type ImportReport,
  type ImportResult,
  importMailbox,
} from '../moving/import/import-mailbox.ts';
import { SourceError } from '../moving/import/mail-source.ts';
import type { Stores } from '../wire.ts';
import { formatByteCount } from './byte-count.ts';
import { type ConfigOptions, configOption } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { askPassword, type PasswordOptions, passwordOption } from './password-option.ts';
import { withStores } from './stores.ts';
import { showOneLine } from './table.ts';
import type { Terminal } from './terminal.ts';

interface ImportOptions extends ConfigOptions, PasswordOptions {
  readonly host: string;
  readonly port?: number;
  readonly starttls?: boolean;
  readonly user?: string;
  readonly ca?: string;
  readonly folder?: readonly string[];
  readonly flags?: boolean;
}

export function addImportCommand(mailbox: Command, terminal: Terminal): void {
  mailbox
    .command('import <address>')
    .description('take over the messages of a mailbox at another provider, by IMAP; again: only what is new')
    .requiredOption('--host <host>', "the other provider's IMAP server")
    .option('--port <number>', 'its port (else 993, with --starttls 143)', parsePort)
    .option('--starttls', 'TLS after STARTTLS instead of from the first byte')
    .option('--user <name>', 'user name there (else the address)')
    .addOption(passwordOption())
    .option('--ca <file>', "certificates (PEM) to believe instead of the system's")
    .option('--folder <name...>', 'only these folders, by their names there')
    .option('--flags', 'also follow flags that changed there since the last run')
    .addOption(configOption())
    .action((address: string, options: ImportOptions) => runImport(terminal, address, options));
}

async function runImport(terminal: Terminal, address: string, options: ImportOptions): Promise<void> {
  const { host, user = address, starttls = false } = options;
  const source = {
    host,
    port: options.port ?? (starttls ? 143 : 993),
    implicitTls: !starttls,
    user,
    password: await askPassword(options, terminal, `Password of ${user} at ${host}`),
    ...(options.ca === undefined ? {} : { ca: readAuthorities(options.ca) }),
  };
  const result = await withStores(options, async (stores) => {
    const mailboxId = await requireMailbox(stores, address);
    return importMailbox(
      { ...stores, clock: Date.now },
      {
        mailboxId,
        host: host.toLowerCase(),
        user,
        ...(options.folder === undefined ? {} : { folders: options.folder }),
        followsFlags: options.flags === true,
        connect: () => openImapSource(source),
        wait: async (milliseconds) => void (await pause(milliseconds)),
        report: createReport(terminal),
      },
    );
  }).catch(explain);
  printResult(terminal, result);
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535)
    throw new InvalidArgumentError('Write a number from 1 to 65535.');
  return port;
}

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailure(exitCode.usage, `The file of certificates ${file} cannot be read.`, error);
  }
}

async function requireMailbox({ accounts }: Stores, address: string): Promise<number> {
  const found = await accounts.findMailbox(address);
  if (found === undefined)
    throw new CommandFailure(
      exitCode.no,
      `There is no mailbox ${address} here; make it first with "pec mailbox add ${address}".`,
    );
  return found.id;
}

function explain(error: unknown): never {
  if (!(error instanceof SourceError)) throw error;
  const again = error.fault === 'lost' ? ' What came is kept; run the command again to go on.' : '';
  const code = error.fault === 'lost' ? exitCode.unavailable : exitCode.no;
  throw new CommandFailure(code, `${error.message}${again}`, error);
}

/** Between two lines of progress about one folder, milliseconds. */
const quietMs = 5_000;

function createReport(terminal: Terminal): ImportReport {
  let last = performance.now();
  return {
    progress(folder) {
      if (performance.now() - last < quietMs) return;
      last = performance.now();
      terminal.remark(`${renderFolder(folder)} …`);
    },
    folderDone(folder) {
      last = performance.now();
      terminal.remark(renderFolder(folder));
    },
    reconnecting(reason, milliseconds) {
      terminal.remark(`${showOneLine(reason)} Trying again in ${milliseconds / 1000} s.`);
    },
  };
}

function renderFolder({ path, name, imported, known, bytes, total }: FolderProgress): string {
  const where = path === name ? path : `${path} → ${name}`;
  return `${showOneLine(where)}: ${imported + known} of ${total}, ${imported} new (${formatByteCount(bytes)})`;
}

function printResult(terminal: Terminal, { folders, skipped }: ImportResult): void {
  const sum = (pick: (folder: FolderProgress) => number) =>
    folders.reduce((total, folder) => total + pick(folder), 0);
  const resized = sum((folder) => folder.resized);
  terminal.print(
    `${sum(({ imported }) => imported)} messages imported (${formatByteCount(sum(({ bytes }) => bytes))}), ` +
      `${sum(({ known }) => known)} were here already.`,
  );
  const reflagged = sum((folder) => folder.reflagged);
  if (reflagged > 0) terminal.print(`${reflagged} of these got the flags that they have there now.`);
  if (resized > 0)
    terminal.print(`${resized} of them are of another size than the server had said; they came twice alike.`);
  for (const { path, uid, reason } of skipped)
    terminal.print(`left out: ${showOneLine(path)}, UID ${uid}: ${showOneLine(reason)}`);
  if (skipped.length > 0)
    throw new CommandFailure(
      exitCode.no,
      `${skipped.length} messages did not come; the next run tries them again.`,
    );
}
