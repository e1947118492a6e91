/**
 * The message log (log dei messaggi): rows are added and never changed or removed; the triggers hold that
 * against every program that opens the file with this schema. One stream a node, numbered without gaps and
 * chained by hash. The facts of a message stand once, by their digest, however many events speak of it.
 */
const guarded = ['message_log', 'message_log_facts', 'message_log_address'];

const guards = guarded.flatMap((table) => [
  `CREATE TRIGGER ${table}_no_update BEFORE UPDATE ON ${table}
     BEGIN SELECT RAISE(ABORT, 'the message log is never changed'); END`,
  `CREATE TRIGGER ${table}_no_delete BEFORE DELETE ON ${table}
     BEGIN SELECT RAISE(ABORT, 'nothing is removed from the message log'); END`,
]);

export const migration = {
  id: 4,
  name: 'message-log',
  statements: [
    `CREATE TABLE message_log_facts (
       digest BLOB PRIMARY KEY,
       facts TEXT NOT NULL
     ) STRICT, WITHOUT ROWID`,
    // The columns of RFC 6109 §2.3 by name; the recipients are in the facts.
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
       facts BLOB NOT NULL REFERENCES message_log_facts (digest),
       generated TEXT NOT NULL,
       detail TEXT NOT NULL,
       prev_hash BLOB NOT NULL,
       hash BLOB NOT NULL,
       PRIMARY KEY (node, seq)
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX message_log_identificativo ON message_log (identificativo, at)`,
    `CREATE INDEX message_log_msgid ON message_log (msgid, at) WHERE msgid IS NOT NULL`,
    `CREATE INDEX message_log_at ON message_log (at)`,
    // Who an event concerns, lower case: its sender, and the recipients that it is about.
    `CREATE TABLE message_log_address (
       address_key TEXT NOT NULL,
       at INTEGER NOT NULL,
       node TEXT NOT NULL,
       seq INTEGER NOT NULL,
       role TEXT NOT NULL,
       PRIMARY KEY (address_key, at, node, seq, role)
     ) STRICT, WITHOUT ROWID`,
    `CREATE TRIGGER message_log_order BEFORE INSERT ON message_log
       WHEN NEW.seq <> 1 + COALESCE((SELECT MAX(seq) FROM message_log WHERE node = NEW.node), 0)
       BEGIN SELECT RAISE(ABORT, 'the message log has no gaps and no second row of a number'); END`,
    ...guards,
  ],
};
