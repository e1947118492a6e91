/**
 * Autodiscover version 1 in its plain XML form ("POX", MS-OXDSCLI §2.2.3 and §3.1.5.4): the question that Outlook and
 * others post, and the answer with IMAP, POP3 and SMTP.
 */
import { escapeXml, unescapeXml } from '../xml.ts';
import { findServer, type MailProtocol, type MailProvider } from './mail-endpoints.ts';

const namespace = 'http://schemas.microsoft.com/exchange/autodiscover';
export const outlookSchema = `${namespace}/outlook/responseschema/2006a`;

export interface AutodiscoverQuestion {
  readonly address: string;
  /** The form of answer that is wanted; Outlook's when the question names none. */
  readonly schema: string;
}

/**
 * Two texts out of the question, whatever their namespace prefixes; no XML processor sees what strangers post.
 * Undefined when there is no address in it.
 */
export function readQuestion(xml: string): AutodiscoverQuestion | undefined {
  const address = readElement(xml, 'EMailAddress');
  if (address === undefined) return undefined;
  return { address, schema: readElement(xml, 'AcceptableResponseSchema') ?? outlookSchema };
}

function readElement(xml: string, name: string): string | undefined {
  const match = new RegExp(`<(?:[\\w.-]+:)?${name}(?:\\s[^<>]*)?>([^<]*)</`, 'i').exec(xml);
  return match?.[1] === undefined ? undefined : unescapeXml(match[1]).trim();
}

/** The answer for `address`, which is only repeated in it. */
export function buildAutodiscoverAnswer(provider: MailProvider, address: string): string {
  const protocols = (['imap', 'pop3', 'smtp'] as const).map((protocol) =>
    renderProtocol(provider, protocol, address),
  );
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<Autodiscover xmlns="${namespace}/responseschema/2006">`,
    `  <Response xmlns="${outlookSchema}">`,
    '    <User>',
    `      <DisplayName>${escapeXml(address)}</DisplayName>`,
    '    </User>',
    '    <Account>',
    '      <AccountType>email</AccountType>',
    '      <Action>settings</Action>',
    ...protocols.flat(),
    '    </Account>',
    '  </Response>',
    '</Autodiscover>',
    '',
  ].join('\n');
}

function renderProtocol(provider: MailProvider, protocol: MailProtocol, address: string): string[] {
  const server = findServer(provider, protocol);
  if (server === undefined) return [];
  const { port, security } = server;
  return [
    '      <Protocol>',
    `        <Type>${protocol.toUpperCase()}</Type>`,
    `        <Server>${escapeXml(provider.hostname)}</Server>`,
    `        <Port>${port}</Port>`,
    `        <LoginName>${escapeXml(address)}</LoginName>`,
    '        <DomainRequired>off</DomainRequired>',
    '        <SPA>off</SPA>',
    `        <SSL>${security === 'tls' ? 'on' : 'off'}</SSL>`,
    // Newer programs read this one and pass over SSL.
    `        <Encryption>${security === 'tls' ? 'SSL' : 'TLS'}</Encryption>`,
    '        <AuthRequired>on</AuthRequired>',
    ...(protocol === 'smtp'
      ? ['        <UsePOPAuth>off</UsePOPAuth>', '        <SMTPLast>off</SMTPLast>']
      : []),
    '      </Protocol>',
  ];
}

/** Errors of MS-OXDSCLI §2.2.3.1.1.2: 600 the question cannot be read, 601 the wanted form is not given. */
export function buildAutodiscoverError(code: 600 | 601): string {
  const message = code === 600 ? 'Invalid Request' : 'Provider is not available';
  return [
    '<?xml version="1.0" encoding="utf-8"?>',
    `<Autodiscover xmlns="${namespace}/responseschema/2006">`,
    '  <Response>',
    `    <Error Time="00:00:00.0000000" Id="0">`,
    `      <ErrorCode>${code}</ErrorCode>`,
    `      <Message>${message}</Message>`,
    '      <DebugData />',
    '    </Error>',
    '  </Response>',
    '</Autodiscover>',
    '',
  ].join('\n');
}
