/** Deliveries here and time limits are asked for apart: neither walks over the rows of the other. */
export const migration = {
  id: 18,
  name: 'due-recipients',
  statements: [
    'DROP INDEX pec_recipient_due',
    'CREATE INDEX pec_recipient_due ON pec_recipient (local, next_at) WHERE next_at IS NOT NULL',
  ],
};
