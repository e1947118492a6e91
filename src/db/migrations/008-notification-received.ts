/** Which notifications came for which mailbox: one that comes again, because its sender lost our 250, is known. */
export const migration = {
  id: 8,
  name: 'notification-received',
  statements: [
    `CREATE TABLE notification_received (
       mail_id TEXT NOT NULL,
       mailbox_id INTEGER NOT NULL,
       at INTEGER NOT NULL,
       PRIMARY KEY (mail_id, mailbox_id)
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX notification_received_at ON notification_received (at)`,
  ],
};
