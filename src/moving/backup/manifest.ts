/**
 * `manifest.jsonl`: what a backup holds. First a line that says what it is, then one line a file with size and digest, in
 * the end a line with the number of files and the digest of all lines before it: a manifest that was cut off or changed is
 * known as such.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { openNewFile, writeAll } from '../export/new-folder.ts';
import { formatLine, readTextLines } from './text-lines.ts';

export const manifestName = 'manifest.jsonl';

export interface ManifestHead {
  readonly format: 1;
  /** `whole`: a data folder. `mailboxes`: some mailboxes, without the rest of the provider. */
  readonly kind: 'whole' | 'mailboxes';
  /** RFC 3339. */
  readonly createdAt: string;
  readonly provider: string;
  /** Version of the program that wrote it. */
  readonly version: string;
  /** What could not be read when it was made. */
  readonly missing: readonly string[];
}

export interface ManifestFile {
  /** Below the backup's folder, with `/`. */
  readonly path: string;
  readonly size: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

export interface Manifest {
  readonly head: ManifestHead;
  readonly files: readonly ManifestFile[];
}

/** Durable when it resolves. */
export async function writeManifest(folder: string, { head, files }: Manifest): Promise<void> {
  const lines = [head, ...files].map(formatLine);
  const digest = createHash('sha256');
  for (const line of lines) digest.update(line);
  const end = { files: files.length, sha256: digest.digest('hex') };
  const file = await openNewFile(join(folder, manifestName));
  try {
    for (let at = 0; at < lines.length; at += 1000)
      await writeAll(file, Buffer.from(lines.slice(at, at + 1000).join('')));
    await writeAll(file, Buffer.from(formatLine(end)));
    await file.sync();
  } finally {
    await file.close();
  }
}

/** The backup is none, or is damaged where it says what it holds. */
export class BackupError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.name = 'BackupError';
  }
}

/** @throws {BackupError} */
export async function readManifest(folder: string): Promise<Manifest> {
  const lines: string[] = [];
  try {
    for await (const line of readTextLines(join(folder, manifestName))) lines.push(line);
  } catch (error) {
    throw new BackupError(`${folder} is no backup: its ${manifestName} cannot be read.`, error);
  }
  const digest = createHash('sha256');
  for (const line of lines.slice(0, -1)) digest.update(`${line}\n`);
  try {
    const end = JSON.parse(lines.at(-1) ?? '') as { files?: number; sha256?: string };
    const head = JSON.parse(lines[0] ?? '') as ManifestHead;
    const files = lines.slice(1, -1).map((line) => JSON.parse(line) as ManifestFile);
    if (end.sha256 !== digest.digest('hex') || end.files !== files.length) throw new Error('digest');
    if (head.format !== 1) throw new BackupError(`${folder} is a backup of a later version of the program.`);
    checkPaths(files);
    return { head, files };
  } catch (error) {
    if (error instanceof BackupError) throw error;
    throw new BackupError(`The ${manifestName} of ${folder} is damaged: take another backup.`, error);
  }
}

/** What is restored must land below the folder it is restored to. */
function checkPaths(files: readonly ManifestFile[]): void {
  const strange = files.find(({ path }) =>
    path.split('/').some((level) => level === '' || level === '.' || level === '..' || level.includes('\\')),
  );
  if (strange !== undefined)
    throw new BackupError(`The ${manifestName} names a strange file: ${strange.path}`);
}
