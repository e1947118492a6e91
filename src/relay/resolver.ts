/**
 * Which hosts take a domain's mail: static routes first, else MX records by RFC 5321 §5.1. Names are looked up
 * at the configured DNS servers, or at the system's. Nothing is cached: DNS servers do that.
 */
import { promises as dns } from 'node:dns';
import { isIP } from 'node:net';
import { MailError } from '../lib/mail-error.ts';

export interface MailHost {
  /** Name, or IP address of a static route; TLS names are checked against it. */
  readonly host: string;
  readonly port: number;
  /** True for a static route: the name may stand in the hosts file only. */
  readonly byRoute: boolean;
}

export interface MailResolver {
  /**
   * The hosts to try, in order; at least one.
   * @throws {MailError} `permanent` when the domain cannot take mail, `temporary` when that cannot be told now.
   */
  findHosts(domain: string): Promise<readonly MailHost[]>;
  /** The addresses of a host, in the order to try; at least one. Throws as `findHosts` does. */
  findAddresses(host: MailHost): Promise<readonly string[]>;
}

export interface ResolverOptions {
  /** Domain → host and port, instead of its MX records. Domains in lower case. */
  readonly routes?: Readonly<Record<string, { readonly host: string; readonly port: number }>>;
  /** DNS servers, `address` or `address:port`; empty: the system's. */
  readonly servers?: readonly string[];
  /** Wait for one answer of one server, and how often each is asked. */
  readonly timeoutMs?: number;
  readonly tries?: number;
  /** Our own host names: an MX that is ourselves, and those after it, are no way (RFC 5321 §5.1). */
  readonly ownNames?: readonly string[];
  /** SMTP port of MX hosts; another one than 25 is of use in tests only. */
  readonly port?: number;
}

export function createResolver(options: ResolverOptions = {}): MailResolver {
  const resolver = new dns.Resolver({ timeout: options.timeoutMs ?? 5000, tries: options.tries ?? 3 });
  if (options.servers !== undefined && options.servers.length > 0) resolver.setServers(options.servers);
  const routes = new Map(Object.entries(options.routes ?? {}));
  const ownNames = new Set((options.ownNames ?? []).map(normalizeName));
  const port = options.port ?? 25;

  async function findHosts(domain: string): Promise<readonly MailHost[]> {
    const route = routes.get(normalizeName(domain));
    if (route !== undefined) return [{ ...route, byRoute: true }];
    const literal = addressLiteral(domain);
    if (literal !== undefined) return [{ host: literal, port, byRoute: false }];
    const names = orderExchanges(await lookUpExchanges(resolver, domain), domain, ownNames);
    return names.map((host) => ({ host, port, byRoute: false }));
  }

  async function findAddresses(host: MailHost): Promise<readonly string[]> {
    if (isIP(host.host) !== 0) return [host.host];
    return host.byRoute ? lookUpByHostsFile(host.host) : lookUpAddresses(resolver, host.host);
  }

  return { findHosts, findAddresses };
}

interface Exchange {
  readonly exchange: string;
  readonly priority: number;
}

/** The MX records, or the domain itself as its only exchange when there are none but the domain exists. */
async function lookUpExchanges(resolver: dns.Resolver, domain: string): Promise<readonly Exchange[]> {
  try {
    return await resolver.resolveMx(domain);
  } catch (error) {
    if (dnsCode(error) === 'ENODATA') return [{ exchange: domain, priority: 0 }];
    throw dnsError(error, domain);
  }
}

/** By preference, chance deciding among equals, cut off at ourselves. */
function orderExchanges(records: readonly Exchange[], domain: string, own: ReadonlySet<string>): string[] {
  const [only] = records;
  // RFC 7505: a single "." says that the domain takes no mail.
  if (records.length === 1 && only !== undefined && (only.exchange === '' || only.exchange === '.'))
    throw noWay('5.1.10', `The domain ${domain} takes no mail (null MX)`);
  const self = records.filter((record) => own.has(normalizeName(record.exchange)));
  const limit = Math.min(...self.map((record) => record.priority));
  const usable = records.filter((record) => record.priority < limit || self.length === 0);
  if (usable.length === 0)
    throw noWay('5.4.6', `The mail exchanger of ${domain} is this server, which does not know it`);
  return usable
    .map((record) => ({ ...record, chance: Math.random() }))
    .sort((a, b) => a.priority - b.priority || a.chance - b.chance)
    .map((record) => normalizeName(record.exchange));
}

async function lookUpAddresses(resolver: dns.Resolver, host: string): Promise<readonly string[]> {
  const answers = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (addresses.length > 0) return addresses;
  const reasons = answers.flatMap((answer) =>
    answer.status === 'rejected' ? [answer.reason as unknown] : [],
  );
  const unsure = reasons.find((reason) => !['ENOTFOUND', 'ENODATA'].includes(dnsCode(reason)));
  if (unsure !== undefined) throw dnsError(unsure, host);
  throw noWay('5.4.4', `The mail server ${host} has no address`);
}

async function lookUpByHostsFile(host: string): Promise<readonly string[]> {
  try {
    const found = await dns.lookup(host, { all: true, order: 'ipv4first' });
    return found.map(({ address }) => address);
  } catch (error) {
    // A route is set by the operator: a name that is missing today is an outage, not the sender's mistake.
    const text = `The address of ${host} cannot be found (${dnsCode(error)})`;
    throw new MailError('temporary', text, { code: 451, enhanced: '4.4.3' }, error);
  }
}

function dnsError(error: unknown, name: string): MailError {
  const code = dnsCode(error);
  if (code === 'ENOTFOUND') return noWay('5.1.2', `The domain ${name} does not exist`, error);
  if (code === 'ENODATA') return noWay('5.4.4', `${name} has no address`, error);
  if (code === 'EBADNAME') return noWay('5.1.2', `${name} is no domain name`, error);
  const text = `The DNS gives no answer about ${name} (${code})`;
  return new MailError('temporary', text, { code: 451, enhanced: '4.4.3' }, error);
}

function noWay(enhanced: string, text: string, cause?: unknown): MailError {
  return new MailError('permanent', text, { code: 550, enhanced }, cause);
}

function dnsCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}

function normalizeName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}

/** `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3). */
function addressLiteral(domain: string): string | undefined {
  const inner = /^\[(?:IPv6:)?([^\]]+)\]$/i.exec(domain)?.[1];
  return inner !== undefined && isIP(inner) !== 0 ? inner : undefined;
}
