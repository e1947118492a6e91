/** `pec domain dns`: every DNS record that a domain needs, ready for its zone. */
import type { Command } from 'commander';
import type { Config } from '../config/schema.ts';
import { readDkimSecret } from '../config/secrets.ts';
import { buildDkimRecord, type DkimRecord, formatZoneLine } from '../pki/dkim-key.ts';
import { type ConfigOptions, configOption, openConfig } from './config-option.ts';
import { type DnsRecord, listDnsRecords } from './dns-records.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { jsonOption, type ListOptions } from './options.ts';
import { withStores } from './stores.ts';
import type { Terminal } from './terminal.ts';

export function addDnsCommand(domain: Command, terminal: Terminal): void {
  domain
    .command('dns <domain>')
    .description('print the DNS records of a domain: mail, servers for mail programs, SPF, DKIM, DMARC')
    .addOption(jsonOption())
    .addOption(configOption())
    .action((name: string, options: ListOptions) => printRecords(terminal, name, options));
}

async function printRecords(terminal: Terminal, wanted: string, options: ListOptions): Promise<void> {
  const { config } = openConfig(options);
  const domain = await requireOwnDomain(wanted, options);
  const dkim = findDkimRecord(config);
  const records = listDnsRecords({ domain, config, dkim });
  terminal.print(options.json === true ? JSON.stringify(records, null, 2) : renderZone(records));
  for (const remark of listRemarks(config, domain, dkim)) terminal.remark(remark);
}

async function requireOwnDomain(wanted: string, options: ConfigOptions): Promise<string> {
  const found = await withStores(options, ({ accounts }) => accounts.findDomain(wanted));
  if (found === undefined)
    throw new CommandFailure(
      exitCode.no,
      `The domain ${wanted} is not one of ours; add it first with "pec domain add ${wanted}".`,
    );
  return found.name;
}

function findDkimRecord(config: Config): DkimRecord | undefined {
  const keyPem = readDkimSecret(config);
  if (config.dkim === null || keyPem === undefined) return undefined;
  return buildDkimRecord(keyPem, config.dkim.selector, config.provider.domain);
}

/** One comment above each group of records with the same purpose. */
function renderZone(records: readonly DnsRecord[]): string {
  return records
    .flatMap((record, index) => [
      ...(records[index - 1]?.purpose === record.purpose ? [] : [`; ${record.purpose}`]),
      renderRecord(record),
    ])
    .join('\n');
}

function renderRecord({ name, type, value }: DnsRecord): string {
  return type === 'TXT' ? formatZoneLine({ name, value }) : `${name}. IN ${type} ${value}`;
}

function listRemarks(config: Config, domain: string, dkim: DkimRecord | undefined): string[] {
  const { provider, listen, dkim: setting } = config;
  const remarks = [`Addresses (A, AAAA) of ${provider.hostname}, and their names (PTR), are yours to enter.`];
  if (setting === null) remarks.push('There is no DKIM key yet: "pec domain dkim" makes one.');
  else if (domain !== provider.domain)
    remarks.push(
      `DKIM: mail of ${domain} is signed as ${provider.domain}; its record is in that zone (${dkim?.name ?? ''}).`,
    );
  if (listen.https === null)
    remarks.push('listen.https is off, so mail programs are not told their settings over HTTPS.');
  else
    remarks.push(
      `For autoconfig.${domain} and autodiscover.${domain} the certificate ${config.tls.certificate} must name both.`,
    );
  return remarks;
}
