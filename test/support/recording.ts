/** A database that keeps every text of SQL that runs through it, to ask later how each would be carried out. */
import type { Database, ReadTransaction, SqlValue, Transaction } from '../../src/db/database.ts';

export interface RecordingDatabase extends Database {
  readonly texts: ReadonlySet<string>;
}

export function createRecordingDatabase(inner: Database): RecordingDatabase {
  const texts = new Set<string>();
  const note = (sql: string) => texts.add(sql.replace(/\s+/g, ' ').trim());
  const reading = (tx: ReadTransaction): ReadTransaction => ({
    get: <T>(sql: string, ...values: SqlValue[]) => {
      note(sql);
      return tx.get<T>(sql, ...values);
    },
    all: <T>(sql: string, ...values: SqlValue[]) => {
      note(sql);
      return tx.all<T>(sql, ...values);
    },
  });
  const writing = (tx: Transaction): Transaction => ({
    ...reading(tx),
    run: (sql, ...values) => {
      note(sql);
      return tx.run(sql, ...values);
    },
    afterCommit: (action) => tx.afterCommit(action),
    notify: (topic, payload) => tx.notify(topic, payload),
  });
  return {
    texts,
    dialect: inner.dialect,
    read: (fn) => inner.read((tx) => fn(reading(tx))),
    transact: (fn) => inner.transact((tx) => fn(writing(tx))),
    listen: (topic, listener) => inner.listen(topic, listener),
    close: () => inner.close(),
  };
}
