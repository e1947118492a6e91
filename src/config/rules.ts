/** What must hold between settings. Each finding names the setting and says what to do about it. */
import { isIP } from 'node:net';
import type { z } from 'zod';

interface CheckedParts {
  provider: { domain: string; hostname: string };
  listen: Record<string, { address: string; port: number } | null>;
  antivirus: { kind: string };
  index: { kind: string; clientCertificate?: string | null; clientKey?: string | null };
  limits: { recipients: number; messageBytes: number; certifiedTotalBytes: number };
  timeStamp: { authorities: readonly AuthorityParts[]; leastStamps: number };
  sandbox: boolean;
}

interface AuthorityParts {
  kind: string;
  name: string;
  user?: string | null;
  passwordFile?: string | null;
}

type Report = (path: readonly string[], message: string) => void;

/** The least a provider must accept (DM 2 November 2005, annex §3.1.1; RFC 6109 §3.1.1). */
const LEAST_RECIPIENTS = 50;
const LEAST_TOTAL_BYTES = 30_000_000;

/** Zod's last step: runs only when every setting by itself is good. */
export function checkWholeConfig(config: CheckedParts, context: z.RefinementCtx<unknown>): void {
  const report: Report = (path, message) => context.addIssue({ code: 'custom', path: [...path], message });
  if (config.sandbox) checkSandbox(config, report);
  else checkRealProvider(config, report);
  checkListeners(config, report);
  checkAuthorities(config, report);
  if (config.index.kind === 'https' && !config.index.clientCertificate !== !config.index.clientKey)
    report(['index', 'clientKey'], 'give clientCertificate and clientKey together, or neither');
  if (config.limits.certifiedTotalBytes < config.limits.messageBytes && !config.sandbox)
    report(
      ['limits', 'messageBytes'],
      'must not be above limits.certifiedTotalBytes: no message of that size could be accepted',
    );
}

function checkSandbox(config: CheckedParts, report: Report): void {
  if (!config.provider.domain.endsWith('.test'))
    report(
      ['provider', 'domain'],
      'in a sandbox it must end in .test, so that nothing it makes passes for real',
    );
  for (const [name, place] of Object.entries(config.listen))
    if (place !== null && !isLoopback(place.address))
      report(['listen', name, 'address'], 'in a sandbox it must be a loopback address such as 127.0.0.1');
}

function checkRealProvider(config: CheckedParts, report: Report): void {
  if (config.antivirus.kind === 'eicar-only')
    report(
      ['antivirus', 'kind'],
      '"eicar-only" finds no virus and is for the sandbox; use "clamd" or "clamd-tcp"',
    );
  if (config.limits.recipients < LEAST_RECIPIENTS)
    report(['limits', 'recipients'], `a provider must accept ${LEAST_RECIPIENTS} recipients at least`);
  if (config.limits.certifiedTotalBytes < LEAST_TOTAL_BYTES)
    report(['limits', 'certifiedTotalBytes'], 'a provider must accept 30 MB (size × recipients) at least');
}

function checkAuthorities({ timeStamp, sandbox }: CheckedParts, report: Report): void {
  const { authorities, leastStamps } = timeStamp;
  const path = ['timeStamp', 'authorities'];
  if (!sandbox && authorities.some(({ kind }) => kind === 'local'))
    report(
      path,
      'a "local" authority proves nothing against its owner and is for the sandbox; use "rfc3161"',
    );
  if (new Set(authorities.map(({ name }) => name)).size < authorities.length)
    report(path, 'give each authority another name');
  if (authorities.some(({ user = null, passwordFile = null }) => (user === null) !== (passwordFile === null)))
    report(path, 'give user and passwordFile together, or neither');
  if (authorities.length > 0 && leastStamps > authorities.length)
    report(['timeStamp', 'leastStamps'], 'must not be above the number of authorities');
}

function checkListeners(config: CheckedParts, report: Report): void {
  const taken = new Map<string, string>();
  for (const [name, place] of Object.entries(config.listen)) {
    if (place === null) continue;
    if (place.port === 0) continue;
    const key = `${place.address} ${place.port}`;
    const other = taken.get(key);
    if (other !== undefined)
      report(['listen', name, 'port'], `listen.${other} has the same address and port`);
    taken.set(key, name);
  }
}

function isLoopback(address: string): boolean {
  return isIP(address) === 4 ? address.startsWith('127.') : address === '::1';
}
