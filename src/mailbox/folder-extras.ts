/** What hangs on a folder beside its messages, as a backup keeps it: access rights (RFC 4314) and annotations (RFC 5464). */
import type { ReadTransaction, Transaction } from '../db/database.ts';

export interface FolderExtras {
  readonly rights: readonly { readonly identifier: string; readonly rights: string }[];
  readonly annotations: readonly {
    /** Name of the login whose private annotation it is; null = shared by all. */
    readonly login: string | null;
    readonly entry: string;
    readonly base64: string;
  }[];
}

export async function readFolderExtras(tx: ReadTransaction, folderId: number): Promise<FolderExtras> {
  const rights = await tx.all<{ identifier: string; rights: string }>(
    'SELECT identifier, rights FROM folder_right WHERE folder_id = ? ORDER BY identifier',
    folderId,
  );
  const annotations = await tx.all<{ login: string | null; entry: string; value: Uint8Array }>(
    `SELECT l.name AS login, a.entry, a.value FROM folder_annotation a LEFT JOIN login l ON l.id = a.login_id
      WHERE a.folder_id = ? ORDER BY a.entry`,
    folderId,
  );
  return {
    rights: rights.map(({ identifier, rights: letters }) => ({ identifier, rights: letters })),
    annotations: annotations.map(({ login, entry, value }) => ({
      login,
      entry,
      base64: Buffer.from(value).toString('base64'),
    })),
  };
}

/** Brings back what the folder lacks; private annotations of logins that are not there are left out. */
export async function restoreFolderExtras(
  tx: Transaction,
  folderId: number,
  { rights, annotations }: FolderExtras,
): Promise<void> {
  for (const { identifier, rights: letters } of rights)
    await tx.run(
      'INSERT INTO folder_right (folder_id, identifier, rights) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      folderId,
      identifier,
      letters,
    );
  for (const { login, entry, base64 } of annotations) {
    const owner =
      login === null
        ? null
        : await tx.get<{ id: number }>('SELECT id FROM login WHERE name_key = ?', login.toLowerCase());
    if (owner === undefined) continue;
    await tx.run(
      `INSERT INTO folder_annotation (folder_id, login_id, entry, value) VALUES (?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
      folderId,
      owner?.id ?? null,
      entry,
      Buffer.from(base64, 'base64'),
    );
  }
}
