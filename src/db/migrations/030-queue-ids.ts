/**
 * The number of a row in the outgoing queue is never given out again: an answer that is recorded late, when a receipt has
 * closed the row already, must not meet the row of another message.
 */
const columns = `id, node, kind, identificativo, message_id, mail_id, content_id, skip, size, eight_bit, reverse_path,
  recipient, domain, certified, queued_at, expires_at, next_at, attempts, held, last_code, last_enhanced, last_text,
  lease_owner, lease_until`;

export const migration = {
  id: 30,
  name: 'queue-ids',
  statements: [
    `CREATE TABLE outgoing_rebuilt (
       id INTEGER PRIMARY KEY AUTOINCREMENT,
       node TEXT NOT NULL,
       kind TEXT NOT NULL,
       identificativo TEXT NOT NULL,
       message_id INTEGER,
       mail_id TEXT NOT NULL,
       content_id INTEGER NOT NULL REFERENCES content (id),
       skip INTEGER NOT NULL,
       size INTEGER NOT NULL,
       eight_bit INTEGER NOT NULL,
       reverse_path TEXT NOT NULL,
       recipient TEXT NOT NULL,
       domain TEXT NOT NULL,
       certified INTEGER NOT NULL,
       queued_at INTEGER NOT NULL,
       expires_at INTEGER NOT NULL,
       next_at INTEGER NOT NULL,
       attempts INTEGER NOT NULL DEFAULT 0,
       held INTEGER NOT NULL DEFAULT 0,
       last_code INTEGER,
       last_enhanced TEXT,
       last_text TEXT,
       lease_owner TEXT,
       lease_until INTEGER
     ) STRICT`,
    `INSERT INTO outgoing_rebuilt (${columns}) SELECT ${columns} FROM outgoing ORDER BY id`,
    'DROP TABLE outgoing',
    'ALTER TABLE outgoing_rebuilt RENAME TO outgoing',
    'CREATE INDEX outgoing_due ON outgoing (next_at) WHERE held = 0',
    'CREATE INDEX outgoing_content ON outgoing (content_id)',
    'CREATE INDEX outgoing_message ON outgoing (message_id, recipient)',
  ],
};
