/** Where mail programs find this provider, and for whom an answer is made. */
import { domainOf, isAddress, normalizeAddress } from '../../mime/address.ts';

/** Ports that are served; a service that is off has none. */
export interface MailPorts {
  readonly imaps?: number;
  readonly imap?: number;
  readonly pop3s?: number;
  readonly pop3?: number;
  readonly submissions?: number;
  readonly submission?: number;
}

export interface MailProvider {
  /** As it stands in receipts. */
  readonly name: string;
  /** The provider's own mail domain. */
  readonly domain: string;
  /** The name that TLS certificates show. */
  readonly hostname: string;
  readonly ports: MailPorts;
}

export type MailProtocol = 'imap' | 'pop3' | 'smtp';

export interface MailServer {
  readonly protocol: MailProtocol;
  readonly port: number;
  /** TLS from the first byte, or STARTTLS/STLS before anything else. */
  readonly security: 'tls' | 'starttls';
}

/** The servers in the order in which a program should take them: TLS from the start first (RFC 8314 §4.1). */
export function listServers({ ports }: MailProvider): readonly MailServer[] {
  const all: readonly (readonly [MailProtocol, MailServer['security'], number | undefined])[] = [
    ['imap', 'tls', ports.imaps],
    ['imap', 'starttls', ports.imap],
    ['pop3', 'tls', ports.pop3s],
    ['pop3', 'starttls', ports.pop3],
    ['smtp', 'tls', ports.submissions],
    ['smtp', 'starttls', ports.submission],
  ];
  return all.flatMap(([protocol, security, port]) =>
    port === undefined ? [] : [{ protocol, security, port }],
  );
}

/** The first server of the protocol. */
export function findServer(provider: MailProvider, protocol: MailProtocol): MailServer | undefined {
  return listServers(provider).find((server) => server.protocol === protocol);
}

export interface AskedAddress {
  readonly address: string;
  /** Lower case, A-labels. */
  readonly domain: string;
}

/** An address as somebody wrote it; undefined when it is none. */
export function readAddress(text: string): AskedAddress | undefined {
  const trimmed = text.trim();
  if (trimmed.length > 320 || !isAddress(trimmed)) return undefined;
  const address = normalizeAddress(trimmed);
  return { address, domain: domainOf(address) };
}
