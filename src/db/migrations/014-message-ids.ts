/**
 * Finding messages of a mailbox by the Message-ID in their header: the sender's own copy of a certified message, and
 * the messages of one conversation.
 */
export const migration = {
  id: 14,
  name: 'message-ids',
  statements: [
    // As in the header, on one line. NULL: none, one that is too long, or a message stored before this column was.
    `ALTER TABLE message ADD COLUMN message_id TEXT`,
    // Bulk mail stands in many mailboxes under one id: the folder keeps a search within its mailbox.
    `CREATE INDEX message_message_id ON message (message_id, folder_id) WHERE message_id IS NOT NULL`,
  ],
};
