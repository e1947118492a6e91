/**
 * Domains, mailboxes and who may log in to them. A removed mailbox keeps its row: the message log speaks of
 * its address for 30 months, and its id is never given to another.
 */
export const migration = {
  id: 1,
  name: 'accounts',
  statements: [
    // name: lower case, A-labels. NULL in a setting = the provider's default.
    `CREATE TABLE domain (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       name TEXT NOT NULL UNIQUE,
       created_at INTEGER NOT NULL,
       suspended_at INTEGER,
       default_quota_bytes INTEGER CHECK (default_quota_bytes >= 0),
       max_mailboxes INTEGER CHECK (max_mailboxes >= 0),
       ordinary_mail TEXT CHECK (ordinary_mail IN ('refuse', 'accept', 'forward'))
     ) STRICT`,
    // address: as its holder writes it; address_key: lower case, what is compared.
    `CREATE TABLE mailbox (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       domain_id INTEGER NOT NULL REFERENCES domain (id),
       address TEXT NOT NULL,
       address_key TEXT NOT NULL,
       display_name TEXT NOT NULL DEFAULT '',
       quota_bytes INTEGER NOT NULL CHECK (quota_bytes >= 0),
       ordinary_mail TEXT CHECK (ordinary_mail IN ('refuse', 'accept', 'forward')),
       forward_to TEXT,
       sending_blocked_at INTEGER,
       sending_blocked_reason TEXT,
       recipients_per_hour INTEGER CHECK (recipients_per_hour >= 0),
       recipients_per_day INTEGER CHECK (recipients_per_day >= 0),
       created_at INTEGER NOT NULL,
       removed_at INTEGER,
       emptied_at INTEGER
     ) STRICT`,
    `CREATE UNIQUE INDEX mailbox_address ON mailbox (address_key) WHERE removed_at IS NULL`,
    `CREATE INDEX mailbox_address_ever ON mailbox (address_key, id)`,
    `CREATE INDEX mailbox_domain ON mailbox (domain_id, address_key)`,
    `CREATE INDEX mailbox_to_empty ON mailbox (removed_at) WHERE removed_at IS NOT NULL AND emptied_at IS NULL`,
    // Further addresses that the mailbox may write as sender; its own address always counts.
    `CREATE TABLE sender_address (
       mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
       address_key TEXT NOT NULL,
       address TEXT NOT NULL,
       PRIMARY KEY (mailbox_id, address_key)
     ) STRICT, WITHOUT ROWID`,
    // password: PHC string.
    `CREATE TABLE login (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
       name TEXT NOT NULL,
       name_key TEXT NOT NULL UNIQUE,
       password TEXT NOT NULL,
       password_changed_at INTEGER NOT NULL,
       can_read INTEGER NOT NULL DEFAULT 1,
       can_write INTEGER NOT NULL DEFAULT 1,
       can_send INTEGER NOT NULL DEFAULT 1,
       can_manage INTEGER NOT NULL DEFAULT 1,
       created_at INTEGER NOT NULL,
       disabled_at INTEGER,
       last_used_at INTEGER
     ) STRICT`,
    `CREATE INDEX login_mailbox ON login (mailbox_id)`,
    // digest: SHA-256 of a generated secret of 100 bits or more, so that no slow hash is needed.
    `CREATE TABLE application_password (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       login_id INTEGER NOT NULL REFERENCES login (id) ON DELETE CASCADE,
       label TEXT NOT NULL,
       digest BLOB NOT NULL UNIQUE,
       scopes TEXT NOT NULL,
       created_at INTEGER NOT NULL,
       expires_at INTEGER,
       last_used_at INTEGER,
       revoked_at INTEGER
     ) STRICT`,
    `CREATE INDEX application_password_login ON application_password (login_id)`,
    `CREATE TABLE scram_key (
       login_id INTEGER NOT NULL REFERENCES login (id) ON DELETE CASCADE,
       mechanism TEXT NOT NULL,
       salt BLOB NOT NULL,
       iterations INTEGER NOT NULL,
       stored_key BLOB NOT NULL,
       server_key BLOB NOT NULL,
       PRIMARY KEY (login_id, mechanism)
     ) STRICT, WITHOUT ROWID`,
  ],
};
