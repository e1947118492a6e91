/**
 * The configuration file that Thunderbird and many others ask for (autoconfig, "clientConfig" version 1.1). It holds
 * placeholders instead of an address, so that nothing depends on a mailbox being there.
 */
import { escapeXml } from '../xml.ts';
import { listServers, type MailProvider, type MailServer } from './mail-endpoints.ts';

const socketTypes = { tls: 'SSL', starttls: 'STARTTLS' } as const;

/** UTF-8 XML for mail programs of `domain`. */
export function buildThunderbirdSettings(provider: MailProvider, domain: string): string {
  const servers = listServers(provider).map((server) => renderServer(provider, server));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<clientConfig version="1.1">',
    `  <emailProvider id="${escapeXml(provider.domain)}">`,
    `    <domain>${escapeXml(domain)}</domain>`,
    `    <displayName>${escapeXml(provider.name)}</displayName>`,
    `    <displayShortName>${escapeXml(provider.name)}</displayShortName>`,
    ...servers.flat(),
    '  </emailProvider>',
    '</clientConfig>',
    '',
  ].join('\n');
}

function renderServer({ hostname }: MailProvider, { protocol, port, security }: MailServer): string[] {
  const element = protocol === 'smtp' ? 'outgoingServer' : 'incomingServer';
  return [
    `    <${element} type="${protocol}">`,
    `      <hostname>${escapeXml(hostname)}</hostname>`,
    `      <port>${port}</port>`,
    `      <socketType>${socketTypes[security]}</socketType>`,
    '      <username>%EMAILADDRESS%</username>',
    '      <authentication>password-cleartext</authentication>',
    `    </${element}>`,
  ];
}
