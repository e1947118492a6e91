/** Where an imported message stands, and the flags it had there at the last look: so that changes there can be followed. */
export const migration = {
  id: 28,
  name: 'import-flags',
  statements: [
    // The message here; it may be gone. Empty for what was imported before.
    'ALTER TABLE import_message ADD COLUMN folder_id INTEGER',
    'ALTER TABLE import_message ADD COLUMN local_uid INTEGER',
    // By spaces, in order.
    'ALTER TABLE import_message ADD COLUMN flags TEXT',
  ],
};
