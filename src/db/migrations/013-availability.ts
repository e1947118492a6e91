/**
 * When each node served: one row a run, its last heartbeat moved on each minute. What lies between two runs of all
 * nodes is an outage; `ended_at` says that the run was ended in order.
 */
export const migration = {
  id: 13,
  name: 'availability',
  statements: [
    `CREATE TABLE service_run (
       node TEXT NOT NULL,
       began_at INTEGER NOT NULL,
       last_at INTEGER NOT NULL,
       ended_at INTEGER,
       PRIMARY KEY (node, began_at)
     ) STRICT, WITHOUT ROWID`,
    `CREATE INDEX service_run_last ON service_run (last_at)`,
  ],
};
