/** `pec virus list|export`: the store of infected messages (RFC 6109 §2.2.4), for whoever has to look into one. */
import { open, rm } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { readSegments } from '../blob/read-segments.ts';
import { loadContent } from '../content/content.ts';
import { findInfected, listInfected, type StoredInfected } from '../message-log/infected.ts';
import type { Stores } from '../wire.ts';
import { type ConfigOptions, configOption } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { jsonOption, type ListOptions, parseCount } from './options.ts';
import { withStores } from './stores.ts';
import { formatInstant, renderTable, showOneLine } from './table.ts';
import type { Terminal } from './terminal.ts';

interface VirusListOptions extends ListOptions {
  readonly after?: number;
  readonly limit: number;
}

interface ExportOptions extends ConfigOptions {
  readonly out: string;
}

export function buildVirusCommand(terminal: Terminal): Command {
  const virus = new Command('virus').description('messages in which a virus was found, kept as the law asks');
  virus
    .command('list')
    .description('one line a message, oldest first')
    .option('--after <id>', 'continue after this id', parseCount)
    .option('--limit <number>', 'most lines', parseCount, 1000)
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: VirusListOptions) => {
      const page = { afterId: options.after ?? 0, limit: options.limit };
      const found = await withStores(options, ({ db }) => db.read((tx) => listInfected(tx, page)));
      if (options.json === true) terminal.print(JSON.stringify(found, null, 2));
      else terminal.print(found.length === 0 ? 'No infected message is kept.' : renderInfected(found));
    });
  virus
    .command('export')
    .description('write one message into a file, with every byte as it came: the virus included')
    .argument('<id>', 'from pec virus list', parseCount)
    .requiredOption('--out <file>', 'the file to make; only this user may read it')
    .addOption(configOption())
    .action(async (id: number, options: ExportOptions) => {
      const file = resolve(options.out);
      const message = await withStores(options, (stores) => exportInfected(stores, id, file));
      terminal.print(`${file} holds the message in which ${message.virus} was found. Do not open it here.`);
    });
  return virus;
}

async function exportInfected({ db, blobs }: Stores, id: number, file: string): Promise<StoredInfected> {
  const message = await db.read((tx) => findInfected(tx, id));
  if (message === undefined)
    throw new CommandFailure(exitCode.no, `There is no infected message ${id}; see pec virus list.`);
  const { segments } = await db.read((tx) => loadContent(tx, message.contentId));
  const target = await openNew(file);
  try {
    await target.writeFile(readSegments(blobs, segments));
    await target.sync();
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    await target.close();
  }
  return message;
}

async function openNew(file: string) {
  try {
    return await open(file, 'wx', 0o600);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason = code === 'EEXIST' ? 'exists already; name another' : `cannot be made (${code})`;
    throw new CommandFailure(exitCode.no, `${file} ${reason}.`, error);
  }
}

function renderInfected(found: readonly StoredInfected[]): string {
  const head = ['ID', 'FOUND', 'SIDE', 'VIRUS', 'SENDER', 'RECIPIENTS', 'IDENTIFICATIVO'];
  return renderTable(
    head,
    found.map(({ id, at, side, virus, facts }) => [
      String(id),
      formatInstant(at),
      side === 'access' ? 'outgoing' : 'incoming',
      showOneLine(virus),
      facts.sender,
      renderRecipients(facts.recipients.map(({ address }) => address)),
      facts.identificativo,
    ]),
  );
}

function renderRecipients([first = '', ...others]: readonly string[]): string {
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}
