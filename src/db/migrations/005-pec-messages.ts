/**
 * One row per certified message and direction, one per message and recipient: the lifecycle that the notices,
 * the receipts and the 12/24 h watch are decided from. Rows of the log never depend on these.
 */
export const migration = {
  id: 5,
  name: 'pec-messages',
  statements: [
    `CREATE TABLE pec_message (
       id INTEGER PRIMARY KEY,
       direction TEXT NOT NULL CHECK (direction IN ('outgoing', 'incoming')),
       identificativo TEXT NOT NULL,
       node TEXT NOT NULL,
       at INTEGER NOT NULL,
       sender TEXT NOT NULL,
       sender_provider TEXT NOT NULL,
       mail_receipt TEXT NOT NULL,
       facts TEXT NOT NULL,
       receipt_kind TEXT NOT NULL,
       envelope_id INTEGER REFERENCES content (id),
       envelope_size INTEGER NOT NULL,
       eight_bit INTEGER NOT NULL,
       original_start INTEGER NOT NULL,
       original_end INTEGER NOT NULL,
       fingerprint BLOB,
       answered INTEGER NOT NULL,
       UNIQUE (direction, identificativo)
     ) STRICT`,
    `CREATE INDEX pec_message_unanswered ON pec_message (fingerprint) WHERE answered = 0`,
    `CREATE INDEX pec_message_envelope ON pec_message (envelope_id)`,
    `CREATE TABLE pec_recipient (
       id INTEGER PRIMARY KEY,
       message_id INTEGER NOT NULL REFERENCES pec_message (id),
       address TEXT NOT NULL,
       certified INTEGER NOT NULL,
       local INTEGER NOT NULL,
       receipt_kind TEXT NOT NULL,
       state TEXT NOT NULL,
       taken_at INTEGER,
       closed_at INTEGER,
       notice12_at INTEGER,
       notice24_at INTEGER,
       next_at INTEGER,
       attempts INTEGER NOT NULL DEFAULT 0,
       lease_owner TEXT,
       lease_until INTEGER,
       UNIQUE (message_id, address)
     ) STRICT`,
    `CREATE INDEX pec_recipient_due ON pec_recipient (next_at) WHERE next_at IS NOT NULL`,
  ],
};
