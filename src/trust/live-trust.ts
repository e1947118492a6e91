/**
 * Whom the running provider believes: the configured authorities, parsed once, with revocation lists and OCSP
 * answers that are kept current in the background. No message waits for the network, and none is judged by a
 * file read anew.
 */
import { type Runner, startRunner } from '../lib/runner.ts';
import type { Clock } from '../lib/time.ts';
import { type Certificate, readCertificate } from '../smime/certificate.ts';
import type { CertificateStatus } from '../smime/ocsp.ts';
import type { RevocationList } from '../smime/revocation-list.ts';
import { parseTrust, type Trust } from '../smime/trust.ts';
import type { KeptFiles } from './kept-files.ts';
import { listCrlSources, listOcspSources } from './revocation-sources.ts';
import { createStatusKeeper, type KeeperEvent } from './status-keeper.ts';
import type { WebClient } from './web-client.ts';

export type RevocationEvent = KeeperEvent & { readonly kind: 'crl' | 'ocsp' };

export interface LiveTrustOptions {
  /** Authorities in DER, the configured ones and the issuers of our own certificate; asked at each reload. */
  readonly readAuthorities: () => {
    readonly anchors: readonly Uint8Array[];
    readonly intermediates: readonly Uint8Array[];
  };
  /** Certificates of the providers in the index, DER; asked often, so the same array while nothing changed. */
  readonly listCertificates: () => readonly Uint8Array[];
  readonly web: WebClient;
  readonly crlFiles: KeptFiles;
  readonly ocspFiles: KeptFiles;
  readonly clock: Clock;
  /** False: lists are neither fetched nor used. */
  readonly useCrl: boolean;
  readonly useOcsp: boolean;
  /** Oldest fetch that counts as fresh. */
  readonly maxAgeMs: number;
  readonly isAllowed: (url: string) => boolean;
  readonly report: (event: RevocationEvent) => void;
}

export interface LiveTrust {
  /** The same object until something changed. */
  current(): Trust;
  /** Takes what earlier runs left on disk. */
  load(): Promise<void>;
  /** Reads the authorities again. @throws what `readAuthorities` and `parseTrust` throw; all stays as it was then. */
  reload(): void;
  /** Fetches what is due now; resolves with the time of the next one due. */
  refresh(): Promise<number | undefined>;
  start(onError: (error: unknown) => void): Runner;
}

/** Within it a new index is noticed. */
const longestSleepMs = 60_000;

/** @throws what `readAuthorities` and `parseTrust` throw. */
export function openLiveTrust(options: LiveTrustOptions): LiveTrust {
  const keeperOptions = { clock: options.clock, maxAgeMs: options.maxAgeMs };
  const lists = createStatusKeeper<RevocationList>({
    ...keeperOptions,
    files: options.crlFiles,
    report: (event) => options.report({ kind: 'crl', ...event }),
  });
  const statuses = createStatusKeeper<CertificateStatus>({
    ...keeperOptions,
    files: options.ocspFiles,
    report: (event) => options.report({ kind: 'ocsp', ...event }),
  });
  let authorities = parseTrust(options.readAuthorities());
  let sourcesOf: readonly unknown[] = [];
  let built: { readonly from: readonly unknown[]; readonly trust: Trust } | undefined;

  function current(): Trust {
    const from = [authorities, lists.current(), statuses.current()];
    if (built === undefined || from.some((part, index) => part !== built?.from[index])) {
      const trust = {
        ...authorities,
        revocationLists: [...lists.current().values()],
        statuses: statuses.current(),
      };
      built = { from, trust };
    }
    return built.trust;
  }

  /** Sources follow the index and the authorities. */
  async function load(): Promise<void> {
    const listed = options.listCertificates();
    if (sourcesOf[0] === authorities && sourcesOf[1] === listed) return;
    const leaves = listed.flatMap((der) => readCertificate(der) ?? []);
    const { anchors, intermediates } = authorities;
    const sources = {
      certificates: withoutTwins([...leaves, ...intermediates]),
      authorities: [...anchors, ...intermediates],
      web: options.web,
      isAllowed: options.isAllowed,
    };
    await lists.use(options.useCrl ? listCrlSources(sources) : []);
    await statuses.use(options.useOcsp ? listOcspSources(sources) : []);
    sourcesOf = [authorities, listed];
  }

  async function refresh(): Promise<number | undefined> {
    await load();
    const next = await Promise.all([lists.refresh(), statuses.refresh()]);
    const times = next.filter((at) => at !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  const round = async () => {
    const next = await refresh();
    return next === undefined ? undefined : next - options.clock();
  };

  return {
    current,
    load,
    reload: () => {
      authorities = parseTrust(options.readAuthorities());
    },
    refresh,
    start: (onError) => startRunner({ round, onError, longestSleepMs }),
  };
}

function withoutTwins(certificates: readonly Certificate[]): Certificate[] {
  const byBytes = new Map(certificates.map((each) => [Buffer.from(each.der).toString('latin1'), each]));
  return [...byBytes.values()];
}
