/** Writes files that must not exist yet: all of them, or none when one is there already. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommandFailure, exitCode } from './exit-code.ts';

export interface NewFile {
  /** Absolute path. */
  readonly file: string;
  readonly content: string | Uint8Array;
  /** 0o600 for what only the provider may read. */
  readonly mode: 0o600 | 0o644;
}

/** @throws {CommandFailure} naming the file that is in the way; nothing was written then. */
export function writeNewFiles(files: readonly NewFile[]): void {
  for (const { file } of files)
    if (existsSync(file))
      throw new CommandFailure(
        exitCode.no,
        `${file} exists already; nothing was written. Remove it, or name another file with --config.`,
      );
  for (const { file, content, mode } of files) {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // "wx": also when somebody makes the file at this very moment, it is not overwritten.
    writeFileSync(file, content, { mode, flag: 'wx' });
  }
}
