/** Sealed segments in a folder: written beside under another name, synced, then named; the folder is synced too. */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, mkdirSync } from 'node:fs';
import { open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MailError } from '../../lib/mail-error.ts';
import type { ArchivedFile, SegmentArchive } from './segment-archive.ts';

const unfinished = '.new';

/** Makes the folder when something is first written: looking at a backup leaves it as it is. */
export function openSegmentFolder(folder: string): SegmentArchive {
  return {
    write: (name, source) => writeFile(folder, name, source),
    read: (name) => createReadStream(join(folder, name), { highWaterMark: 1 << 16 }),
    size: async (name) => {
      try {
        return (await stat(join(folder, name))).size;
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
    remove: (name) => rm(join(folder, name), { force: true }),
    list: async () => {
      try {
        return (await readdir(folder)).filter((name) => !name.endsWith(unfinished)).sort();
      } catch (error) {
        if (isMissing(error)) return [];
        throw error;
      }
    },
  };
}

/** @throws {MailError} `temporary` when the disk is in the way: sealing waits. */
async function writeFile(...task: Parameters<typeof writeWhole>): Promise<ArchivedFile> {
  try {
    return await writeWhole(...task);
  } catch (error) {
    throw isDiskTrouble(error) ? noRoom(error) : error;
  }
}

async function writeWhole(
  folder: string,
  name: string,
  source: AsyncIterable<Uint8Array>,
): Promise<ArchivedFile> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, name);
  for (const left of await readdir(folder))
    if (left.startsWith(`${name}.`) && left.endsWith(unfinished))
      await rm(join(folder, left), { force: true });
  const temporary = `${path}.${randomUUID()}${unfinished}`;
  const digest = createHash('sha256');
  let size = 0;
  try {
    {
      await using file = await open(temporary, 'wx', 0o600);
      for await (const chunk of source) {
        digest.update(chunk);
        size += chunk.length;
        await file.writeFile(chunk);
      }
      await file.sync();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await using handle = await open(folder, 'r');
  await handle.sync();
  return { name, size, sha256: digest.digest() };
}

/** Of the file system and not of the source: full, read-only, out of handles. */
function isDiskTrouble(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function noRoom(cause: unknown): MailError {
  const text = `The sealed log cannot be written: ${cause instanceof Error ? cause.message : cause}`;
  return new MailError('temporary', text, { code: 452, enhanced: '4.3.1' }, cause);
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
