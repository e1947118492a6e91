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
