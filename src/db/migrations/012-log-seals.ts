/**
 * Seals over the message log, their time stamps, legal holds, and the one way in which entries may leave: a
 * whole sealed segment, the oldest first, older than the law asks, under no hold, with a signed record, and in
 * transactions that open and close the permission themselves. The triggers hold all of that against every
 * program that opens the file with this schema.
 */

/** The shortest thirty months; the program counts months exactly, this is what it cannot go below. */
const leastRetentionMs = 911 * 86_400_000;

const columns = `node, seq, at, type, identificativo, msgid, sender, subject, sending_provider, facts, generated,
  detail, prev_hash, hash`;

/**
 * Without the reference to the facts: no facts are removed while an entry names them, which the trigger below
 * sees to, and a reference would cost a search of the whole log for each of them.
 */
const rebuiltLog = [
  `CREATE TABLE message_log_rebuilt (
     node TEXT NOT NULL,
     seq INTEGER NOT NULL,
     at INTEGER NOT NULL,
     type TEXT NOT NULL,
     identificativo TEXT NOT NULL,
     msgid TEXT,
     sender TEXT NOT NULL,
     subject TEXT NOT NULL,
     sending_provider TEXT NOT NULL,
     facts BLOB NOT NULL,
     generated TEXT NOT NULL,
     detail TEXT NOT NULL,
     prev_hash BLOB NOT NULL,
     hash BLOB NOT NULL,
     PRIMARY KEY (node, seq)
   ) STRICT, WITHOUT ROWID`,
  `INSERT INTO message_log_rebuilt (${columns}) SELECT ${columns} FROM message_log ORDER BY node, seq`,
  'DROP TABLE message_log',
  'ALTER TABLE message_log_rebuilt RENAME TO message_log',
  'CREATE INDEX message_log_identificativo ON message_log (identificativo, at)',
  'CREATE INDEX message_log_msgid ON message_log (msgid, at) WHERE msgid IS NOT NULL',
  'CREATE INDEX message_log_at ON message_log (at)',
  `CREATE TRIGGER message_log_no_update BEFORE UPDATE ON message_log
     BEGIN SELECT RAISE(ABORT, 'the message log is never changed'); END`,
];

const sealTables = [
  `CREATE TABLE log_seal (
     node TEXT NOT NULL,
     number INTEGER NOT NULL CHECK (number >= 1),
     day TEXT NOT NULL,
     first_seq INTEGER NOT NULL,
     last_seq INTEGER NOT NULL,
     header TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     first_at INTEGER,
     last_at INTEGER,
     last_hash BLOB,
     root BLOB,
     subtree_roots BLOB,
     file_name TEXT,
     statement BLOB,
     sealed_at INTEGER,
     PRIMARY KEY (node, number),
     CHECK (last_seq >= first_seq)
   ) STRICT, WITHOUT ROWID`,
  `CREATE TRIGGER log_seal_order BEFORE INSERT ON log_seal
     WHEN NEW.number <> 1 + COALESCE((SELECT MAX(number) FROM log_seal WHERE node = NEW.node), 0)
       OR NEW.first_seq <> 1 + COALESCE((SELECT MAX(last_seq) FROM log_seal WHERE node = NEW.node), 0)
       OR NEW.last_seq > COALESCE((SELECT MAX(seq) FROM message_log WHERE node = NEW.node), 0)
     BEGIN SELECT RAISE(ABORT, 'a seal follows the one before it and covers entries that are there'); END`,
  // What is computed later is filled in once.
  `CREATE TRIGGER log_seal_no_update BEFORE UPDATE ON log_seal
     WHEN OLD.node IS NOT NEW.node OR OLD.number IS NOT NEW.number OR OLD.day IS NOT NEW.day
       OR OLD.first_seq IS NOT NEW.first_seq OR OLD.last_seq IS NOT NEW.last_seq
       OR OLD.header IS NOT NEW.header OR OLD.created_at IS NOT NEW.created_at
       OR (OLD.root IS NOT NULL AND (OLD.root IS NOT NEW.root OR OLD.subtree_roots IS NOT NEW.subtree_roots
         OR OLD.first_at IS NOT NEW.first_at OR OLD.last_at IS NOT NEW.last_at
         OR OLD.last_hash IS NOT NEW.last_hash OR OLD.file_name IS NOT NEW.file_name
         OR OLD.statement IS NOT NEW.statement))
       OR (OLD.sealed_at IS NOT NULL AND OLD.sealed_at IS NOT NEW.sealed_at)
     BEGIN SELECT RAISE(ABORT, 'a seal is never changed'); END`,
  `CREATE TRIGGER log_seal_no_delete BEFORE DELETE ON log_seal
     BEGIN SELECT RAISE(ABORT, 'seals are kept for ever'); END`,
  'CREATE INDEX log_seal_open ON log_seal (node, number) WHERE sealed_at IS NULL',
  `CREATE TABLE log_seal_stamp (
     node TEXT NOT NULL,
     number INTEGER NOT NULL,
     authority TEXT NOT NULL,
     token BLOB NOT NULL,
     time INTEGER NOT NULL,
     PRIMARY KEY (node, number, authority),
     FOREIGN KEY (node, number) REFERENCES log_seal (node, number)
   ) STRICT, WITHOUT ROWID`,
  `CREATE TRIGGER log_seal_stamp_no_update BEFORE UPDATE ON log_seal_stamp
     BEGIN SELECT RAISE(ABORT, 'a time stamp is never changed'); END`,
  `CREATE TRIGGER log_seal_stamp_no_delete BEFORE DELETE ON log_seal_stamp
     BEGIN SELECT RAISE(ABORT, 'time stamps are kept for ever'); END`,
  // One process at a time seals a stream.
  `CREATE TABLE log_seal_lease (
     node TEXT PRIMARY KEY,
     owner TEXT NOT NULL,
     until INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID`,
];

/** A hold stops a segment that it reaches: in time, and by mailbox or message where it names one. */
const heldBack = `EXISTS (SELECT 1 FROM log_hold h JOIN log_seal s ON s.node = NEW.node AND s.number = NEW.number
  WHERE h.lifted_at IS NULL AND h.from_at <= s.last_at AND h.to_at >= s.first_at
    AND (h.address_key IS NULL OR EXISTS (SELECT 1 FROM message_log_address a
      WHERE a.address_key = h.address_key AND a.node = s.node AND a.at BETWEEN s.first_at AND s.last_at))
    AND (h.identificativo IS NULL OR EXISTS (SELECT 1 FROM message_log l
      WHERE l.identificativo = h.identificativo AND l.node = s.node AND l.at BETWEEN s.first_at AND s.last_at)))`;

const holdTable = [
  `CREATE TABLE log_hold (
     id INTEGER PRIMARY KEY AUTOINCREMENT,
     reason TEXT NOT NULL,
     from_at INTEGER NOT NULL,
     to_at INTEGER NOT NULL,
     address_key TEXT,
     identificativo TEXT,
     added_by TEXT NOT NULL,
     added_at INTEGER NOT NULL,
     lifted_by TEXT,
     lifted_at INTEGER
   ) STRICT`,
  'CREATE INDEX log_hold_active ON log_hold (id) WHERE lifted_at IS NULL',
  `CREATE TRIGGER log_hold_no_update BEFORE UPDATE ON log_hold
     WHEN OLD.lifted_at IS NOT NULL OR NEW.lifted_at IS NULL OR OLD.id IS NOT NEW.id
       OR OLD.reason IS NOT NEW.reason OR OLD.from_at IS NOT NEW.from_at OR OLD.to_at IS NOT NEW.to_at
       OR OLD.address_key IS NOT NEW.address_key OR OLD.identificativo IS NOT NEW.identificativo
       OR OLD.added_by IS NOT NEW.added_by OR OLD.added_at IS NOT NEW.added_at
     BEGIN SELECT RAISE(ABORT, 'a hold is lifted, never changed'); END`,
  `CREATE TRIGGER log_hold_no_delete BEFORE DELETE ON log_hold
     BEGIN SELECT RAISE(ABORT, 'holds are kept, also when they are lifted'); END`,
];

const removalTables = [
  // The only value it ever holds is 0: a transaction that leaves a permission open (1) cannot be committed.
  'CREATE TABLE log_removal_closed (value INTEGER PRIMARY KEY CHECK (value = 0)) STRICT',
  'INSERT INTO log_removal_closed (value) VALUES (0)',
  `CREATE TRIGGER log_removal_closed_no_delete BEFORE DELETE ON log_removal_closed
     BEGIN SELECT RAISE(ABORT, 'this row is part of the schema'); END`,
  `CREATE TABLE log_removal (
     node TEXT NOT NULL,
     number INTEGER NOT NULL,
     first_seq INTEGER NOT NULL,
     last_seq INTEGER NOT NULL,
     record BLOB NOT NULL,
     recorded_at INTEGER NOT NULL,
     removed_through INTEGER NOT NULL,
     open INTEGER NOT NULL DEFAULT 0
       REFERENCES log_removal_closed (value) DEFERRABLE INITIALLY DEFERRED,
     finished_at INTEGER,
     PRIMARY KEY (node, number),
     FOREIGN KEY (node, number) REFERENCES log_seal (node, number)
   ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX log_removal_open ON log_removal (open) WHERE open = 1',
  `CREATE TRIGGER log_removal_order BEFORE INSERT ON log_removal
     WHEN NEW.open <> 0 OR NEW.finished_at IS NOT NULL OR NEW.removed_through <> NEW.first_seq - 1
       OR NEW.number <> 1 + COALESCE((SELECT MAX(number) FROM log_removal WHERE node = NEW.node), 0)
       OR EXISTS (SELECT 1 FROM log_removal WHERE node = NEW.node AND finished_at IS NULL)
       OR NOT EXISTS (SELECT 1 FROM log_seal s WHERE s.node = NEW.node AND s.number = NEW.number
         AND s.sealed_at IS NOT NULL AND s.first_seq = NEW.first_seq AND s.last_seq = NEW.last_seq
         AND s.last_at <= NEW.recorded_at - ${leastRetentionMs})
     BEGIN SELECT RAISE(ABORT, 'only the oldest sealed segment leaves the message log, after thirty months'); END`,
  `CREATE TRIGGER log_removal_held BEFORE INSERT ON log_removal WHEN ${heldBack}
     BEGIN SELECT RAISE(ABORT, 'a legal hold keeps this segment'); END`,
  `CREATE TRIGGER log_removal_no_update BEFORE UPDATE ON log_removal
     WHEN OLD.finished_at IS NOT NULL OR OLD.node IS NOT NEW.node OR OLD.number IS NOT NEW.number
       OR OLD.first_seq IS NOT NEW.first_seq OR OLD.last_seq IS NOT NEW.last_seq
       OR OLD.record IS NOT NEW.record OR OLD.recorded_at IS NOT NEW.recorded_at
       OR NEW.removed_through < OLD.removed_through OR NEW.removed_through > OLD.last_seq
     BEGIN SELECT RAISE(ABORT, 'the record of a removal is never changed'); END`,
  `CREATE TRIGGER log_removal_reopened BEFORE UPDATE OF open ON log_removal WHEN NEW.open = 1 AND ${heldBack}
     BEGIN SELECT RAISE(ABORT, 'a legal hold keeps this segment'); END`,
  `CREATE TRIGGER log_removal_no_delete BEFORE DELETE ON log_removal
     BEGIN SELECT RAISE(ABORT, 'records of removals are kept for ever'); END`,
];

const openFor = `SELECT 1 FROM log_removal r WHERE r.open = 1 AND r.node = OLD.node
  AND OLD.seq BETWEEN r.first_seq AND r.last_seq`;

const guards = [
  `CREATE TRIGGER message_log_no_delete BEFORE DELETE ON message_log WHEN NOT EXISTS (${openFor})
     BEGIN SELECT RAISE(ABORT, 'nothing is removed from the message log'); END`,
  'DROP TRIGGER message_log_address_no_delete',
  `CREATE TRIGGER message_log_address_no_delete BEFORE DELETE ON message_log_address
     WHEN NOT EXISTS (${openFor})
     BEGIN SELECT RAISE(ABORT, 'nothing is removed from the message log'); END`,
  'DROP TRIGGER message_log_facts_no_delete',
  `CREATE TRIGGER message_log_facts_no_delete BEFORE DELETE ON message_log_facts
     WHEN NOT EXISTS (SELECT 1 FROM log_removal WHERE open = 1)
       OR EXISTS (SELECT 1 FROM message_log
         WHERE identificativo = json_extract(OLD.facts, '$.identificativo') AND facts = OLD.digest)
     BEGIN SELECT RAISE(ABORT, 'nothing is removed from the message log'); END`,
  // After everything was sealed and removed the numbers still go on.
  `CREATE TRIGGER message_log_order BEFORE INSERT ON message_log
     WHEN NEW.seq <> 1 + MAX(COALESCE((SELECT MAX(seq) FROM message_log WHERE node = NEW.node), 0),
       COALESCE((SELECT MAX(last_seq) FROM log_removal WHERE node = NEW.node), 0))
     BEGIN SELECT RAISE(ABORT, 'the message log has no gaps and no second row of a number'); END`,
];

export const migration = {
  id: 12,
  name: 'log-seals',
  statements: [...rebuiltLog, ...sealTables, ...holdTable, ...removalTables, ...guards],
};
