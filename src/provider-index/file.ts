/** The index in a file that something else keeps current. */
import { open } from 'node:fs/promises';
import { IndexError } from './index-error.ts';
import { type IndexSource, largestIndex } from './index-source.ts';

/** Reads `path` anew at each fetch; at most `largestIndex` bytes. */
export function createFileSource(path: string): IndexSource {
  return { name: path, fetch: () => readWhole(path) };
}

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > largestIndex) throw new IndexError(`${path} has ${size} bytes: too large for an index`);
    return await file.readFile();
  } catch (error) {
    if (error instanceof IndexError) throw error;
    throw new IndexError(`${path} cannot be read`, error);
  }
}
