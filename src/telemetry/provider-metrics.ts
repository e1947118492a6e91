/** The metrics of a provider, each made once. docs/operations.md lists them. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import {
  type Counter,
  createMetricsRegistry,
  type Gauge,
  type Histogram,
  type MetricsRegistry,
} from './metrics.ts';

export interface ProviderMetrics {
  /** Labels: `protocol`. */
  readonly sessionsOpen: Gauge;
  /** Labels: `protocol`. */
  readonly sessions: Counter;
  /** Labels: `protocol`, `result` (`ok`, `failed`). */
  readonly logins: Counter;
  /** Labels: `kind`, a wire value of X-Ricevuta or X-Trasporto. */
  readonly messages: Counter;
  /** Labels: `code`, the SMTP reply. */
  readonly refusals: Counter;
  /** From end of DATA to 250. */
  readonly acceptanceSeconds: Histogram;
  /** Labels: `result` (`clean`, `infected`, `failed`). */
  readonly scans: Counter;
  /** Labels: `outcome` (`delivered`, `temporary`, `permanent`). */
  readonly relayResults: Counter;
  /** Labels: `state`. */
  readonly queued: Gauge;
  /** Labels: `use` (`signing`, `tls`). */
  readonly certificateDaysLeft: Gauge;
  /** Labels: `where`. Anything above zero is a bug or a broken machine. */
  readonly failures: Counter;
  /** All of them in Prometheus' text format. */
  render(): string;
}

const LATENCY_BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function createProviderMetrics(registry: MetricsRegistry = createMetricsRegistry()): ProviderMetrics {
  return {
    sessionsOpen: registry.gauge('pec_sessions_open', 'Sessions open now.'),
    sessions: registry.counter('pec_sessions_total', 'Sessions opened.'),
    logins: registry.counter('pec_logins_total', 'Logins tried.'),
    messages: registry.counter('pec_messages_total', 'Certified messages, receipts and notices issued.'),
    refusals: registry.counter('pec_refusals_total', 'Messages refused in the SMTP dialogue.'),
    acceptanceSeconds: registry.histogram(
      'pec_acceptance_seconds',
      'From end of DATA to 250.',
      LATENCY_BOUNDS,
    ),
    scans: registry.counter('pec_scans_total', 'Messages given to the virus scanner.'),
    relayResults: registry.counter('pec_relay_results_total', 'Results of handing over, one per recipient.'),
    queued: registry.gauge('pec_queue_recipients', 'Recipients waiting in the outgoing queue.'),
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
