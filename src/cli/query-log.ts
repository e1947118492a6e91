/** `pec log search` and `pec log extract`: entries by whom, what and when; the same filters for both. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { userInfo } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { concatBytes } from '../lib/bytes.ts';
import { appendEvent } from '../message-log/append.ts';
import { describeEntry, type ExtractEntry } from '../message-log/extract/entry.ts';
import { extractForms } from '../message-log/extract/forms.ts';
import { buildExtractEvent } from '../message-log/extract/record.ts';
import type { LoggedEvent } from '../message-log/find.ts';
import { type LogPlace, type LogSearch, placeOf, searchEvents, walkEvents } from '../message-log/search.ts';
import { type LogEventType, logEventTypes } from '../pec/events.ts';
import { buildSignedData } from '../smime/signed-data.ts';
import { openSigner, type Stores } from '../wire.ts';
import { openCommandClock } from './command-clock.ts';
import { type ConfigOptions, configOption, openConfig } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { parseBegin, parseEnd } from './legal-time.ts';
import { writeNewFiles } from './new-files.ts';
import { jsonOption, parseCount } from './options.ts';
import { withStores } from './stores.ts';
import { formatInstant, renderTable } from './table.ts';
import type { Terminal } from './terminal.ts';

interface QueryOptions extends ConfigOptions {
  readonly sender?: string;
  readonly recipient?: string;
  readonly mailbox?: string;
  readonly identificativo?: string;
  readonly msgid?: string;
  readonly from?: number;
  readonly to?: number;
  readonly event?: readonly LogEventType[];
}

interface SearchOptions extends QueryOptions {
  readonly json?: boolean;
  readonly limit: number;
  readonly after?: LogPlace;
}

interface ExtractOptions extends QueryOptions {
  readonly format: keyof typeof extractForms;
  readonly out: string;
  readonly requestedBy?: string;
}

/** An extract is signed as a whole and so held in memory; what is longer nobody could verify in one piece. */
const longestExtract = { entries: 100_000, bytes: 60 * 1024 * 1024 };

/** Adds both to `pec log`. */
export function addLogQueries(log: Command, terminal: Terminal): void {
  withFilters(log.command('search'))
    .description('entries of the log, oldest first, a page at a time')
    .option('--limit <number>', 'most entries', parseCount, 100)
    .option('--after <place>', 'continue after this entry, as the page before said', parsePlace)
    .addOption(jsonOption())
    .addOption(configOption())
    .action((options: SearchOptions) => search(terminal, options));
  withFilters(log.command('extract'))
    .description(
      'an extract for its holder or a court, with the fields of RFC 6109 2.3, and signed (.p7m); it is logged',
    )
    .addOption(
      new Option('--format <format>', 'form of the document').choices(['csv', 'json', 'pdf']).default('pdf'),
    )
    .requiredOption('--out <file>', 'where to write it; FILE.p7m holds the same, signed by the provider')
    .option('--requested-by <who>', 'who asked for it, for the log (else the user of this machine)')
    .addOption(configOption())
    .action((options: ExtractOptions) => extract(terminal, options));
}

function withFilters(command: Command): Command {
  return command
    .option('--sender <address>', 'acts about messages that it sent')
    .option('--recipient <address>', 'acts that concern it as a recipient')
    .option('--mailbox <address>', 'both: all that concerns its holder')
    .option('--identificativo <id>', "by the provider's identifier")
    .option('--msgid <id>', "by the Message-ID that the sender's program wrote")
    .option('--from <when>', 'from this day or instant on, Italian legal time', parseBegin)
    .option('--to <when>', 'until this instant, or the end of this day', parseEnd)
    .addOption(new Option('--event <type...>', 'only such acts').choices(logEventTypes));
}

function readSearch(options: QueryOptions): LogSearch {
  const { sender, recipient, mailbox, identificativo, msgid, from, to, event } = options;
  const bare = (id: string) => id.trim().replace(/^<(.*)>$/, '$1');
  return {
    ...(sender === undefined ? {} : { sender }),
    ...(recipient === undefined ? {} : { recipient }),
    ...(mailbox === undefined ? {} : { mailbox }),
    ...(identificativo === undefined ? {} : { identificativo: bare(identificativo) }),
    ...(msgid === undefined ? {} : { msgid: `<${bare(msgid)}>` }),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(event === undefined ? {} : { types: event }),
  };
}

async function search(terminal: Terminal, options: SearchOptions): Promise<void> {
  const { limit, after } = options;
  const page = { limit: limit + 1, ...(after === undefined ? {} : { after }) };
  const found = await withStores(options, ({ db }) =>
    db.read((tx) => searchEvents(tx, readSearch(options), page)),
  );
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const more = found.length > limit && last !== undefined ? writePlace(placeOf(last)) : undefined;
  if (options.json === true) {
    const entries = shown.map(({ hash, ...rest }) => ({ ...rest, hash: Buffer.from(hash).toString('hex') }));
    terminal.print(JSON.stringify({ entries, after: more ?? null }, null, 2));
    return;
  }
  terminal.print(shown.length === 0 ? 'The log has no such entry.' : renderEntries(shown));
  if (more !== undefined) terminal.remark(`There are more: continue with --after ${more}`);
}

function renderEntries(found: readonly LoggedEvent[]): string {
  const head = ['WHEN', 'ENTRY', 'ACT', 'FROM', 'ABOUT', 'IDENTIFICATIVO'];
  return renderTable(
    head,
    found.map((logged) => {
      const { at, type, facts } = logged.event;
      const { registrazione, riguarda } = describeEntry(logged);
      const all = riguarda.length > 0 ? riguarda : facts.recipients.map(({ address }) => address);
      const about = all.length > 2 ? `${all.slice(0, 2).join(' ')} +${all.length - 2}` : all.join(' ');
      return [formatInstant(at), registrazione, type, facts.sender, about, facts.identificativo];
    }),
  );
}

async function extract(terminal: Terminal, options: ExtractOptions): Promise<void> {
  const { format, out } = options;
  const signed = `${out}.p7m`;
  for (const file of [out, signed])
    if (existsSync(file)) throw new CommandFailure(exitCode.no, `${file} exists already; name another.`);
  const { config } = openConfig(options);
  const at = openCommandClock(options)();
  const frame = { provider: config.provider.name, at, search: readSearch(options) };
  const counted = { entries: 0 };
  const requestedBy = options.requestedBy ?? `operator ${userInfo().username}`;
  const { content, signature } = await withStores(options, async (stores) => {
    const document = await collect(extractForms[format](frame, readEntries(stores, frame.search, counted)));
    const signature = await buildSignedData({
      content: document,
      contentDigest: createHash('sha256').update(document).digest(),
      signingTime: at,
      signer: openSigner(config),
    });
    const made = { ...frame, ...counted, requestedBy, format, document };
    await stores.db.transact((tx) => appendEvent(tx, buildExtractEvent(made), config.node));
    return { content: document, signature };
  });
  writeNewFiles([
    { file: out, content, mode: 0o600 },
    { file: signed, content: signature, mode: 0o600 },
  ]);
  terminal.print(`${out} and ${signed}: ${counted.entries} entries.`);
}

async function* readEntries(
  { db }: Stores,
  search: LogSearch,
  counted: { entries: number },
): AsyncGenerator<ExtractEntry> {
  for await (const logged of walkEvents((fn) => db.read(fn), search)) {
    if (++counted.entries > longestExtract.entries) throw tooLong();
    yield describeEntry(logged);
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > longestExtract.bytes) throw tooLong();
    held.push(chunk);
  }
  return concatBytes(held);
}

/** A document that left something out would prove nothing. */
function tooLong(): CommandFailure {
  const { entries } = longestExtract;
  return new CommandFailure(
    exitCode.no,
    `One document holds ${entries} entries at most, and here are more: narrow the period with --from and --to, and write several.`,
  );
}

function writePlace({ at, node, seq }: LogPlace): string {
  return `${at}/${node}/${seq}`;
}

function parsePlace(text: string): LogPlace {
  const [, at, node = '', seq] = /^(\d{1,15})\/([A-Za-z0-9]{1,16})\/(\d{1,15})$/.exec(text) ?? [];
  if (at === undefined) throw new InvalidArgumentError('Copy it from the page before: 1763719872000/n1/12.');
  return { at: Number(at), node, seq: Number(seq) };
}
