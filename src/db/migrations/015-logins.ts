/**
 * Logins and application passwords: when, from where and by which protocol each was used last, and a count that
 * moves with every change of who may log in.
 */
export const migration = {
  id: 15,
  name: 'logins',
  statements: [
    // last_used_from: address of the client. last_used_by: imap, pop3, smtp, web.
    `ALTER TABLE login ADD COLUMN last_used_from TEXT`,
    `ALTER TABLE login ADD COLUMN last_used_by TEXT`,
    `ALTER TABLE application_password ADD COLUMN last_used_from TEXT`,
    `ALTER TABLE application_password ADD COLUMN last_used_by TEXT`,
    `ALTER TABLE application_password ADD COLUMN read_only INTEGER NOT NULL DEFAULT 0 CHECK (read_only IN (0, 1))`,
    // One row. What another process changed is seen by it: open sessions are then looked at again.
    `CREATE TABLE login_change (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       serial INTEGER NOT NULL
     ) STRICT`,
    `INSERT INTO login_change VALUES (1, 1)`,
  ],
};
