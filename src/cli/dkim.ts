/** `pec domain dkim`: the key that signs mail for ordinary servers, and the DNS record that shows it is ours. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { type Command, Option } from 'commander';
import type { Config } from '../config/schema.ts';
import { buildDkimRecord, formatZoneLine, makeDkimKey } from '../pki/dkim-key.ts';
import { type ConfigOptions, configOption, openConfig } from './config-option.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { type NewFile, writeNewFiles } from './new-files.ts';
import { jsonOption } from './options.ts';
import type { Terminal } from './terminal.ts';

interface DkimOptions extends ConfigOptions {
  readonly selector?: string;
  readonly json?: boolean;
}

export function addDkimCommand(domain: Command, terminal: Terminal): void {
  domain
    .command('dkim')
    .description('print the DNS record of the DKIM key; makes the key when there is none')
    .argument('[domain]', "the provider's own domain: all it sends is from posta-certificata@ that domain")
    .addOption(new Option('--selector <name>', 'make a key under this name, to change keys without a gap'))
    .addOption(jsonOption())
    .addOption(configOption())
    .action((name: string | undefined, options: DkimOptions) => showRecord(terminal, name, options));
}

async function showRecord(
  terminal: Terminal,
  wanted: string | undefined,
  options: DkimOptions,
): Promise<void> {
  const { file, config } = openConfig(options);
  const { domain } = config.provider;
  if (wanted !== undefined && wanted.toLowerCase() !== domain)
    throw new CommandFailure(
      exitCode.no,
      `Mail leaves as posta-certificata@${domain}, for every domain of this provider: the key is for ${domain}.`,
    );
  const { selector, key } = choosePlace(config, dirname(file), options.selector);
  const isNew = !existsSync(key);
  if (isNew) writeNewFiles([{ file: key, content: await makeDkimKey(), mode: 0o600 }]);
  const record = buildDkimRecord(readFileSync(key, 'utf8'), selector, domain);
  if (options.json === true) terminal.print(JSON.stringify({ ...record, type: 'TXT' }, null, 2));
  else terminal.print(formatZoneLine(record));
  if (isNew) terminal.remark(`A new key was made: ${key}`);
  if (config.dkim?.selector === selector) return;
  const setting = { selector, key: relative(dirname(file), key) };
  terminal.remark(
    `Once the DNS shows the record, write into ${file} and restart the provider:\n  "dkim": ${JSON.stringify(setting)}`,
  );
}

/** The configured key, or one beside the configuration that the operator has yet to put into force. */
function choosePlace({ dkim }: Config, folder: string, selector: string | undefined) {
  if (dkim !== null && (selector === undefined || selector === dkim.selector)) return dkim;
  const name = (selector ?? 'pec').toLowerCase();
  if (!/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
    throw new CommandFailure(exitCode.usage, 'A selector is made of letters, digits and hyphens.');
  return { selector: name, key: join(folder, 'keys', `dkim-${name}.key`) };
}

/** What `pec init` makes: a key in force from the first start, and the record to publish. */
export async function planDkim(folder: string, domain: string) {
  const selector = 'pec';
  const keyPem = await makeDkimKey();
  const file: NewFile = { file: join(folder, 'keys', `dkim-${selector}.key`), content: keyPem, mode: 0o600 };
  return {
    files: [file],
    settings: { selector, key: `keys/dkim-${selector}.key` },
    remarks: [
      'For the DNS, so that ordinary servers know mail of this provider (pec domain dkim prints it again):',
      `  ${formatZoneLine(buildDkimRecord(keyPem, selector, domain))}`,
    ],
  };
}
