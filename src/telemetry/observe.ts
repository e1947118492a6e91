/** Listening at seams: the same seam, with each use written and counted. What goes through is not touched. */
import { X509Certificate } from 'node:crypto';
import type { VirusScanner } from '../antivirus/scanner.ts';
import type { Signer } from '../keys/signer.ts';
import type { Relay } from '../relay/relay.ts';
import { reportCertificateLife, reportRelayResult, reportScan } from './events.ts';
import type { Log } from './log.ts';

export function observeScanner(scanner: VirusScanner, log: Log): VirusScanner {
  return {
    name: scanner.name,
    async scan(source) {
      try {
        const verdict = await scanner.scan(source);
        reportScan(
          log,
          verdict.infected ? { result: 'infected', virus: verdict.virus } : { result: 'clean' },
        );
        return verdict;
      } catch (error) {
        reportScan(log, { result: 'failed', err: error });
        throw error;
      }
    },
  };
}

export function observeRelay(relay: Relay, log: Log): Relay {
  return {
    async deliver(message, destination) {
      const results = await relay.deliver(message, destination);
      for (const { outcome, code, text } of results)
        reportRelayResult(log, { destination: destination.domain, outcome, code, text });
      return results;
    },
    close: () => relay.close(),
  };
}

const dayMs = 86_400_000;

/** Days left of the certificates in use: called at start and once a day. `tlsPem`: the certificate file's text. */
export function reportCertificates(log: Log, signer: Signer, tlsPem: string, now: number): void {
  const [own] = signer.chain;
  if (own !== undefined) reportOne(log, 'signing', new X509Certificate(own), now);
  reportOne(log, 'tls', new X509Certificate(tlsPem), now);
}

function reportOne(log: Log, use: 'signing' | 'tls', certificate: X509Certificate, now: number): void {
  const daysLeft = Math.floor((Date.parse(certificate.validTo) - now) / dayMs);
  reportCertificateLife(log, { use, subject: certificate.subject.replaceAll('\n', ', '), daysLeft });
}
