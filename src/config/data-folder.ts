/** The folder that holds all a provider has: made when it is missing, for its owner only. */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MailError } from '../lib/mail-error.ts';

/** @throws {MailError} temporary, when it cannot be made or written: read-only, full, or somebody else's. */
export function prepareDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.R_OK | constants.W_OK);
  } catch (error) {
    const text = `The data folder ${folder} cannot be written; mend its file system or its owner and try again`;
    throw new MailError('temporary', text, { code: 451, enhanced: '4.3.0' }, error);
  }
}

/** Where the bytes of larger messages are. */
export function blobFolder(dataFolder: string): string {
  return join(dataFolder, 'blobs');
}
