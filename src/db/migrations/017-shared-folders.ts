/** What IMAP keeps beside messages: who may use a folder, remarks on folders, and which messages belong together. */
export const migration = {
  id: 17,
  name: 'shared-folders',
  statements: [
    // Access control lists (RFC 4314). identifier: a login's name or a mailbox's address in lower case, or
    // `anyone`; a leading `-` takes rights away. rights: the letters, without the old c and d.
    `CREATE TABLE folder_right (
       folder_id INTEGER NOT NULL REFERENCES folder (id) ON DELETE CASCADE,
       identifier TEXT NOT NULL,
       rights TEXT NOT NULL,
       PRIMARY KEY (folder_id, identifier)
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX folder_right_identifier ON folder_right (identifier, folder_id)`,
    // Annotations (RFC 5464). entry: lower case, without /shared or /private. login_id NULL: shared by all.
    `CREATE TABLE folder_annotation (
       folder_id INTEGER NOT NULL REFERENCES folder (id) ON DELETE CASCADE,
       login_id INTEGER REFERENCES login (id) ON DELETE CASCADE,
       entry TEXT NOT NULL,
       value BLOB NOT NULL
     ) STRICT`,
    `CREATE UNIQUE INDEX folder_annotation_entry ON folder_annotation (folder_id, COALESCE(login_id, 0), entry)`,
    `CREATE INDEX folder_annotation_login ON folder_annotation (login_id) WHERE login_id IS NOT NULL`,
    `CREATE TABLE login_annotation (
       login_id INTEGER NOT NULL REFERENCES login (id) ON DELETE CASCADE,
       entry TEXT NOT NULL,
       value BLOB NOT NULL,
       PRIMARY KEY (login_id, entry)
     ) STRICT, WITHOUT ROWID`,
    // Threads (THREADID, RFC 8474). A content is looked at when somebody asks first; then its thread stands.
    `CREATE TABLE thread (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       mailbox_id INTEGER NOT NULL REFERENCES mailbox (id)
     ) STRICT`,
    `CREATE INDEX thread_mailbox ON thread (mailbox_id)`,
    `CREATE TABLE content_thread (
       content_id INTEGER NOT NULL REFERENCES content (id) ON DELETE CASCADE,
       mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
       thread_id INTEGER NOT NULL,
       PRIMARY KEY (content_id, mailbox_id)
     ) STRICT, WITHOUT ROWID`,
    // digest: of a message id that a message of the thread has or refers to.
    `CREATE TABLE thread_reference (
       mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
       digest BLOB NOT NULL,
       thread_id INTEGER NOT NULL,
       PRIMARY KEY (mailbox_id, digest)
     ) STRICT, WITHOUT ROWID`,
  ],
};
