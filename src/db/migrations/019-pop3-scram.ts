/**
 * POP3: who has a mailbox to himself and until when, and how many octets more than stored a message has when every
 * line ends in CRLF. Mailboxes can be told which capabilities to keep back from programs that trip on them. The secret
 * from which SCRAM salts of names that are not there are made.
 */
export const migration = {
  id: 19,
  name: 'pop3-scram',
  statements: [
    // until: after it the lock is nobody's: its session's process is gone.
    `CREATE TABLE maildrop_lock (
       mailbox_id INTEGER PRIMARY KEY REFERENCES mailbox (id),
       process TEXT NOT NULL,
       session INTEGER NOT NULL,
       until INTEGER NOT NULL
     ) STRICT`,
    `CREATE INDEX maildrop_lock_process ON maildrop_lock (process)`,
    `ALTER TABLE content ADD COLUMN line_end_octets INTEGER NOT NULL DEFAULT 0`,
    // JSON list of capability names, upper case; NULL = all are offered.
    `ALTER TABLE mailbox ADD COLUMN without_capabilities TEXT`,
    `CREATE TABLE scram_secret (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       secret BLOB NOT NULL
     ) STRICT`,
  ],
};
