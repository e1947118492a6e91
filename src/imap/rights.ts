/** What a login may do with a folder (RFC 4314), asked before each command does it. */
import type { VisibleFolder } from '../mailbox/mail-store.ts';
import { flagRightsOf } from '../mailbox/rights.ts';
import { hasFlag } from './flags.ts';
import { Refusal } from './refusal.ts';

const deeds: Readonly<Record<string, string>> = {
  l: 'see it',
  r: 'read it',
  s: 'mark messages read',
  w: 'change flags',
  i: 'put messages into it',
  k: 'make folders below it',
  x: 'delete or rename it',
  t: 'mark messages deleted',
  e: 'remove messages from it',
  a: 'change who may use it',
};

/** In words that follow the name of a folder. */
export function explainRight(right: string): string {
  return `you need the right ${right} to ${deeds[right] ?? 'do this'}`;
}

/** @throws {Refusal} NOPERM */
export function requireRight(folder: VisibleFolder, right: string): void {
  if (!folder.rights.includes(right)) throw new Refusal('NOPERM', `${folder.name}: ${explainRight(right)}`);
}

/** True when SELECT opens it for changes (RFC 4314 §5.2). */
export function isWritable({ rights }: VisibleFolder): boolean {
  return /[ieswt]/.test(rights);
}

/** Of the flags those that the rights allow to change. */
export function allowedFlags(flags: readonly string[], rights: string): string[] {
  const may = flagRightsOf(rights);
  return flags.filter((flag) => {
    if (hasFlag([flag], '\\Seen')) return may.seen;
    return hasFlag([flag], '\\Deleted') ? may.deleted : may.others;
  });
}
