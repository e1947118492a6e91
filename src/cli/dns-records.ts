/**
 * The DNS records of a domain of this provider, computed from the configuration: where its mail goes, where mail
 * programs find their servers (RFC 6186, RFC 8314 §5.1), and what other servers may believe (SPF, DKIM, DMARC).
 */
import type { Config, ListenName } from '../config/schema.ts';
import type { DkimRecord } from '../pki/dkim-key.ts';

export interface DnsRecord {
  /** Without a final dot. */
  readonly name: string;
  readonly type: 'MX' | 'SRV' | 'CNAME' | 'TXT';
  /** As in a zone file; host names end in a dot, a TXT value stands in one piece without quotes. */
  readonly value: string;
  /** What it is for. */
  readonly purpose: string;
}

export interface DnsQuestion {
  /** Lower case, A-labels. */
  readonly domain: string;
  readonly config: Pick<Config, 'provider' | 'listen'>;
  /** The provider's, when it has a key. */
  readonly dkim: DkimRecord | undefined;
}

/** Service names of RFC 6186 §3 and RFC 8314 §5.1, and the listener behind each. */
const services: readonly (readonly [service: string, listener: ListenName])[] = [
  ['_submissions', 'submissions'],
  ['_submission', 'submission'],
  ['_imaps', 'imaps'],
  ['_imap', 'imap'],
  ['_pop3s', 'pop3s'],
  ['_pop3', 'pop3'],
];

/** In the order in which a person would enter them. */
export function listDnsRecords(question: DnsQuestion): readonly DnsRecord[] {
  return [
    ...listMailRecords(question),
    ...listServices(question),
    ...listLookups(question),
    ...listSenders(question),
  ];
}

function listMailRecords({ domain, config }: DnsQuestion): DnsRecord[] {
  const value = `10 ${config.provider.hostname}.`;
  return [{ name: domain, type: 'MX', value, purpose: 'mail for the domain' }];
}

function listServices({ domain, config }: DnsQuestion): DnsRecord[] {
  return services.map(([service, listener]) => {
    const place = config.listen[listener];
    return {
      name: `${service}._tcp.${domain}`,
      type: 'SRV',
      // RFC 6186 §3.4: a target of "." says that there is no such service.
      value: place === null ? '0 0 0 .' : `0 1 ${place.port} ${config.provider.hostname}.`,
      purpose: place === null ? 'this service is off' : 'for mail programs',
    };
  });
}

/** Only with HTTPS is there somebody to ask. */
function listLookups({ domain, config }: DnsQuestion): DnsRecord[] {
  const { https } = config.listen;
  if (https === null) return [];
  const host = `${config.provider.hostname}.`;
  return [
    { name: `autoconfig.${domain}`, type: 'CNAME', value: host, purpose: 'Thunderbird and others' },
    { name: `autodiscover.${domain}`, type: 'CNAME', value: host, purpose: 'Outlook and others' },
    {
      name: `_autodiscover._tcp.${domain}`,
      type: 'SRV',
      value: `0 0 ${https.port} ${host}`,
      purpose: 'Outlook, when no certificate names autodiscover of the domain',
    },
  ];
}

/**
 * An envelope keeps the sender's address as its reverse path, so SPF concerns every domain; the From field and the DKIM
 * signature are the provider's own.
 */
function listSenders({ domain, config, dkim }: DnsQuestion): DnsRecord[] {
  const spf = `v=spf1 a:${config.provider.hostname} -all`;
  const records: DnsRecord[] = [{ name: domain, type: 'TXT', value: spf, purpose: 'SPF: who sends' }];
  if (domain === config.provider.domain && dkim !== undefined)
    records.push({ ...dkim, type: 'TXT', purpose: 'DKIM: the key of what is sent' });
  return [
    ...records,
    {
      name: `_dmarc.${domain}`,
      type: 'TXT',
      value: 'v=DMARC1; p=reject',
      purpose: 'DMARC: mail that is neither is forged',
    },
  ];
}
