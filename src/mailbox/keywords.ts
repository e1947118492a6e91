/** The keywords ever used in a folder, in the spelling of the first use: what FLAGS lists (RFC 9051 §7.3.5). */
import type { ReadTransaction, Transaction } from '../db/database.ts';
import { lowerAscii } from '../lib/bytes.ts';
import { StoreError } from './store-error.ts';

const mostInFolder = 1000;

/** Remembers the keywords. @throws {StoreError} `limit` when the folder has too many different ones. */
export async function noteKeywords(
  tx: Transaction,
  folderId: number,
  keywords: readonly string[],
  most: number = mostInFolder,
): Promise<void> {
  const wanted = new Map(keywords.map((keyword) => [lowerAscii(keyword), keyword]));
  let added = 0;
  for (const [key, keyword] of wanted) {
    const { changes } = await tx.run(
      'INSERT INTO folder_keyword (folder_id, keyword_key, keyword) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      folderId,
      key,
      keyword,
    );
    added += changes;
  }
  if (added === 0) return;
  const row = await tx.get<{ count: number }>(
    'SELECT COUNT(*) AS count FROM folder_keyword WHERE folder_id = ?',
    folderId,
  );
  if ((row?.count ?? 0) > most) {
    throw new StoreError('limit', `A folder may have ${most} different keywords`);
  }
}

export async function listKeywords(tx: ReadTransaction, folderId: number): Promise<string[]> {
  const rows = await tx.all<{ keyword: string }>(
    'SELECT keyword FROM folder_keyword WHERE folder_id = ? ORDER BY keyword_key',
    folderId,
  );
  return rows.map((row) => row.keyword);
}
