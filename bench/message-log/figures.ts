/** Figures of a benchmark: percentiles, the longest hold of the event loop, the largest memory; and their rendering. */
import { loadavg } from 'node:os';

export interface Spread {
  readonly median: number;
  readonly p99: number;
  readonly longest: number;
}

/** Milliseconds of `count` runs of `work`, which is given the number of the run. */
export async function spreadOf(count: number, work: (number: number) => Promise<unknown>): Promise<Spread> {
  const times: number[] = [];
  for (let number = 0; number < count; number += 1) {
    const began = performance.now();
    await work(number);
    times.push(performance.now() - began);
  }
  return spread(times);
}

export function spread(times: readonly number[]): Spread {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { median: at(0.5), p99: at(0.99), longest: at(1) };
}

export interface Watched<T> {
  readonly result: T;
  readonly ms: number;
  /** Bytes: the largest resident memory while it ran, and what it was before. */
  readonly memory: number;
  readonly memoryBefore: number;
  /** The longest time that nothing else could run, milliseconds. */
  readonly held: number;
  /** Seconds of processor time, of all threads. */
  readonly cpu: number;
  /** Bytes handed to the disk. */
  readonly written: number;
}

/** What `fsWrite` counts. */
const blockBytes = 512;

/** Runs `work` once and watches the process meanwhile. */
export async function watch<T>(work: () => Promise<T>): Promise<Watched<T>> {
  globalThis.gc?.();
  const memoryBefore = process.memoryUsage.rss();
  let memory = memoryBefore;
  let held = 0;
  let turned = performance.now();
  const turning = setInterval(() => {
    held = Math.max(held, performance.now() - turned);
    turned = performance.now();
    memory = Math.max(memory, process.memoryUsage.rss());
  }, 5);
  const usage = process.cpuUsage();
  const { fsWrite } = process.resourceUsage();
  const began = performance.now();
  const result = await work();
  const ms = performance.now() - began;
  const { user, system } = process.cpuUsage(usage);
  clearInterval(turning);
  const written = (process.resourceUsage().fsWrite - fsWrite) * blockBytes;
  return { result, ms, memory, memoryBefore, held, cpu: (user + system) / 1e6, written };
}

/** `4.2 ms`, with as many digits as mean something. */
export function inMs(ms: number): string {
  return `${ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0)} ms`;
}

export function inMb(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}

export function inCount(count: number): string {
  return Math.round(count).toLocaleString('en');
}

/** How many programs wanted a processor in the last minute, this one among them. */
export function inLoad(): string {
  return (loadavg()[0] ?? 0).toFixed(1);
}

/** A table of Markdown. */
export function renderRows(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
