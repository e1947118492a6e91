/**
 * The indexes that find an entry by its number, its message or its time: copies of what the entries say, kept by the
 * database and under no seal. A bit that turns over there hides an entry that is whole; the database itself can tell.
 */
import type { Database, ReadTransaction } from '../../db/database.ts';
import type { Findings, LogFinding } from './findings.ts';
import { nameUnreadable } from './unreadable.ts';

const tables = [
  'message_log',
  'message_log_facts',
  'message_log_address',
  'log_seal',
  'log_seal_stamp',
  'log_hold',
  'log_removal',
] as const;
type LogTable = (typeof tables)[number];

/** What each index finds an entry by, for people. */
const foundBy: Readonly<Record<string, string>> = {
  message_log_place: 'its number',
  message_log_identificativo: 'its identificativo',
  message_log_at: 'its time',
  message_log_facts_message: 'its facts',
  message_log_facts_msgid: 'its Message-ID',
};

/** Each row that is looked up is counted off from the beginning: not for a whole destroyed file. */
const mostNamed = 20;

/** Reads the tables of the log against their indexes; where the database cannot say, nothing is found. */
export async function checkIndexes(db: Database, findings: Findings): Promise<void> {
  if (db.dialect !== 'sqlite') return;
  for (const table of tables)
    await nameUnreadable(findings, `the table ${table}`, () => checkTable(db, table, findings));
}

async function checkTable(db: Database, table: LogTable, findings: Findings): Promise<void> {
  const told = await db.read((tx) => tx.all<{ integrity_check: string }>(`PRAGMA integrity_check(${table})`));
  const damages = told.map(({ integrity_check: text }) => text).filter((text) => text !== 'ok');
  for (const [index, text] of damages.entries())
    findings.add(
      index < mostNamed ? await db.read((tx) => nameDamage(tx, table, text)) : describe(table, text),
    );
}

async function nameDamage(tx: ReadTransaction, table: LogTable, text: string): Promise<LogFinding> {
  const [, count, index = ''] = /^row (\d+) missing from index (\w+)$/.exec(text) ?? [];
  const entry = count === undefined ? undefined : await findEntry(tx, table, Number(count));
  if (entry === undefined) return describe(table, text);
  const by = foundBy[index] ?? index;
  return { code: 'index-wrong', ...entry, text: `the entry is not found by ${by} any more` };
}

function describe(table: LogTable, text: string): LogFinding {
  return { code: 'index-wrong', node: '', text: `${table} in the database is damaged: ${text}` };
}

/** The entry of the row that the database counted; of facts the first that names them. */
function findEntry(
  tx: ReadTransaction,
  table: LogTable,
  count: number,
): Promise<{ readonly node: string; readonly seq: number } | undefined> {
  const row = 'NOT INDEXED ORDER BY rowid LIMIT 1 OFFSET ?';
  if (table === 'message_log') return tx.get(`SELECT node, seq FROM message_log ${row}`, count - 1);
  if (table !== 'message_log_facts') return Promise.resolve(undefined);
  return tx.get(
    `SELECT l.node, l.seq FROM message_log l, (SELECT identificativo, digest FROM message_log_facts ${row}) f
       WHERE l.identificativo = f.identificativo AND l.facts = f.digest ORDER BY l.at, l.node, l.seq LIMIT 1`,
    count - 1,
  );
}
