/** Which columns point to a table: asked of the schema itself, so that no list of them can be forgotten. */
import type { Database } from './database.ts';

export interface Reference {
  readonly table: string;
  readonly column: string;
}

/** Columns declared `REFERENCES <table>`, but for those whose rows go with the row they point to. */
export async function findReferences(db: Database, table: string): Promise<Reference[]> {
  if (db.dialect !== 'sqlite') throw new Error(`the schema of ${db.dialect} cannot be read yet`);
  const rows = await db.read((tx) =>
    tx.all<{ table: string; column: string }>(
      `SELECT s.name AS "table", f."from" AS "column"
         FROM sqlite_schema s JOIN pragma_foreign_key_list(s.name) f
        WHERE s.type = 'table' AND f."table" = ? AND f.on_delete <> 'CASCADE' ORDER BY 1, 2`,
      table,
    ),
  );
  return rows.map(({ table: from, column }) => ({ table: from, column }));
}
