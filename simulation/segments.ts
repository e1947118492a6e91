/** `SegmentArchive` on a simulated disk: a file is there whole, under its name, when `write` resolves. */
import { hash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { writeFailure } from '../src/blob/blob-failure.ts';
import { concatBytes } from '../src/lib/bytes.ts';
import type { PackLines } from '../src/message-log/seal/export-segment.ts';
import type { ArchivedFile, SegmentArchive } from '../src/message-log/seal/segment-archive.ts';
import type { Random } from './random.ts';
import type { Life, Scheduler } from './scheduler.ts';

export interface SimulatedSegmentsOptions {
  /** What survives processes. */
  readonly files: Map<string, Uint8Array>;
  readonly scheduler: Scheduler;
  readonly life: Life;
  readonly random: Random;
  readonly isFull: () => boolean;
}

export class SimulatedSegments implements SegmentArchive {
  readonly #options: SimulatedSegmentsOptions;

  constructor(options: SimulatedSegmentsOptions) {
    this.#options = options;
  }

  async write(name: string, source: AsyncIterable<Uint8Array>): Promise<ArchivedFile> {
    const { files, isFull } = this.#options;
    const bytes = await gather(source);
    await this.#wait('segment written');
    if (isFull()) throw writeFailure(new Error('ENOSPC: no space left on device'));
    files.set(name, bytes);
    await this.#wait('segment named');
    return { name, size: bytes.length, sha256: hash('sha256', bytes, 'buffer') };
  }

  async *read(name: string): AsyncGenerator<Uint8Array> {
    const bytes = this.#options.files.get(name);
    if (bytes === undefined) throw Object.assign(new Error(`no ${name}`), { code: 'ENOENT' });
    yield bytes;
  }

  async size(name: string): Promise<number | undefined> {
    return this.#options.files.get(name)?.length;
  }

  async remove(name: string): Promise<void> {
    this.#options.files.delete(name);
  }

  async list(): Promise<string[]> {
    return [...this.#options.files.keys()].sort();
  }

  #wait(what: string): Promise<void> {
    const { scheduler, life, random } = this.#options;
    return scheduler.wait(random.fraction() * 8, life, what);
  }
}

/** On this thread, so that nothing happens at a time of its own. */
export const packAtOnce: PackLines = async function* pack(lines) {
  yield gzipSync(await gather(lines));
};

async function gather(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(new Uint8Array(chunk));
  return concatBytes(chunks);
}
