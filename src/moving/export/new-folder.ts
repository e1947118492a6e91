/** The place of an export or backup on the disk: new, or empty, and its owner's only. */
import { type FileHandle, mkdir, open, readdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The place cannot be used; the message says what to do. */
export class PlaceError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'PlaceError';
  }
}

/** Makes the folder, or takes one that is empty. @throws {PlaceError} */
export async function takeEmptyFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if ((await readdir(folder)).length === 0) return;
  } catch (error) {
    throw new PlaceError(`The folder ${folder} cannot be used (${codeOf(error)}).`, error);
  }
  throw new PlaceError(`The folder ${folder} is not empty; name one that is, or a new one.`);
}

/** A file that was not there; nobody else can read it. @throws {PlaceError} */
export async function openNewFile(file: string) {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    return await open(file, 'wx', 0o600);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw new PlaceError(`${file} exists already; name another file.`, error);
    throw new PlaceError(`${file} cannot be written (${codeOf(error)}).`, error);
  }
}

/** All bytes, at the end of what the handle has written, or at `position`. */
export async function writeAll(
  file: FileHandle,
  bytes: Uint8Array,
  position: number | null = null,
): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const at = position === null ? null : position + written;
    written += (await file.write(bytes, written, bytes.length - written, at)).bytesWritten;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
