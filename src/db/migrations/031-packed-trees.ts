/** Part trees are written deflated from now on; those that are there stay as they are and are read. */
export const migration = {
  id: 31,
  name: 'packed-trees',
  // With it `tree` is empty.
  statements: ['ALTER TABLE content_structure ADD COLUMN packed BLOB'],
};
