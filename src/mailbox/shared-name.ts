/** Folders of other mailboxes as they are named to those they are shared with: `Other Users/<address>/<folder>`. */

export const otherUsers = 'Other Users/';

export function sharedName(owner: string, path: string): string {
  return `${otherUsers}${owner}/${path}`;
}

/** Undefined for a name that is no folder of another mailbox. */
export function parseSharedName(name: string): { owner: string; path: string } | undefined {
  const [, owner, path] = /^Other Users\/([^/]+)\/(.+)$/s.exec(name) ?? [];
  return owner === undefined || path === undefined ? undefined : { owner, path };
}
