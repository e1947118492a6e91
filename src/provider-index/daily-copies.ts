/**
 * The copies of the index, one file a day, kept for ever (pec-wire §11): was this certificate valid, this
 * domain managed, on that day? A crash leaves the old copy or the new one, never half. Days are UTC.
 */
import { mkdirSync } from 'node:fs';
import { open, readdir, readFile, rename, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Instant } from '../lib/time.ts';

export interface IndexCopy {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  /** When it was fetched. */
  readonly fetchedAt: Instant;
  readonly bytes: Uint8Array;
}

export interface DailyCopies {
  /** Durable when it resolves; the last copy of a day replaces the earlier ones. */
  save(bytes: Uint8Array, fetchedAt: Instant): Promise<void>;
  /** The days that have a copy, newest first. */
  days(): Promise<string[]>;
  load(day: string): Promise<IndexCopy>;
  /** When the copy of that day was fetched, without reading it. */
  fetchedAt(day: string): Promise<Instant>;
}

/** Makes the folder if it is missing. */
export function openDailyCopies(folder: string): DailyCopies {
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  const pathOf = (day: string) => join(folder, `${day}${extension}`);
  return {
    save: (bytes, fetchedAt) => saveCopy(folder, bytes, fetchedAt),
    days: async () => (await listFiles(folder)).map(dayOf).sort().reverse(),
    load: async (day) => {
      const path = pathOf(day);
      const [bytes, { mtimeMs }] = await Promise.all([readFile(path), stat(path)]);
      return { day, bytes, fetchedAt: Math.round(mtimeMs) };
    },
    fetchedAt: async (day) => Math.round((await stat(pathOf(day))).mtimeMs),
  };
}

/** `YYYY-MM-DD`, UTC. */
export function dayAt(at: Instant): string {
  return new Date(at).toISOString().slice(0, 10);
}

const extension = '.index';

async function listFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /^\d{4}-\d\d-\d\d\.index$/.test(name));
}

function dayOf(name: string): string {
  return name.slice(0, 10);
}

/** Bytes and time first, durable; then the name; then the folder that holds the name. */
async function saveCopy(folder: string, bytes: Uint8Array, fetchedAt: Instant): Promise<void> {
  const path = join(folder, `${dayAt(fetchedAt)}${extension}`);
  const temporary = `${path}.new`;
  {
    await using file = await open(temporary, 'w', 0o640);
    await file.writeFile(bytes);
    await file.sync();
  }
  // The time of the file is the time of the fetch: it survives a restart with the copy.
  await utimes(temporary, fetchedAt / 1000, fetchedAt / 1000);
  await rename(temporary, path);
  await using handle = await open(folder, 'r');
  await handle.sync();
}
