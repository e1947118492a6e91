/** The store of infected messages (RFC 6109 §2.2.4): kept 30 months by the provider that found them. */
export const migration = {
  id: 7,
  name: 'infected',
  statements: [
    `CREATE TABLE infected (
       id INTEGER PRIMARY KEY,
       at INTEGER NOT NULL,
       side TEXT NOT NULL CHECK (side IN ('access', 'incoming')),
       identificativo TEXT NOT NULL,
       sender TEXT NOT NULL,
       virus TEXT NOT NULL,
       facts TEXT NOT NULL,
       content_id INTEGER NOT NULL REFERENCES content (id)
     ) STRICT`,
    `CREATE INDEX infected_at ON infected (at)`,
    `CREATE INDEX infected_identificativo ON infected (identificativo)`,
    `CREATE INDEX infected_content ON infected (content_id)`,
  ],
};
