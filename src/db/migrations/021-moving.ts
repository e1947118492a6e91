/** What was imported from other providers, so that another run takes only what is new; and what a backup is reading. */
export const migration = {
  id: 21,
  name: 'moving',
  statements: [
    // path: of the folder there.
    `CREATE TABLE import_folder (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
       host TEXT NOT NULL,
       user_name TEXT NOT NULL,
       path TEXT NOT NULL,
       UNIQUE (mailbox_id, host, user_name, path)
     ) STRICT`,
    // sha256: of all bytes. Each numbering (UIDVALIDITY) of the folder has its own UIDs.
    `CREATE TABLE import_message (
       import_id INTEGER NOT NULL REFERENCES import_folder (id) ON DELETE CASCADE,
       uid_validity INTEGER NOT NULL,
       uid INTEGER NOT NULL,
       size INTEGER NOT NULL,
       sha256 BLOB NOT NULL,
       PRIMARY KEY (import_id, uid_validity, uid)
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX import_message_digest ON import_message (import_id, sha256)`,
    // While a row's time has not passed no blob is removed: a backup copies what its snapshot names.
    `CREATE TABLE blob_hold (
       id TEXT PRIMARY KEY,
       until INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID`,
  ],
};
