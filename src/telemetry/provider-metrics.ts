/** The metrics of a provider, each made once. docs/operations.md lists them. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Counter, createMetricsRegistry, type Gauge, type MetricsRegistry } from './metrics.ts';

export interface ProviderMetrics {
  /** Labels: `protocol`. */
  readonly sessionsOpen: Gauge;
  /** Labels: `protocol`. */
  readonly sessions: Counter;
  /** Labels: `protocol`. */
  readonly turnedAway: Counter;
  /** Labels: `protocol`, `result` (`ok`, `credentials`, `locked`, `unavailable`). */
  readonly logins: Counter;
  /** Labels: `protocol`. */
  readonly received: Counter;
  /** Labels: `protocol`, `at` (the command), `code`. */
  readonly refusals: Counter;
  /** Labels: `result` (`clean`, `infected`, `failed`). */
  readonly scans: Counter;
  /** Labels: `outcome` (`delivered`, `temporary`, `permanent`). */
  readonly relayResults: Counter;
  /** Labels: `use` (`signing`, `tls`). */
  readonly certificateDaysLeft: Gauge;
  /** Seconds since 1970: when the provider index in force was fetched. */
  readonly indexFetchedAt: Gauge;
  readonly indexProviders: Gauge;
  /** Labels: `kind` (`crl`, `ocsp`), `outcome` (`fetched`, `kept`). */
  readonly revocationFetches: Counter;
  /** Seconds that our clock is behind the NTP servers. */
  readonly clockOffset: Gauge;
  /** 1 while the clock counts as right, 0 while certification stands still for it. */
  readonly clockRight: Gauge;
  /** Segments of the message log that lack a seal or a stamp. */
  readonly logOpenSegments: Gauge;
  readonly logSealedAt: Gauge;
  /** Labels: `authority`. */
  readonly stampsMissed: Counter;
  /** Labels: `where`. Anything above zero is a bug or a broken machine. */
  readonly failures: Counter;
  /** All of them in Prometheus' text format. */
  render(): string;
}

export function createProviderMetrics(registry: MetricsRegistry = createMetricsRegistry()): ProviderMetrics {
  return {
    sessionsOpen: registry.gauge('pec_sessions_open', 'Sessions open now.'),
    sessions: registry.counter('pec_sessions_total', 'Sessions opened.'),
    turnedAway: registry.counter('pec_connections_turned_away_total', 'Connections refused for a limit.'),
    logins: registry.counter('pec_logins_total', 'Logins tried.'),
    received: registry.counter('pec_messages_received_total', 'Messages answered with 250.'),
    refusals: registry.counter('pec_refusals_total', 'Commands and messages refused in the SMTP dialogue.'),
    scans: registry.counter('pec_scans_total', 'Messages given to the virus scanner.'),
    relayResults: registry.counter('pec_relay_results_total', 'Results of handing over, one per recipient.'),
    certificateDaysLeft: registry.gauge('pec_certificate_days_left', 'Days until a certificate expires.'),
    indexFetchedAt: registry.gauge(
      'pec_index_fetched_timestamp_seconds',
      'When the provider index in force was fetched.',
    ),
    indexProviders: registry.gauge('pec_index_providers', 'Records in the provider index in force.'),
    revocationFetches: registry.counter(
      'pec_revocation_fetches_total',
      'Revocation lists and OCSP answers fetched, or kept because none could be had.',
    ),
    clockOffset: registry.gauge('pec_clock_offset_seconds', 'How far our clock is behind the NTP servers.'),
    clockRight: registry.gauge('pec_clock_right', '1 while the clock counts as right, else 0.'),
    logOpenSegments: registry.gauge(
      'pec_log_open_segments',
      'Segments of the message log that lack a seal or a time stamp.',
    ),
    logSealedAt: registry.gauge(
      'pec_log_sealed_timestamp_seconds',
      'When a segment of the message log was sealed last.',
    ),
    stampsMissed: registry.counter(
      'pec_time_stamps_missed_total',
      'Times that a time-stamp authority gave no stamp.',
    ),
    failures: registry.counter('pec_failures_total', 'Failures nobody expected; the log has the stack.'),
    render: registry.render,
  };
}

/** Memory, processor and event loop of this process, by the names that Prometheus' own clients use. */
export function addProcessMetrics(registry: MetricsRegistry): void {
  const memory = registry.gauge('process_resident_memory_bytes', 'Resident memory size in bytes.');
  const cpu = registry.gauge('process_cpu_seconds_total', 'User and system CPU time spent in seconds.');
  const lag = registry.gauge(
    'nodejs_eventloop_lag_p99_seconds',
    '99th percentile of event loop delay since the last reading.',
  );
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  registry.beforeRender(() => {
    const { user, system } = process.cpuUsage();
    memory.set(process.memoryUsage.rss());
    cpu.set((user + system) / 1e6);
    lag.set(delay.percentile(99) / 1e9);
    delay.reset();
  });
}
