/** What the commands about backups share. */
import { resolve } from 'node:path';
import { findBackup } from '../moving/backup/backup-place.ts';
import { BackupError } from '../moving/backup/manifest.ts';
import { PlaceError } from '../moving/export/new-folder.ts';
import { CommandFailure, exitCode } from './exit-code.ts';
import { showOneLine } from './table.ts';
import type { Terminal } from './terminal.ts';

/** The backup's folder: the one that was named, or the newest in it. @throws {CommandFailure} */
export function openBackup(place: string): Promise<string> {
  return findBackup(resolve(place)).catch(explainBackup);
}

export function explainBackup(error: unknown): never {
  if (error instanceof BackupError || error instanceof PlaceError)
    throw new CommandFailure(exitCode.no, error.message, error);
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    throw new CommandFailure(exitCode.unavailable, 'The disk is full: make room and try again.', error);
  throw error;
}

/** Between two lines of progress, milliseconds. */
const quietMs = 5_000;

export function createProgress(terminal: Terminal, things: string): (done: number, total?: number) => void {
  let last = performance.now();
  return (done, total) => {
    if (performance.now() - last < quietMs) return;
    last = performance.now();
    terminal.remark(total === undefined ? `${done} ${things} …` : `${done} of ${total} ${things} …`);
  };
}

/** @throws {CommandFailure} when something is missing: the answer is no. */
export function printMissing(terminal: Terminal, missing: readonly string[], what: string): void {
  for (const text of missing) terminal.remark(`damaged: ${showOneLine(text)}`);
  if (missing.length > 0) throw new CommandFailure(exitCode.no, `${missing.length} ${what}.`);
}
