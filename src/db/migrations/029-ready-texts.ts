/**
 * Texts made of a message once and kept beside it: its ENVELOPE and BODYSTRUCTURE as IMAP tells them, and the values of
 * its head folded for searches. Filled at the first need; what is missing or of another version is made again.
 */
const columns = `content_id INTEGER PRIMARY KEY REFERENCES content (id) ON DELETE CASCADE,
       version INTEGER NOT NULL,
       text TEXT NOT NULL`;

export const migration = {
  id: 29,
  name: 'ready-texts',
  statements: [
    `CREATE TABLE content_envelope (${columns}) STRICT`,
    `CREATE TABLE content_body_structure (${columns}) STRICT`,
    `CREATE TABLE content_folded_head (${columns}) STRICT`,
  ],
};
