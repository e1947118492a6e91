/** `pec init`: from a few answers to a commented configuration with its keys. Never overwrites anything. */
import { dirname } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { ConfigError } from '../config/config-error.ts';
import { parseConfig } from '../config/load.ts';
import { locateConfig } from '../config/locate.ts';
import { renderConfigFile } from '../config/render.ts';
import type { ConfigInput } from '../config/schema.ts';
import { type ConfigOptions, configOption } from './config-option.ts';
import { planDkim } from './dkim.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { planDevelopmentKeys, planPkcs12, type SetupPlan } from './init-keys.ts';
import { type NewFile, writeNewFiles } from './new-files.ts';
import type { Terminal } from './terminal.ts';

interface InitOptions extends ConfigOptions {
  readonly name?: string;
  readonly domain?: string;
  readonly hostname?: string;
  readonly data?: string;
  readonly developmentKeys?: boolean;
  readonly pkcs12?: string;
  readonly pkcs12PasswordFile?: string;
  readonly trust?: readonly string[];
  readonly index?: string;
  readonly tlsCertificate?: string;
  readonly tlsKey?: string;
  readonly clamd?: ConfigInput['antivirus'];
}

export function buildInitCommand(terminal: Terminal): Command {
  return new Command('init')
    .description('write a commented configuration with its keys; asks for what no option says')
    .option('--name <text>', 'name of the provider, as it stands in every receipt')
    .option('--domain <domain>', "the provider's own mail domain")
    .option('--hostname <host>', 'name of this server for mail programs and other servers')
    .option('--data <folder>', 'folder of database and messages', 'data')
    .addOption(
      new Option('--development-keys', 'make keys of an authority of its own, which nobody trusts').conflicts(
        'pkcs12',
      ),
    )
    .option('--pkcs12 <file>', "the provider's signing key with its certificates")
    .option('--pkcs12-password-file <file>', 'file with its password (else asked)')
    .option(
      '--trust <file...>',
      'with --pkcs12: certificates (PEM) of the authorities that certify providers',
    )
    .option(
      '--index <file|url>',
      'with --pkcs12: the provider index (else one with this provider alone is made)',
    )
    .option(
      '--tls-certificate <file>',
      'certificate (PEM) of the host name (else one for development is made)',
    )
    .option('--tls-key <file>', 'its key (PEM)')
    .option('--clamd <socket|host:port>', 'where the virus scanner listens', parseClamd)
    .addOption(configOption())
    .action((options: InitOptions) => initialize(options, terminal));
}

async function initialize(options: InitOptions, terminal: Terminal): Promise<void> {
  const configFile = locateConfig(options.config);
  const provider = await askProvider(options, terminal);
  const folder = dirname(configFile);
  const plan = await planKeys({ options, provider, folder, terminal });
  const dkim = await planDkim(folder, provider.domain);
  const values: ConfigInput = {
    provider,
    ...(options.data === undefined ? {} : { dataFolder: options.data }),
    ...plan.settings,
    dkim: dkim.settings,
    ...(options.clamd === undefined ? {} : { antivirus: options.clamd }),
  };
  checkValues(values, configFile);
  const config: NewFile = { file: configFile, content: renderConfigFile(values), mode: 0o600 };
  writeNewFiles([...plan.files, ...dkim.files, config]);
  for (const line of [...plan.remarks, ...dkim.remarks, ...nextSteps(configFile, provider.domain)])
    terminal.print(line);
}

interface Provider {
  readonly name: string;
  readonly domain: string;
  readonly hostname: string;
}

async function askProvider(options: InitOptions, terminal: Terminal): Promise<Provider> {
  const name = options.name ?? (await askFor(terminal, '--name', 'Name of the provider'));
  const domain = options.domain ?? (await askFor(terminal, '--domain', "The provider's own mail domain"));
  const hostname = options.hostname ?? (await askFor(terminal, '--hostname', 'Host name', `mail.${domain}`));
  return { name, domain, hostname };
}

async function askFor(
  terminal: Terminal,
  option: string,
  question: string,
  preset?: string,
): Promise<string> {
  if (!terminal.interactive)
    throw new CommandFailure(
      exitCode.usage,
      `No terminal to ask at: give ${option} (pec init --help shows all).`,
    );
  return terminal.ask(question, preset);
}

interface KeyQuestion {
  readonly options: InitOptions;
  readonly provider: Provider;
  readonly folder: string;
  readonly terminal: Terminal;
}

async function planKeys({ options, provider, folder, terminal }: KeyQuestion): Promise<SetupPlan> {
  const { tlsCertificate, tlsKey } = options;
  if ((tlsCertificate === undefined) !== (tlsKey === undefined))
    throw new CommandFailure(exitCode.usage, 'Give --tls-certificate and --tls-key together.');
  const tls =
    tlsCertificate === undefined || tlsKey === undefined
      ? undefined
      : { certificate: tlsCertificate, key: tlsKey };
  const file = options.developmentKeys === true ? '' : (options.pkcs12 ?? (await askForPkcs12(terminal)));
  if (file === '') return planDevelopmentKeys({ ...provider, folder, tls });
  const { trust, index, pkcs12PasswordFile: passwordFile } = options;
  if (trust === undefined)
    throw new CommandFailure(
      exitCode.usage,
      'With a PKCS#12 file also give --trust: whom to believe when a signature arrives.',
    );
  return planPkcs12({ ...provider, folder, tls, file, trust, index, passwordFile }, terminal);
}

function askForPkcs12(terminal: Terminal): Promise<string> {
  return askFor(
    terminal,
    '--development-keys or --pkcs12',
    'PKCS#12 file with the signing key (empty: make development keys)',
  );
}

/** The same check as when the file is loaded, before anything is written. */
function checkValues(values: ConfigInput, configFile: string): void {
  try {
    parseConfig(values, configFile);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const problems = error.problems.map(({ path, text }) => `  ${path}: ${text}`);
    throw new CommandFailure(exitCode.usage, ['Nothing was written:', ...problems].join('\n'), error);
  }
}

function parseClamd(text: string): ConfigInput['antivirus'] {
  if (text.startsWith('/')) return { kind: 'clamd', socket: text };
  const match = /^(.+):(\d{1,5})$/.exec(text);
  if (match === null) throw new InvalidArgumentError('Write the path of a socket, or HOST:PORT.');
  return { kind: 'clamd-tcp', host: match[1] ?? '', port: Number(match[2]) };
}

function nextSteps(configFile: string, domain: string): readonly string[] {
  const option = `--config ${configFile}`;
  return [
    '',
    `Written: ${configFile}. Next:`,
    `  pec config check ${option}`,
    `  pec domain add ${domain} ${option}`,
    `  pec mailbox add NAME@${domain} ${option}`,
    `  pec serve ${option}`,
  ];
}
