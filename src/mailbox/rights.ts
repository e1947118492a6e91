/**
 * Rights to a folder (RFC 4314 §2.1) as letters in a fixed order, and who has which: the mailbox's own logins have
 * all that their login allows, unless the folder says otherwise; others have what the folder's list grants them.
 */
import type { FlagRights } from './mail-store.ts';
import { StoreError } from './store-error.ts';

/**
 * l lookup, r read, s \Seen, w other flags, i insert, p post, k make folders below, x delete, t \Deleted,
 * e expunge, a administer.
 */
export const allRights = 'lrswipkxtea';
const readingRights = 'lr';
const writingRights = 'swipkxte';

/** `anyone` of an access control list: every mailbox of the same domain, not the whole provider. */
export const anyone = 'anyone';

/** Who looks at a folder. */
export interface Viewer {
  readonly loginId: number;
  readonly name: string;
  readonly mailboxId: number;
  readonly address: string;
  /** What the login may do at all; nothing a folder grants goes beyond. */
  readonly rights: { readonly read: boolean; readonly write: boolean; readonly manage: boolean };
}

export interface AclEntry {
  /** A login's name or a mailbox's address in lower case, or `anyone`; with `-` in front it takes away. */
  readonly identifier: string;
  /**
   * The mailbox that went by the identifier when the rights were given: who gets the name later does not get them.
   * Undefined for `anyone`.
   */
  readonly mailboxId: number | undefined;
  readonly rights: string;
}

/** How SETACL changes an entry. */
export type AclOperation = 'add' | 'remove' | 'replace';

/**
 * The letters as a set in the fixed order. `c` and `d` of RFC 2086 stand for `kx` and `te` (RFC 4314 §2.1.1).
 * @throws {StoreError} `cannot` for a letter that is no right.
 */
export function parseRights(letters: string): string {
  const expanded = letters.replaceAll('c', 'kx').replaceAll('d', 'te');
  const unknown = [...expanded].find((letter) => !allRights.includes(letter));
  if (unknown !== undefined) throw new StoreError('cannot', `There is no right ${unknown}`);
  return orderRights(expanded);
}

/** As it is told, with `c` and `d` for clients that know only RFC 2086. */
export function formatRights(rights: string): string {
  const old = `${/[kx]/.test(rights) ? 'c' : ''}${/[te]/.test(rights) ? 'd' : ''}`;
  return `${rights}${old}`;
}

export function changeRights(current: string, operation: AclOperation, letters: string): string {
  if (operation === 'replace') return letters;
  return operation === 'add' ? orderRights(current + letters) : withoutRights(current, letters);
}

/** Whose folder it is, as seen by a viewer. */
export interface Ownership {
  readonly mailboxId: number;
  readonly sameDomain: boolean;
}

/** The rights the viewer has, given the names it goes by in lower case. */
export function decideRights(
  viewer: Viewer,
  names: { readonly login: string; readonly address: string },
  { mailboxId, sameDomain }: Ownership,
  entries: readonly AclEntry[],
): string {
  const limit = loginLimit(viewer);
  const owns = viewer.mailboxId === mailboxId;
  // Who manages the mailbox cannot be kept out of it.
  if (owns && viewer.rights.manage) return limit;
  const valid = entries.filter(
    (entry) => entry.mailboxId === undefined || entry.mailboxId === viewer.mailboxId,
  );
  const own = valid.find(({ identifier }) => identifier === names.login);
  const mine = [names.login, names.address, ...(sameDomain ? [anyone] : [])];
  const granted = owns ? (own?.rights ?? allRights) : rightsOf(valid, mine);
  const denied = rightsOf(
    valid,
    mine.map((name) => `-${name}`),
  );
  return intersectRights(withoutRights(granted, denied), limit);
}

/** What the login allows, whatever folders grant. */
function loginLimit({ rights }: Viewer): string {
  const letters = `${rights.read ? readingRights : ''}${rights.write ? writingRights : ''}${rights.manage ? 'a' : ''}`;
  return orderRights(letters);
}

export function flagRightsOf(rights: string): FlagRights {
  return { seen: rights.includes('s'), deleted: rights.includes('t'), others: rights.includes('w') };
}

function rightsOf(entries: readonly AclEntry[], identifiers: readonly string[]): string {
  const found = entries.filter(({ identifier }) => identifiers.includes(identifier));
  return orderRights(found.map(({ rights }) => rights).join(''));
}

const orderRights = (letters: string) => [...allRights].filter((right) => letters.includes(right)).join('');
const withoutRights = (rights: string, gone: string) =>
  [...rights].filter((right) => !gone.includes(right)).join('');
const intersectRights = (rights: string, limit: string) =>
  [...rights].filter((right) => limit.includes(right)).join('');
