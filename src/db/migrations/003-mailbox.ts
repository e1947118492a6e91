/**
 * Folders and messages as IMAP sees them (RFC 9051, RFC 7162). Counters stand in the folder's row and are
 * changed in the same transaction as the messages, so that STATUS never counts.
 */
export const migration = {
  id: 3,
  name: 'mailbox',
  statements: [
    `CREATE TABLE mailbox_use (
       mailbox_id INTEGER PRIMARY KEY REFERENCES mailbox (id),
       used_bytes INTEGER NOT NULL DEFAULT 0,
       used_messages INTEGER NOT NULL DEFAULT 0,
       last_uid_validity INTEGER NOT NULL DEFAULT 0
     ) STRICT`,
    // first_recent: first UID no session was told of as \Recent. vanished_since: tombstones of changes up to
    // this modseq are no longer kept.
    `CREATE TABLE folder (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
       name TEXT NOT NULL,
       special_use TEXT,
       uid_validity INTEGER NOT NULL,
       uid_next INTEGER NOT NULL DEFAULT 1,
       highest_modseq INTEGER NOT NULL DEFAULT 1,
       first_recent INTEGER NOT NULL DEFAULT 1,
       vanished_since INTEGER NOT NULL DEFAULT 0,
       messages INTEGER NOT NULL DEFAULT 0,
       unseen INTEGER NOT NULL DEFAULT 0,
       deleted INTEGER NOT NULL DEFAULT 0,
       recent INTEGER NOT NULL DEFAULT 0,
       size INTEGER NOT NULL DEFAULT 0,
       created_at INTEGER NOT NULL,
       UNIQUE (mailbox_id, name)
     ) STRICT`,
    `CREATE UNIQUE INDEX folder_special_use ON folder (mailbox_id, special_use) WHERE special_use IS NOT NULL`,
    // By name, also of folders that are gone (RFC 9051 §6.3.7).
    `CREATE TABLE subscription (
       mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
       name TEXT NOT NULL,
       PRIMARY KEY (mailbox_id, name)
     ) STRICT, WITHOUT ROWID`,
    // flags: 1 \Seen, 2 \Answered, 4 \Flagged, 8 \Deleted, 16 \Draft. keywords: as written, by spaces.
    `CREATE TABLE message (
       folder_id INTEGER NOT NULL REFERENCES folder (id),
       uid INTEGER NOT NULL,
       modseq INTEGER NOT NULL,
       flags INTEGER NOT NULL,
       keywords TEXT NOT NULL,
       size INTEGER NOT NULL,
       internal_date INTEGER NOT NULL,
       saved_at INTEGER NOT NULL,
       content_id INTEGER NOT NULL REFERENCES content (id),
       PRIMARY KEY (folder_id, uid)
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX message_modseq ON message (folder_id, modseq)`,
    `CREATE INDEX message_content ON message (content_id)`,
    // Tombstones: the UIDs from first_uid to last_uid that one change removed.
    `CREATE TABLE vanished (
       folder_id INTEGER NOT NULL REFERENCES folder (id),
       modseq INTEGER NOT NULL,
       first_uid INTEGER NOT NULL,
       last_uid INTEGER NOT NULL,
       PRIMARY KEY (folder_id, modseq, first_uid)
     ) STRICT, WITHOUT ROWID`,
    // Keywords ever used in the folder, in the spelling of the first use.
    `CREATE TABLE folder_keyword (
       folder_id INTEGER NOT NULL REFERENCES folder (id),
       keyword_key TEXT NOT NULL,
       keyword TEXT NOT NULL,
       PRIMARY KEY (folder_id, keyword_key)
     ) STRICT, WITHOUT ROWID`,
  ],
};
