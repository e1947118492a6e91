/** `pec log verify`: is the message log what was written, live or in a backup? */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { listDomains } from '../accounts/domains.ts';
import type { Database } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { openSegments } from '../log-keeping.ts';
import { findLastSeal, listStreams } from '../message-log/seal/seal-rows.ts';
import { readHeader } from '../message-log/seal/segment-line.ts';
import type { LogTrust } from '../message-log/verify/check-seal.ts';
import type { LogFinding } from '../message-log/verify/findings.ts';
import { type LogReport, type StreamSummary, verifyLog } from '../message-log/verify/verify-log.ts';
import { databaseFile, openDatabaseCopy, openStores } from '../wire.ts';
import { openCommandClock } from './command-clock.ts';
import { type ConfigOptions, configOption } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { loadLogTrust } from './log-trust.ts';
import { jsonOption } from './options.ts';
import type { Terminal } from './terminal.ts';

interface VerifyOptions extends ConfigOptions {
  readonly full?: boolean;
  readonly json?: boolean;
  readonly data?: string;
  readonly anchors?: readonly string[];
}

export function addLogVerification(log: Command, terminal: Terminal): void {
  log
    .command('verify')
    .description(
      'check chain, seals, signatures, time stamps and files, and name the very entry that is wrong',
    )
    .option('--full', 'read every entry, every file and every message, and check their coherence')
    .option('--data <folder>', 'a copy of the data folder, a backup; it is not changed')
    .option(
      '--anchors <file...>',
      "certificates (PEM) of the authorities to believe (else the configuration's)",
    )
    .addOption(jsonOption())
    .addOption(configOption())
    .action((options: VerifyOptions) => verify(terminal, options));
}

async function verify(terminal: Terminal, options: VerifyOptions): Promise<void> {
  const { config, trust } = loadLogTrust(options);
  const folder = options.data === undefined ? config?.dataFolder : resolve(options.data);
  if (folder === undefined)
    throw new CommandFailure(exitCode.usage, 'Which log? Give --config FILE, or --data FOLDER of a copy.');
  const now = openCommandClock(options)();
  const report = await withDatabase(options, folder, (db) =>
    runVerification({ db, folder, trust, full: options.full === true, provider: config?.provider.name, now }),
  );
  terminal.print(options.json === true ? JSON.stringify(report, null, 2) : renderReport(report));
  if (!report.ok) throw new CommandFailure(exitCode.no, '');
}

/** A copy is opened so that nothing of it changes; the provider's own store as by every command. */
async function withDatabase<T>(
  options: VerifyOptions,
  folder: string,
  use: (db: Database) => Promise<T>,
): Promise<T> {
  const file = databaseFile(folder);
  if (!existsSync(file))
    throw new CommandFailure(exitCode.usage, `There is no message log in ${folder}: ${file} is missing.`);
  const { config } = loadLogTrust(options);
  const stores =
    options.data === undefined && config !== undefined
      ? await openStores(config)
      : { db: openDatabaseCopy(file) };
  try {
    return await use(stores.db);
  } finally {
    await stores.db.close();
  }
}

interface Verification {
  readonly db: Database;
  readonly folder: string;
  readonly trust: LogTrust;
  readonly full: boolean;
  readonly provider: string | undefined;
  readonly now: Instant;
}

async function runVerification({ db, folder, trust, full, provider, now }: Verification): Promise<LogReport> {
  const domains = new Set((await db.read((tx) => listDomains(tx))).map(({ name }) => name));
  return verifyLog({
    db,
    archive: openSegments(folder),
    trust,
    full,
    now,
    provider: provider ?? (await readProviderName(db)),
    isOurDomain: (domain) => domains.has(domain),
  });
}

/** Whose log it is, as the log itself says. */
async function readProviderName(db: Database): Promise<string> {
  const headers = await db.read(async (tx) => {
    const [node] = await listStreams(tx);
    return node === undefined ? undefined : findLastSeal(tx, node);
  });
  return readHeader(headers?.header ?? '')?.provider.name ?? '';
}

function renderReport({ ok, full, streams, messages, findings, found, open }: LogReport): string {
  const lines = streams.map(renderStream);
  if (streams.length === 0) lines.push('The message log is empty.');
  if (full) lines.push(`${messages} messages were judged by the rules of coherence.`);
  lines.push(...open.map((finding) => `waits  ${renderFinding(finding)}`));
  lines.push(...findings.map((finding) => `WRONG  ${renderFinding(finding)}`));
  if (found > findings.length) lines.push(`… and ${found - findings.length} more.`);
  if (!ok) lines.push(`The message log is not what was written: ${found} findings.`);
  else if (full) lines.push('Everything is as it was written.');
  else lines.push('Nothing wrong was found; --full reads every entry.');
  return lines.join('\n');
}

function renderStream(stream: StreamSummary): string {
  const { node, lastSeq, removedThrough, seals, stamps, sealedThrough, entriesRead } = stream;
  const gone = removedThrough === 0 ? '' : ` (up to ${removedThrough} let go for their age)`;
  return (
    `${node}: ${lastSeq} entries${gone}, ${seals} seals with ${stamps} time stamps up to entry ${sealedThrough}; ` +
    `${entriesRead} entries read.`
  );
}

function renderFinding({ node, seq, seal, file, identificativo, text }: LogFinding): string {
  const places = [
    ...(seq === undefined ? [] : [`entry ${node}/${seq}`]),
    ...(seal === undefined ? [] : [`seal ${node}/${seal}`]),
    ...(file === undefined ? [] : [file]),
    ...(identificativo === undefined ? [] : [identificativo]),
  ];
  return `${places.join(', ')}: ${text}`;
}
