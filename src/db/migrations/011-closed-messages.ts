/** Finding messages by age: those whose envelope is still kept, and all. */
export const migration = {
  id: 11,
  name: 'closed-messages',
  statements: [
    `CREATE INDEX pec_message_kept ON pec_message (at) WHERE envelope_id IS NOT NULL`,
    `CREATE INDEX pec_message_at ON pec_message (at)`,
  ],
};
