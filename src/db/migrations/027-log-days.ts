/**
 * The indexes of the message log laid out by day, so that adding an entry touches the pages of its day and costs the
 * same in a log of any length: with the address first, or a digest, or a Message-ID chosen by a client, each entry
 * meant pages drawn from the whole of an index that grows for thirty months. The facts of a message are found by its
 * identificativo. A day is 24 hours of UTC: it orders pages and has no meaning in law.
 */
const dayMs = 86_400_000;

const openFor = `SELECT 1 FROM log_removal r WHERE r.open = 1 AND r.node = OLD.node
  AND OLD.seq BETWEEN r.first_seq AND r.last_seq`;

/**
 * A hold stops a segment that it reaches: in time, and by mailbox or message where it names one. A segment is one
 * legal day, which two days of UTC cover; of one that is longer, because a clock went wrong, nothing leaves.
 */
const heldBack = `EXISTS (SELECT 1 FROM log_hold h JOIN log_seal s ON s.node = NEW.node AND s.number = NEW.number
  WHERE h.lifted_at IS NULL AND h.from_at <= s.last_at AND h.to_at >= s.first_at
    AND (h.address_key IS NULL OR s.last_at / ${dayMs} - s.first_at / ${dayMs} > 1
      OR EXISTS (SELECT 1 FROM message_log_address a
        WHERE a.day IN (s.first_at / ${dayMs}, s.last_at / ${dayMs}) AND a.address_key = h.address_key
          AND a.node = s.node AND a.at BETWEEN s.first_at AND s.last_at))
    AND (h.identificativo IS NULL OR EXISTS (SELECT 1 FROM message_log l
      WHERE l.identificativo = h.identificativo AND l.node = s.node AND l.at BETWEEN s.first_at AND s.last_at)))`;

/** Sorted on its way, so that the new table is written from its beginning to its end. */
const addresses = [
  // To rename a table that triggers of others name is refused.
  'DROP TRIGGER log_removal_held',
  'DROP TRIGGER log_removal_reopened',
  `CREATE TABLE message_log_address_by_day (
     day INTEGER NOT NULL CHECK (day = at / ${dayMs}),
     address_key TEXT NOT NULL,
     at INTEGER NOT NULL,
     node TEXT NOT NULL,
     seq INTEGER NOT NULL,
     role TEXT NOT NULL,
     PRIMARY KEY (day, address_key, at, node, seq, role)
   ) STRICT, WITHOUT ROWID`,
  `INSERT INTO message_log_address_by_day (day, address_key, at, node, seq, role)
     SELECT at / ${dayMs}, address_key, at, node, seq, role FROM message_log_address ORDER BY 1, 2, 3, 4, 5, 6`,
  'DROP TABLE message_log_address',
  'ALTER TABLE message_log_address_by_day RENAME TO message_log_address',
  `CREATE TRIGGER message_log_address_no_update BEFORE UPDATE ON message_log_address
     BEGIN SELECT RAISE(ABORT, 'the message log is never changed'); END`,
  `CREATE TRIGGER message_log_address_no_delete BEFORE DELETE ON message_log_address
     WHEN NOT EXISTS (${openFor})
     BEGIN SELECT RAISE(ABORT, 'nothing is removed from the message log'); END`,
  `CREATE TRIGGER log_removal_held BEFORE INSERT ON log_removal WHEN ${heldBack}
     BEGIN SELECT RAISE(ABORT, 'a legal hold keeps this segment'); END`,
  `CREATE TRIGGER log_removal_reopened BEFORE UPDATE OF open ON log_removal WHEN NEW.open = 1 AND ${heldBack}
     BEGIN SELECT RAISE(ABORT, 'a legal hold keeps this segment'); END`,
];

/** Those that were there before share day 0, whose part of the index does not grow any more. */
const facts = [
  'ALTER TABLE message_log_facts ADD COLUMN day INTEGER NOT NULL DEFAULT 0',
  'DROP INDEX message_log_facts_digest',
  'CREATE UNIQUE INDEX message_log_facts_message ON message_log_facts (identificativo, digest)',
  'DROP INDEX message_log_facts_msgid',
  'CREATE INDEX message_log_facts_msgid ON message_log_facts (day, msgid) WHERE msgid IS NOT NULL',
];

export const migration = { id: 27, name: 'log-days', statements: [...addresses, ...facts] };
