/** Where the folders of another provider go: special ones by their use, others by name. */
import type { Folder } from '../../mailbox/mail-store.ts';
import type { SourceFolder } from './mail-source.ts';

/** Uses that a mailbox here keeps folders for. */
const kept = new Set(['\\Sent', '\\Drafts', '\\Trash', '\\Junk', '\\Archive']);

export interface LocalPlace {
  readonly name: string;
  /** What the folder is made for when it is not there yet. */
  readonly specialUse: string | undefined;
}

/** `local`: the folders of the mailbox here. */
export function choosePlace({ levels, specialUse }: SourceFolder, local: readonly Folder[]): LocalPlace {
  if (levels.length === 1 && levels[0]?.toUpperCase() === 'INBOX')
    return { name: 'INBOX', specialUse: undefined };
  const use = specialUse !== undefined && kept.has(specialUse) ? specialUse : undefined;
  const holder = use === undefined ? undefined : local.find((folder) => folder.specialUse === use);
  return holder === undefined
    ? { name: toFolderName(levels), specialUse: use }
    : { name: holder.name, specialUse: undefined };
}

const mostLevels = 50;
const mostBytes = 1000;

/** A name that the store takes: what it does not is replaced, level by level. */
function toFolderName(levels: readonly string[]): string {
  const name = levels
    .slice(0, mostLevels)
    .map((level) => level.normalize('NFC').replace(/[/%*\p{Cc}\p{Cs}]/gu, '_'))
    .map((level) => (level.trim() === '' ? '_' : level))
    .join('/');
  return truncate(name);
}

function truncate(name: string): string {
  let short = name;
  while (Buffer.byteLength(short) > mostBytes) short = [...short].slice(0, -1).join('');
  return short.replace(/\/\s*$/, '') || '_';
}
