/**
 * Stored messages as lists of segments. Tables that point to a content declare it (`REFERENCES content (id)`)
 * with an index: the sweep finds them by that, and the database itself refuses to remove what is in use.
 */
export const migration = {
  id: 2,
  name: 'content',
  statements: [
    `CREATE TABLE content (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       size INTEGER NOT NULL,
       segments BLOB NOT NULL
     ) STRICT`,
    // Apart from content, so that writing it does not rewrite the message's bytes.
    `CREATE TABLE content_structure (
       content_id INTEGER PRIMARY KEY REFERENCES content (id) ON DELETE CASCADE,
       version INTEGER NOT NULL,
       tree TEXT NOT NULL
     ) STRICT`,
    `CREATE TABLE content_blob (
       content_id INTEGER NOT NULL REFERENCES content (id) ON DELETE CASCADE,
       blob TEXT NOT NULL,
       PRIMARY KEY (content_id, blob)
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX content_blob_blob ON content_blob (blob)`,
    // Contents that lost a reference: the only ones a sweep has to look at.
    `CREATE TABLE content_release (
       content_id INTEGER PRIMARY KEY REFERENCES content (id) ON DELETE CASCADE
     ) STRICT`,
    // Blobs that nothing points to. `waiting`: may still be used again; `removing`: the bytes may be gone at any
    // moment; `removed`: kept for a while, so that nobody who read an old list of segments uses it again.
    `CREATE TABLE blob_removal (
       blob TEXT PRIMARY KEY,
       state TEXT NOT NULL CHECK (state IN ('waiting', 'removing', 'removed')),
       since INTEGER NOT NULL
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX blob_removal_state ON blob_removal (state, since)`,
  ],
};
