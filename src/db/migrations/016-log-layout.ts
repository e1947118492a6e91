/**
 * The message log laid out for its size: its rows are about a kilobyte and some twice that, which SQLite stores
 * without waste only in a table with row numbers (one without cuts them into pages of their own from a quarter of a
 * page on). The facts of messages stand in the order they came, found by a small index; the client's Message-ID is
 * looked up there, once a message and not once an entry. What guards the log stands as it stood.
 */
const columns = `node, seq, at, type, identificativo, msgid, sender, subject, sending_provider, facts, generated,
  detail, prev_hash, hash`;

const openFor = `SELECT 1 FROM log_removal r WHERE r.open = 1 AND r.node = OLD.node
  AND OLD.seq BETWEEN r.first_seq AND r.last_seq`;

/** Copied aside and back: to rename a table that triggers of others name is refused. */
const rows = [
  `CREATE TABLE message_log_aside AS SELECT ${columns} FROM message_log`,
  'DROP TABLE message_log',
  `CREATE TABLE message_log (
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
     hash BLOB NOT NULL
   ) STRICT`,
  `INSERT INTO message_log (${columns}) SELECT ${columns} FROM message_log_aside ORDER BY at, node, seq`,
  'DROP TABLE message_log_aside',
  'CREATE UNIQUE INDEX message_log_place ON message_log (node, seq)',
  'CREATE INDEX message_log_identificativo ON message_log (identificativo, at)',
  'CREATE INDEX message_log_at ON message_log (at)',
  `CREATE TRIGGER message_log_no_update BEFORE UPDATE ON message_log
     BEGIN SELECT RAISE(ABORT, 'the message log is never changed'); END`,
  `CREATE TRIGGER message_log_no_delete BEFORE DELETE ON message_log WHEN NOT EXISTS (${openFor})
     BEGIN SELECT RAISE(ABORT, 'nothing is removed from the message log'); END`,
  `CREATE TRIGGER message_log_order BEFORE INSERT ON message_log
     WHEN NEW.seq <> 1 + MAX(COALESCE((SELECT MAX(seq) FROM message_log WHERE node = NEW.node), 0),
       COALESCE((SELECT MAX(last_seq) FROM log_removal WHERE node = NEW.node), 0))
     BEGIN SELECT RAISE(ABORT, 'the message log has no gaps and no second row of a number'); END`,
];

const facts = [
  'CREATE TABLE message_log_facts_aside AS SELECT digest, facts FROM message_log_facts',
  'DROP TABLE message_log_facts',
  `CREATE TABLE message_log_facts (
     digest BLOB NOT NULL,
     facts TEXT NOT NULL,
     identificativo TEXT GENERATED ALWAYS AS (json_extract(facts, '$.identificativo')) VIRTUAL,
     msgid TEXT GENERATED ALWAYS AS (json_extract(facts, '$.msgid')) VIRTUAL
   ) STRICT`,
  'INSERT INTO message_log_facts (digest, facts) SELECT digest, facts FROM message_log_facts_aside',
  'DROP TABLE message_log_facts_aside',
  'CREATE UNIQUE INDEX message_log_facts_digest ON message_log_facts (digest)',
  'CREATE INDEX message_log_facts_msgid ON message_log_facts (msgid) WHERE msgid IS NOT NULL',
  `CREATE TRIGGER message_log_facts_no_update BEFORE UPDATE ON message_log_facts
     BEGIN SELECT RAISE(ABORT, 'the message log is never changed'); END`,
  `CREATE TRIGGER message_log_facts_no_delete BEFORE DELETE ON message_log_facts
     WHEN NOT EXISTS (SELECT 1 FROM log_removal WHERE open = 1)
       OR EXISTS (SELECT 1 FROM message_log
         WHERE identificativo = json_extract(OLD.facts, '$.identificativo') AND facts = OLD.digest)
     BEGIN SELECT RAISE(ABORT, 'nothing is removed from the message log'); END`,
];

export const migration = { id: 16, name: 'log-layout', statements: [...rows, ...facts] };
