/**
 * What a mailbox sent last under each Message-ID, so that the sender's own copy can tell how its message fares. And
 * where a mailbox wants its receipts and its sent messages.
 */
export const migration = {
  id: 20,
  name: 'submissions',
  statements: [
    // digest: of the Message-ID as the client wrote it. message_id: row of pec_message; NULL = it was refused.
    `CREATE TABLE submission (
       digest BLOB NOT NULL,
       mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
       message_id INTEGER,
       at INTEGER NOT NULL,
       PRIMARY KEY (digest, mailbox_id)
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX submission_at ON submission (at)`,
    // Name of the folder receipts go to; NULL = the inbox.
    `ALTER TABLE mailbox ADD COLUMN receipts_folder TEXT`,
    `ALTER TABLE mailbox ADD COLUMN sent_copy INTEGER NOT NULL DEFAULT 0 CHECK (sent_copy IN (0, 1))`,
  ],
};
