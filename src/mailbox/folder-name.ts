/** Folder names: Unicode NFC, `/` between levels, `INBOX` in any case is the inbox (RFC 9051 §5.1). */
import { StoreError } from './store-error.ts';

export const inbox = 'INBOX';

const mostBytes = 1000;
const mostLevels = 50;

/** The name as it is stored and compared: NFC, and a first level `inbox` in capitals. */
export function normalizeFolderName(name: string): string {
  const normal = name.normalize('NFC');
  const level = normal.split('/', 1)[0] ?? '';
  return level.toUpperCase() === inbox ? `${inbox}${normal.slice(level.length)}` : normal;
}

/**
 * The normal form of a name that a folder is to get.
 * @throws {StoreError} `cannot`, with what is wrong.
 */
export function parseNewFolderName(name: string): string {
  const normal = normalizeFolderName(name);
  const levels = normal.split('/');
  if (levels.some((level) => level.trim() === '')) throw refuse('A folder name may not have an empty level');
  if (levels.length > mostLevels) throw refuse(`A folder may stand at most ${mostLevels} levels deep`);
  if (/[\p{Cc}\p{Cs}%*]/u.test(normal)) throw refuse('A folder name may not hold %, * or control characters');
  if (Buffer.byteLength(normal) > mostBytes)
    throw refuse(`A folder name may have at most ${mostBytes} bytes`);
  return normal;
}

/** The names of the folders above, the outermost first: `a/b/c` gives `a`, `a/b`. */
export function parentsOf(name: string): readonly string[] {
  const levels = name.split('/');
  return levels.slice(1).map((_, index) => levels.slice(0, index + 1).join('/'));
}

function refuse(text: string): StoreError {
  return new StoreError('cannot', text);
}
