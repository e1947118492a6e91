/**
 * The origin check by the library mailauth. It is loaded when the first message asks for it: a provider that takes no
 * ordinary mail never does.
 */
import { promises as dns } from 'node:dns';
import { Readable } from 'node:stream';
import type { AuthenticateResult } from 'mailauth';
import type { OriginResult, OriginResults } from '../mime/authentication-results.ts';
import { findFields } from '../mime/header.ts';
import type { OriginCheck, OriginQuestion } from './origin-check.ts';

export interface MailauthOptions {
  /** Name of this server. */
  readonly hostname: string;
  /** DNS servers, `address` or `address:port`; empty: the system's. */
  readonly servers: readonly string[];
  /** Longest time for one message; 15 seconds unless told. */
  readonly timeoutMs?: number;
  /** Wait for one answer of one DNS server; 3 seconds unless told. */
  readonly dnsTimeoutMs?: number;
}

/** A message with more signatures than this has none that count: each can cost a hash of all its bytes. */
const mostSignatures = 10;

export function createMailauthCheck(options: MailauthOptions): OriginCheck {
  const { hostname, servers, timeoutMs = 15_000, dnsTimeoutMs = 3000 } = options;
  const resolver = new dns.Resolver({ timeout: dnsTimeoutMs, tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);

  const resolve = (name: string, type: string) => resolver.resolve(name, type) as Promise<string[][]>;

  async function ask(question: OriginQuestion, message: Readable): Promise<OriginResults> {
    const { authenticate, spf } = await import('mailauth');
    const { address: ip, helo, reversePath: sender } = question;
    const client = { ip, helo, sender, mta: hostname, resolver: resolve, strict: true };
    const signatures = findFields(question.header, 'DKIM-Signature').length;
    if (signatures > mostSignatures) return { ...overloaded, spf: toSpf(await spf(client)) };
    return toResults(await authenticate(message, { ...client, disableArc: true, disableBimi: true }));
  }

  return {
    check: async (question) => {
      const message = Readable.from(question.message, { objectMode: false });
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<OriginResults>((resolve) => {
        timer = setTimeout(() => resolve(unknown), timeoutMs);
      });
      try {
        return await Promise.race([ask(question, message), late]);
      } catch {
        return unknown;
      } finally {
        clearTimeout(timer);
        message.destroy();
      }
    },
  };
}

const temperror = { result: 'temperror', domain: '' };
const unknown: OriginResults = { spf: temperror, dkim: [], dmarc: { ...temperror, policy: '' } };

const overloaded: OriginResults = {
  ...unknown,
  dkim: [{ result: 'policy', domain: '', selector: '' }],
  dmarc: { result: 'permerror', domain: '', policy: '' },
};

function toSpf(spf: AuthenticateResult['spf']): OriginResult {
  return spf === false ? { result: 'none', domain: '' } : { result: spf.status.result, domain: spf.domain };
}

function toResults({ spf, dkim, dmarc }: AuthenticateResult): OriginResults {
  return {
    spf: toSpf(spf),
    dkim: dkim.results
      .filter(({ signingDomain }) => signingDomain !== undefined)
      .map(({ status, signingDomain = '', selector = '' }) => ({
        result: status.result,
        domain: signingDomain,
        selector,
      })),
    dmarc:
      dmarc === false
        ? { result: 'none', domain: '', policy: '' }
        : { result: dmarc.status.result, domain: dmarc.domain, policy: dmarc.policy },
  };
}
