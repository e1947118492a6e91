/**
 * A configuration profile for iPhone, iPad and Mac (Apple's "com.apple.mail.managed" payload). It names servers and the
 * address and never a password: the device asks for it. The same address gives the same bytes, so that a profile
 * installed twice replaces itself.
 */
import { createHash } from 'node:crypto';
import { escapeXml } from '../xml.ts';
import { type AskedAddress, findServer, type MailProvider, type MailServer } from './mail-endpoints.ts';

/** Undefined when the provider serves neither IMAP nor POP3, or no submission. */
export function buildAppleProfile(provider: MailProvider, asked: AskedAddress): string | undefined {
  const incoming = findServer(provider, 'imap') ?? findServer(provider, 'pop3');
  const outgoing = findServer(provider, 'smtp');
  if (incoming === undefined || outgoing === undefined) return undefined;
  const identifier = `${reverse(provider.domain)}.mail.${digest(asked.address).slice(0, 16)}`;
  const title = `PEC ${asked.address}`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0">',
    '<dict>',
    '  <key>PayloadContent</key>',
    '  <array>',
    '    <dict>',
    ...renderAccount({ provider, asked, incoming, outgoing }),
    ...renderHead(`${identifier}.account`, 'com.apple.mail.managed', title),
    '    </dict>',
    '  </array>',
    ...text('PayloadOrganization', provider.name),
    ...text('PayloadDescription', `Casella ${asked.address} — mailbox ${asked.address}`),
    '  <key>PayloadRemovalDisallowed</key>',
    '  <false/>',
    ...renderHead(identifier, 'Configuration', title),
    '</dict>',
    '</plist>',
    '',
  ].join('\n');
}

interface Account {
  readonly provider: MailProvider;
  readonly asked: AskedAddress;
  readonly incoming: MailServer;
  readonly outgoing: MailServer;
}

function renderAccount({ provider, asked, incoming, outgoing }: Account): string[] {
  return [
    ...text('EmailAccountDescription', `PEC ${asked.address}`),
    ...text('EmailAccountType', incoming.protocol === 'imap' ? 'EmailTypeIMAP' : 'EmailTypePOP'),
    ...text('EmailAddress', asked.address),
    ...renderServer('IncomingMailServer', incoming, { provider, asked }),
    ...renderServer('OutgoingMailServer', outgoing, { provider, asked }),
    '  <key>OutgoingPasswordSameAsIncomingPassword</key>',
    '  <true/>',
  ];
}

function renderServer(
  prefix: 'IncomingMailServer' | 'OutgoingMailServer',
  { port }: MailServer,
  { provider, asked }: Pick<Account, 'provider' | 'asked'>,
): string[] {
  return [
    ...text(`${prefix}Authentication`, 'EmailAuthPassword'),
    ...text(`${prefix}HostName`, provider.hostname),
    `  <key>${prefix}PortNumber</key>`,
    `  <integer>${port}</integer>`,
    // With a STARTTLS port too: the device finds out which of the two it is.
    `  <key>${prefix}UseSSL</key>`,
    '  <true/>',
    ...text(`${prefix}Username`, asked.address),
  ];
}

function renderHead(identifier: string, type: string, title: string): string[] {
  return [
    ...text('PayloadDisplayName', title),
    ...text('PayloadIdentifier', identifier),
    ...text('PayloadType', type),
    ...text('PayloadUUID', makeUuid(identifier)),
    '  <key>PayloadVersion</key>',
    '  <integer>1</integer>',
  ];
}

function text(key: string, value: string): string[] {
  return [`  <key>${key}</key>`, `  <string>${escapeXml(value)}</string>`];
}

function digest(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}

/** A UUID of version 8 (RFC 9562 §5.8), from the identifier alone. */
function makeUuid(identifier: string): string {
  const hex = digest(identifier);
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 3) | 8).toString(16);
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ]
    .join('-')
    .toUpperCase();
}

function reverse(domain: string): string {
  return domain.split('.').reverse().join('.');
}
