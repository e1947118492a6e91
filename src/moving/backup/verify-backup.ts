/**
 * Is a backup what was written? Reads every byte of it: files against the manifest, the rows as a database, and whether
 * everything that the rows name is there.
 */
import { join } from 'node:path';
import { decodeSegments } from '../../content/segment-codec.ts';
import type { Database } from '../../db/database.ts';
import { isInline } from '../../lib/segments.ts';
import { eachAtOnce, hashFile } from './copied-file.ts';
import { readArchive } from './mailbox-archive.ts';
import { type Manifest, type ManifestFile, readManifest } from './manifest.ts';
import { blobPath, databaseName } from './whole-backup.ts';

export interface VerifyParts {
  /** Opens a copy of the rows to look at. */
  readonly openCopy: (file: string) => Database;
  /** What is wrong with a file as a database. */
  readonly checkDatabase: (file: string) => readonly string[];
}

export interface BackupFinding {
  /** The file it is about. */
  readonly path: string;
  readonly text: string;
}

export interface BackupReport extends Manifest {
  readonly bytes: number;
  readonly findings: readonly BackupFinding[];
}

const filesAtOnce = 4;

/** @throws {BackupError} when there is no manifest, or it cannot be believed. */
export async function verifyBackup(
  parts: VerifyParts,
  folder: string,
  onProgress: (done: number, total: number) => void,
): Promise<BackupReport> {
  const manifest = await readManifest(folder);
  const findings: BackupFinding[] = [];
  let done = 0;
  await eachAtOnce(manifest.files, filesAtOnce, async (file) => {
    const problem = await checkFile(folder, file);
    if (problem !== undefined) findings.push({ path: file.path, text: problem });
    done += 1;
    onProgress(done, manifest.files.length);
  });
  for (const missing of manifest.head.missing)
    findings.push({ path: manifest.head.kind, text: `not in the backup: ${missing}` });
  findings.push(
    ...(manifest.head.kind === 'whole'
      ? await checkRows(parts, folder, manifest)
      : await checkArchive(folder, manifest)),
  );
  const bytes = manifest.files.reduce((sum, { size }) => sum + size, 0);
  return { ...manifest, bytes, findings: findings.sort((a, b) => (a.path < b.path ? -1 : 1)) };
}

/** What is wrong with one file; undefined when nothing is. */
export async function checkFile(folder: string, wanted: ManifestFile): Promise<string | undefined> {
  try {
    const { size, sha256 } = await hashFile(folder, wanted.path);
    if (size !== wanted.size) return `has ${size} bytes, not ${wanted.size}`;
    return sha256 === wanted.sha256 ? undefined : 'has other bytes than were written';
  } catch (error) {
    return `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function checkRows(parts: VerifyParts, folder: string, { files }: Manifest): Promise<BackupFinding[]> {
  const file = join(folder, databaseName);
  const damage = parts.checkDatabase(file);
  if (damage.length > 0) return damage.map((text) => ({ path: databaseName, text }));
  const copy = parts.openCopy(file);
  try {
    return await checkContents(copy, new Map(files.map(({ path, size }) => [path, size])));
  } finally {
    await copy.close();
  }
}

const contentPage = 500;

/** Each message's bytes must be within a blob that the backup has. */
async function checkContents(copy: Database, sizes: ReadonlyMap<string, number>): Promise<BackupFinding[]> {
  const findings: BackupFinding[] = [];
  for (let after = 0; ; ) {
    const rows = await copy.read((tx) =>
      tx.all<{ id: number; segments: Uint8Array }>(
        'SELECT id, segments FROM content WHERE id > ? ORDER BY id LIMIT ?',
        after,
        contentPage,
      ),
    );
    for (const { id, segments } of rows)
      for (const segment of decodeSegments(segments)) {
        if (isInline(segment)) continue;
        const path = blobPath(segment.blob);
        const end = segment.offset + segment.length;
        const size = sizes.get(path);
        if (size === undefined || size < end)
          findings.push({
            path,
            text: `message content ${id} needs ${end} bytes of it; there are ${size ?? 0}`,
          });
      }
    const last = rows.at(-1);
    if (last === undefined) return findings;
    after = last.id;
  }
}

async function checkArchive(folder: string, { files }: Manifest): Promise<BackupFinding[]> {
  const there = new Set(files.map(({ path }) => path));
  const findings: BackupFinding[] = [];
  for await (const mailbox of readArchive(folder))
    for (const { name, messages } of mailbox.folders)
      for (const { uid, path } of messages)
        if (!there.has(path))
          findings.push({
            path,
            text: `message ${uid} of ${mailbox.address}, ${name}, is not in the backup`,
          });
  return findings;
}
