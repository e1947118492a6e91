/**
 * What domains may do, and how much mailboxes have sent. Recipients are counted by spans of time, so that asking for
 * a day's sum reads some hundred rows however much was sent.
 */
export const migration = {
  id: 10,
  name: 'policies',
  statements: [
    `ALTER TABLE domain ADD COLUMN certified_only INTEGER NOT NULL DEFAULT 0 CHECK (certified_only IN (0, 1))`,
    // JSON list of domains, lower case, A-labels; NULL = no closed group.
    `ALTER TABLE domain ADD COLUMN closed_group TEXT`,
    // slot: first instant of the span.
    `CREATE TABLE sent_recipients (
       mailbox_id INTEGER NOT NULL REFERENCES mailbox (id),
       slot INTEGER NOT NULL,
       recipients INTEGER NOT NULL,
       PRIMARY KEY (mailbox_id, slot)
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX sent_recipients_slot ON sent_recipients (slot)`,
  ],
};
