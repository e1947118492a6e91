/** Listening at seams: the same seam, with each use written and counted. What goes through is not touched. */
import type { VirusScanner } from '../antivirus/scanner.ts';
import type { Relay } from '../relay/relay.ts';
import { reportRelayResult, reportScan } from './events.ts';
import type { Log } from './log.ts';

export function observeScanner(scanner: VirusScanner, log: Log): VirusScanner {
  return {
    get name() {
      return scanner.name; // clamd says its version when it was asked first
    },
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
