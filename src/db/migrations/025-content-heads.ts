/** Headers of messages for lists, searches and sorting: a part of what the part tree holds, read a thousand at a time. */
export const migration = {
  id: 25,
  name: 'content-heads',
  statements: [
    `CREATE TABLE content_head (
       content_id INTEGER PRIMARY KEY REFERENCES content (id) ON DELETE CASCADE,
       version INTEGER NOT NULL,
       fields TEXT NOT NULL
     ) STRICT`,
  ],
};
