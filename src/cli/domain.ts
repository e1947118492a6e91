/** `pec domain add|list|set|dkim|dns`: the domains this provider certifies mail for. */
import { Command, Option } from 'commander';
import type { Domain, DomainSettings } from '../accounts/domains.ts';
import { formatByteCount, parseByteCount } from './byte-count.ts';
import { type ConfigOptions, configOption } from './config-option.ts';
import { addDkimCommand } from './dkim.ts';
import { addDnsCommand } from './domain-dns.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import {
  jsonOption,
  type ListOptions,
  type OrdinaryMailChoice,
  orDefault,
  ordinaryMailOption,
  orNull,
  parseCount,
} from './options.ts';
import { withStores } from './stores.ts';
import { renderTable } from './table.ts';
import type { Terminal } from './terminal.ts';

interface SetOptions extends ConfigOptions {
  readonly suspend?: boolean;
  readonly resume?: boolean;
  readonly quota?: number | 'default';
  readonly maxMailboxes?: number | 'default';
  readonly ordinaryMail?: OrdinaryMailChoice;
  readonly certifiedOnly?: boolean;
  /** False: no closed group. */
  readonly closedGroup?: readonly string[] | false;
}

export function buildDomainCommand(terminal: Terminal): Command {
  const domain = new Command('domain').description('domains of this provider');
  domain
    .command('add <domain>')
    .description('start to certify mail of a domain')
    .addOption(configOption())
    .action(async (name: string, options: ConfigOptions) => {
      const added = await withStores(options, ({ accounts }) => accounts.addDomain(name));
      terminal.print(`${added.name} added.`);
    });
  domain
    .command('list')
    .description('all domains, by name')
    .addOption(jsonOption())
    .addOption(configOption())
    .action(async (options: ListOptions) => {
      const domains = await withStores(options, ({ accounts }) => accounts.listDomains());
      terminal.print(options.json === true ? JSON.stringify(domains, null, 2) : renderDomains(domains));
    });
  domain
    .command('set <domain>')
    .description('change a domain; what is not named stays as it is')
    .addOption(
      new Option('--suspend', 'its mailboxes may no longer send; they go on receiving').conflicts('resume'),
    )
    .option('--resume', 'its mailboxes may send again')
    .option('--quota <size|default>', 'size of its new mailboxes, e.g. 2G', orDefault(parseByteCount))
    .option('--max-mailboxes <number|default>', 'most mailboxes it may have', orDefault(parseCount))
    .addOption(ordinaryMailOption())
    .option('--certified-only', 'its mailboxes may write to certified recipients only')
    .option('--no-certified-only', 'they may write to anybody')
    .option(
      '--closed-group <domains>',
      'its mailboxes exchange mail with these domains only, e.g. a.it,b.it; name its own too if they may write to one another',
      (text) => text.split(',').filter((part) => part.trim() !== ''),
    )
    .option('--no-closed-group', 'no such limit')
    .addOption(configOption())
    .action(async (name: string, options: SetOptions) => {
      const settings = toSettings(options);
      if (Object.keys(settings).length === 0)
        throw new CommandFailure(
          exitCode.usage,
          'Nothing to change; pec domain set --help shows what can be.',
        );
      const changed = await withStores(options, ({ accounts }) => accounts.setDomain(name, settings));
      terminal.print(renderDomains([changed]));
    });
  addDkimCommand(domain, terminal);
  addDnsCommand(domain, terminal);
  return domain;
}

function toSettings(options: SetOptions): DomainSettings {
  const { quota, maxMailboxes, ordinaryMail, certifiedOnly, closedGroup } = options;
  return {
    ...(options.suspend === true ? { suspended: true } : {}),
    ...(options.resume === true ? { suspended: false } : {}),
    ...(quota === undefined ? {} : { defaultQuotaBytes: orNull(quota) }),
    ...(maxMailboxes === undefined ? {} : { maxMailboxes: orNull(maxMailboxes) }),
    ...(ordinaryMail === undefined ? {} : { ordinaryMail: orNull(ordinaryMail) }),
    ...(certifiedOnly === undefined ? {} : { certifiedOnly }),
    ...(closedGroup === undefined ? {} : { closedGroup: closedGroup === false ? null : closedGroup }),
  };
}

function renderDomains(domains: readonly Domain[]): string {
  const head = ['DOMAIN', 'SENDING', 'QUOTA', 'MAX MAILBOXES', 'ORDINARY MAIL', 'WRITES TO'];
  return renderTable(head, domains.map(renderRow));
}

function renderRow(domain: Domain): string[] {
  const { name, suspendedAt, defaultQuotaBytes, maxMailboxes, ordinaryMail } = domain;
  return [
    name,
    suspendedAt === undefined ? 'yes' : 'suspended',
    defaultQuotaBytes === undefined ? 'default' : formatByteCount(defaultQuotaBytes),
    maxMailboxes === undefined ? 'any number' : String(maxMailboxes),
    ordinaryMail ?? 'default',
    renderReach(domain),
  ];
}

function renderReach({ certifiedOnly, closedGroup }: Domain): string {
  if (closedGroup !== undefined) return closedGroup.join(', ');
  return certifiedOnly ? 'certified recipients' : 'anybody';
}
