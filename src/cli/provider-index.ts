/** `pec index show|refresh|check|publish`: the index of certified mail providers (indice dei gestori). */
import { renameSync, writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Config } from '../config/schema.ts';
import { isDomain, normalizeDomain } from '../mime/address.ts';
import { buildPublication, describeOwnProvider } from '../points/publication.ts';
import { IndexError } from '../provider-index/index-error.ts';
import type { ProviderIndex } from '../provider-index/provider-index.ts';
import { CertificateError } from '../smime/certificate.ts';
import { openIndex, openSigner, openStores, readPublication } from '../wire.ts';
import { type ConfigOptions, configOption, openConfig } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { jsonOption, type ListOptions } from './options.ts';
import { describeIndex, describeProvider, renderAnswer, renderIndex } from './provider-index-report.ts';
import type { Terminal } from './terminal.ts';

interface DayOptions extends ListOptions {
  readonly on?: string;
}

interface PublishOptions extends ConfigOptions {
  readonly out: string;
}

export function buildIndexCommand(terminal: Terminal): Command {
  const index = new Command('index').description(
    'the index of certified mail providers (indice dei gestori)',
  );
  index
    .command('show')
    .description('every provider in the copy in force, or in that of a day')
    .addOption(dayOption())
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: DayOptions) => {
      const { config } = openConfig(options);
      const shown = describeIndex(await findCopy(config, options.on));
      terminal.print(options.json === true ? JSON.stringify(shown, null, 2) : renderIndex(shown));
    });
  index
    .command('refresh')
    .description('fetch it now; the running provider takes it over within a minute')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((options: ListOptions) => refresh(options, terminal));
  index
    .command('check')
    .description('which provider manages a domain, now or on a day')
    .argument('<domain>', 'a domain, or an address in it', parseDomain)
    .addOption(dayOption())
    .addOption(jsonOption())
    .addOption(configOption())
    .action((domain: string, options: DayOptions) => check(domain, options, terminal));
  index
    .command('publish')
    .description('write what this provider publishes about itself, as signed LDIF (.ldif.p7m)')
    .requiredOption('--out <file>', 'where to; a file that is there is replaced whole')
    .addOption(configOption())
    .action((options: PublishOptions) => publish(options, terminal));
  return index;
}

async function refresh(options: ListOptions, terminal: Terminal): Promise<void> {
  const { config } = openConfig(options);
  const result = await (await openIndex(config, { clock: Date.now })).refresh();
  const { fetchedAt } = result;
  const when = fetchedAt === undefined ? undefined : new Date(fetchedAt).toISOString();
  if (options.json === true) terminal.print(JSON.stringify({ ...result, fetchedAt: when }, null, 2));
  if (result.outcome === 'kept') {
    const kept = when === undefined ? 'There is no copy at all.' : `The copy of ${when} stays in force.`;
    throw new CommandFailure(exitCode.unavailable, `No new index: ${result.reason}. ${kept}`);
  }
  if (options.json === true) return;
  for (const warning of result.warnings) terminal.remark(warning);
  const { providers, domains, changed } = result;
  terminal.print(
    `${changed ? 'A new index is in force' : 'The index has not changed'}: ${providers} records, ${domains} domains.`,
  );
}

async function check(domain: string, options: DayOptions, terminal: Terminal): Promise<void> {
  const { config } = openConfig(options);
  const index = await findCopy(config, options.on);
  const provider = index.providerOf(domain);
  const found = provider === undefined ? undefined : describeProvider(provider);
  if (options.json === true) terminal.print(JSON.stringify({ domain, provider: found ?? null }, null, 2));
  else if (found !== undefined) terminal.print(renderAnswer(domain, found));
  if (found === undefined)
    throw new CommandFailure(
      exitCode.no,
      options.json === true
        ? ''
        : `${domain} is managed by no provider ${options.on === undefined ? 'now' : `on ${options.on}`}.`,
    );
}

/** The copy in force now, or on a day. @throws {CommandFailure} when there is none. */
async function findCopy(config: Config, day: string | undefined): Promise<ProviderIndex> {
  const index = await openIndex(config, { clock: Date.now });
  if (day !== undefined) {
    const copy = await index.asOf(day);
    if (copy !== undefined) return copy;
    throw new CommandFailure(exitCode.unavailable, `There is no copy of the index from ${day} or before.`);
  }
  // A file is at hand: what it says now is the answer, also before the provider has ever run.
  if (config.index.kind === 'file') await index.refresh();
  const current = index.current();
  if (current.fetchedAt !== undefined) return current;
  throw new CommandFailure(
    exitCode.unavailable,
    'There is no good copy of the index yet; pec index refresh says why.',
  );
}

async function publish(options: PublishOptions, terminal: Terminal): Promise<void> {
  const { config } = openConfig(options);
  const signing = openSigner(config);
  const index = (await openIndex(config, { clock: Date.now })).current();
  const stores = await openStores(config);
  try {
    const publication = await readPublication(config, stores, { signing, index });
    const bytes = await buildPublication(publication, Date.now());
    const temporary = `${options.out}.new`;
    writeFileSync(temporary, bytes, { mode: 0o644 });
    renameSync(temporary, options.out);
    for (const { unit, managedDomains, certificates } of describeOwnProvider(publication))
      terminal.print(
        `${unit ?? config.provider.name}: ${managedDomains.length} domains, ${certificates.length} certificates`,
      );
  } catch (error) {
    if (error instanceof IndexError || error instanceof CertificateError)
      throw new CommandFailure(exitCode.config, `Nothing was written: ${error.message}.`, error);
    throw error;
  } finally {
    await stores.close();
  }
}

function dayOption(): Option {
  return new Option('--on <date>', 'the day (YYYY-MM-DD, UTC) instead of now').argParser(parseDay);
}

/** @throws {InvalidArgumentError} when it is no day. */
function parseDay(text: string): string {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
  if (at === undefined || Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== text)
    throw new InvalidArgumentError('Write a day such as 2026-11-21.');
  return text;
}

/** @throws {InvalidArgumentError} when it is no domain. */
function parseDomain(text: string): string {
  const domain = normalizeDomain(text.slice(text.lastIndexOf('@') + 1));
  if (!isDomain(domain)) throw new InvalidArgumentError('Write a domain such as example.it.');
  return domain;
}
