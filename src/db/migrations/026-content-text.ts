/**
 * Full text: which messages may hold a text, by the groups of three characters in it. The index keeps no text and no
 * positions: what it names is read and looked into.
 */
export const migration = {
  id: 26,
  name: 'content-text',
  statements: [
    // The text comes folded: the tokenizer must not fold it another way.
    `CREATE VIRTUAL TABLE content_text USING fts5
       (text, content = '', contentless_delete = 1, detail = none, tokenize = 'trigram case_sensitive 1')`,
    // indexed: 0 for a message that is too large for the index; it is always read.
    `CREATE TABLE content_text_state (
       content_id INTEGER PRIMARY KEY REFERENCES content (id) ON DELETE CASCADE,
       indexed INTEGER NOT NULL
     ) STRICT`,
    `CREATE TRIGGER content_text_gone AFTER DELETE ON content_text_state WHEN OLD.indexed = 1
     BEGIN
       DELETE FROM content_text WHERE rowid = OLD.content_id;
     END`,
  ],
};
