/** `pec mailbox export`: a mailbox as Maildir, mbox files or a ZIP archive of .eml files, also while the provider runs. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { normalizeFolderName } from '../mailbox/folder-name.ts';
import { type ExportResult, exportMailbox } from '../moving/export/export-mailbox.ts';
import type { ExportWriter } from '../moving/export/export-writer.ts';
import { readSnapshot, type SnapshotFolder } from '../moving/export/mailbox-snapshot.ts';
import { createMaildir } from '../moving/export/maildir.ts';
import { createMboxes } from '../moving/export/mbox.ts';
import { openNewFile, PlaceError, writeAll } from '../moving/export/new-folder.ts';
import { createZip } from '../moving/export/zip.ts';
import type { Stores } from '../wire.ts';
import { formatByteCount } from './byte-count.ts';
import { type ConfigOptions, configOption } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { withStores } from './stores.ts';
import { showOneLine } from './table.ts';
import type { Terminal } from './terminal.ts';

type Format = 'maildir' | 'mbox' | 'zip';

interface ExportOptions extends ConfigOptions {
  readonly format: Format;
  readonly to: string;
  readonly folder?: readonly string[];
}

export function addExportCommand(mailbox: Command, terminal: Terminal): void {
  mailbox
    .command('export <address>')
    .description(
      'write all messages of a mailbox, byte for byte, as Maildir, mbox files or a ZIP of .eml files',
    )
    .addOption(
      new Option('--format <form>', 'the form').choices(['maildir', 'mbox', 'zip']).makeOptionMandatory(),
    )
    .requiredOption('--to <place>', 'a new folder; for zip a new file, or "-" for standard output')
    .option('--folder <name...>', 'only these folders')
    .addOption(configOption())
    .action((address: string, options: ExportOptions) => runExport(terminal, address, options));
}

async function runExport(terminal: Terminal, address: string, options: ExportOptions): Promise<void> {
  if (options.to === '-' && options.format !== 'zip')
    throw new CommandFailure(exitCode.usage, 'Only --format zip can go to standard output; name a folder.');
  const result = await withStores(options, async (stores) => {
    const folders = await readFolders(stores, address, options.folder);
    const writer = await openWriter(terminal, options).catch(explainPlace);
    return exportMailbox(stores, { folders, writer, onProgress: createProgress(terminal) });
  });
  printResult(terminal, options, result);
}

async function readFolders(
  { accounts, db, mail }: Stores,
  address: string,
  wanted: readonly string[] | undefined,
): Promise<readonly SnapshotFolder[]> {
  const mailbox = await accounts.findMailbox(address);
  if (mailbox === undefined) throw new CommandFailure(exitCode.no, `There is no mailbox ${address} here.`);
  const there = (await mail.listFolders(mailbox.id)).map(({ name }) => name);
  const only = wanted?.map(normalizeFolderName);
  const missing = only?.find((name) => !there.includes(name));
  if (missing !== undefined)
    throw new CommandFailure(exitCode.no, `There is no folder ${missing}; there are: ${there.join(', ')}.`);
  return db.read((tx) => readSnapshot(tx, mailbox.id, only));
}

async function openWriter(terminal: Terminal, { format, to }: ExportOptions): Promise<ExportWriter> {
  switch (format) {
    case 'maildir':
      return createMaildir(resolve(to));
    case 'mbox':
      return createMboxes(resolve(to));
    case 'zip': {
      if (to === '-')
        return createZip(
          { write: (bytes) => terminal.writeBytes(bytes), close: async () => undefined },
          Date.now,
        );
      const file = await openNewFile(resolve(to));
      const close = async () => {
        await file.sync();
        await file.close();
      };
      return createZip({ write: (bytes) => writeAll(file, bytes), close }, Date.now);
    }
  }
}

function explainPlace(error: unknown): never {
  if (error instanceof PlaceError) throw new CommandFailure(exitCode.no, error.message, error);
  throw error;
}

/** Between two lines of progress, milliseconds. */
const quietMs = 5_000;

function createProgress(terminal: Terminal): (done: number, total: number) => void {
  let last = performance.now();
  return (done, total) => {
    if (performance.now() - last < quietMs) return;
    last = performance.now();
    terminal.remark(`${done} of ${total} messages …`);
  };
}

/** The archive itself may be on standard output, so everything is told on standard error. */
function printResult(terminal: Terminal, { to }: ExportOptions, result: ExportResult): void {
  const { messages, bytes, damaged, gone } = result;
  terminal.remark(
    `${messages} messages (${formatByteCount(bytes)}) written to ${to === '-' ? 'standard output' : to}.`,
  );
  if (gone > 0) terminal.remark(`${gone} were removed from the mailbox in the meantime.`);
  for (const { folder, uid, reason } of damaged)
    terminal.remark(`damaged: ${showOneLine(folder)}, UID ${uid}: ${showOneLine(reason)}`);
  if (damaged.length > 0)
    throw new CommandFailure(
      exitCode.no,
      `${damaged.length} messages could not be read and are not in the export; messages.csv lists them.`,
    );
}
