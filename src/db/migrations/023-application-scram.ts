/** What SCRAM needs of an application password: with the salt of its login, so that either may be proved. */
export const migration = {
  id: 23,
  name: 'application-scram',
  statements: [
    `ALTER TABLE application_password ADD COLUMN scram_salt BLOB`,
    `ALTER TABLE application_password ADD COLUMN scram_iterations INTEGER`,
    `ALTER TABLE application_password ADD COLUMN scram_stored_key BLOB`,
    `ALTER TABLE application_password ADD COLUMN scram_server_key BLOB`,
  ],
};
