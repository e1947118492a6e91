/**
 * Diagnostics for the operator: one JSON object a line, by pino. They may lose their last lines and are never the legal
 * message log. Secrets are taken out by name, whatever is logged; message bodies and subjects are never logged.
 */
import {
  type DestinationStream,
  destination,
  type Logger,
  type LoggerOptions,
  pino,
  stdSerializers,
} from 'pino';
import { createMetricsRegistry } from './metrics.ts';
import { addProcessMetrics, createProviderMetrics, type ProviderMetrics } from './provider-metrics.ts';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;
type Write = (fields: LogFields, text: string) => void;

/**
 * What the rooms see of telemetry. What happens often has a function of its own in events.ts, which writes the line and
 * counts the metric; the bare methods are for the rest. Put an error under `err`: its stack and causes are written.
 */
export interface Log {
  readonly metrics: ProviderMetrics;
  readonly trace: Write;
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  /** A log whose every line carries `fields` too. */
  child(fields: LogFields): Log;
}

/** The log of the process: where lines go can be opened anew (logrotate) and must be flushed at the end. */
export interface RootLog extends Log {
  reopen(): void;
  flush(): void;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** A file, a stream (tests), or null for standard error. */
  readonly destination: string | DestinationStream | null;
  /** Carried by every line, e.g. `{ node: 'n1' }`. */
  readonly fields?: LogFields;
}

/** Names under which a secret could be handed over by mistake, at the top or one level down. */
const SECRET_NAMES = [
  'password',
  'passphrase',
  'secret',
  'token',
  'authorization',
  'credentials',
  'keyPem',
  'sasl',
];

/** @throws {Error} when the log file cannot be opened. */
export function createLog({ level, destination: target, fields = {} }: LogOptions): RootLog {
  const options: LoggerOptions = {
    level,
    base: fields,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: stdSerializers.err },
    redact: { paths: SECRET_NAMES.flatMap((name) => [name, `*.${name}`]), censor: '[secret]' },
  };
  const registry = createMetricsRegistry();
  addProcessMetrics(registry);
  const metrics = createProviderMetrics(registry);
  if (target !== null && typeof target !== 'string')
    return { ...wrapLogger(pino(options, target), metrics), reopen() {}, flush() {} };
  // Synchronous: the reason of a failed start, or of a crash, is seen.
  const sink = destination(
    target === null ? { dest: 2, sync: true } : { dest: target, mkdir: true, sync: true },
  );
  return {
    ...wrapLogger(pino(options, sink), metrics),
    reopen: () => (target === null ? undefined : sink.reopen()),
    flush: () => sink.flushSync(),
  };
}

function wrapLogger(logger: Logger, metrics: ProviderMetrics): Log {
  return {
    metrics,
    trace: (fields, text) => logger.trace(fields, text),
    debug: (fields, text) => logger.debug(fields, text),
    info: (fields, text) => logger.info(fields, text),
    warn: (fields, text) => logger.warn(fields, text),
    error: (fields, text) => logger.error(fields, text),
    child: (fields) => wrapLogger(logger.child(fields), metrics),
  };
}

/** Writes nothing: for tests, and for commands that print their own result. */
export function createSilentLog(): Log {
  const ignore: Write = () => {};
  const log: Log = {
    metrics: createProviderMetrics(),
    trace: ignore,
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: ignore,
    child: () => log,
  };
  return log;
}
