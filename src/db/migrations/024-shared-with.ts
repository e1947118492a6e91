/** Rights to a folder are given to somebody, not to whoever goes by the name later. */
export const migration = {
  id: 24,
  name: 'shared-with',
  statements: [
    // NULL: `anyone`. Ids of mailboxes are never given to another.
    `ALTER TABLE folder_right ADD COLUMN mailbox_id INTEGER REFERENCES mailbox (id)`,
    `UPDATE folder_right SET mailbox_id = (SELECT mailbox_id FROM login
       WHERE name_key = LTRIM(identifier, '-')) WHERE LTRIM(identifier, '-') <> 'anyone'`,
    // Who cannot be found any more: nobody.
    `DELETE FROM folder_right WHERE mailbox_id IS NULL AND LTRIM(identifier, '-') <> 'anyone'`,
  ],
};
