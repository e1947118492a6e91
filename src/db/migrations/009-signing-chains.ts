/** The provider's own certificate chains, by the SHA-256 of the signing certificate. */
export const migration = {
  id: 9,
  name: 'signing-chains',
  statements: [
    `CREATE TABLE signing_chain (
       certificate TEXT PRIMARY KEY,
       chain BLOB NOT NULL,
       first_used_at INTEGER NOT NULL
     ) STRICT`,
  ],
};
