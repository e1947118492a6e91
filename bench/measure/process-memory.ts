/** Memory of a process as Linux counts it. */
import { readFileSync } from 'node:fs';

/** Resident bytes now, and the most there ever were. */
export function readMemory(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const read = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { now: read('VmRSS'), peak: read('VmHWM') };
}

/** The most resident bytes seen while `work` goes on, looked at every few milliseconds. */
export async function watchMemory(pid: number, work: () => Promise<unknown>): Promise<number> {
  let most = readMemory(pid).now;
  const watching = setInterval(() => {
    most = Math.max(most, readMemory(pid).now);
  }, 5);
  try {
    await work();
    return most;
  } finally {
    clearInterval(watching);
  }
}
