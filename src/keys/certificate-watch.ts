/** How long the provider's own certificates last: looked at when it starts and every day, so that none runs out unseen. */
import { X509Certificate } from 'node:crypto';
import { type Runner, startRunner } from '../lib/runner.ts';
import type { Clock } from '../lib/time.ts';

export interface OwnCertificate {
  readonly use: 'signing' | 'tls';
  /** DER, or PEM whose first certificate is meant. */
  readonly certificate: Uint8Array | string;
}

export interface CertificateLife {
  readonly use: OwnCertificate['use'];
  readonly subject: string;
  /** Whole days; below zero when it has expired. */
  readonly daysLeft: number;
}

export interface CertificateWatchOptions {
  /** Those in use now. */
  readonly list: () => readonly OwnCertificate[];
  readonly clock: Clock;
  readonly report: (life: CertificateLife) => void;
  readonly onError: (error: unknown) => void;
}

const dayMs = 86_400_000;

/** Reports each certificate at once, daily, and whenever it is woken. */
export function startCertificateWatch({ list, clock, report, onError }: CertificateWatchOptions): Runner {
  const round = async () => {
    for (const own of list()) report(measureLife(own, clock()));
    return dayMs;
  };
  return startRunner({ round, onError, longestSleepMs: dayMs });
}

/** @throws {Error} when the bytes are no certificate. */
export function measureLife({ use, certificate }: OwnCertificate, now: number): CertificateLife {
  const { subject, validToDate } = new X509Certificate(certificate);
  return {
    use,
    subject: subject.split('\n').join(', '),
    daysLeft: Math.floor((validToDate.getTime() - now) / dayMs),
  };
}
