/**
 * A mailbox's account as rows, to be kept in a backup and brought back: settings, sender addresses, logins with their
 * password hashes, application passwords. Columns are copied as the schema has them, so that a later one is not forgotten;
 * those that another version does not know are left out.
 */
import { isUniqueViolation, type ReadTransaction, type SqlValue, type Transaction } from '../db/database.ts';
import { refuse } from './account-error.ts';
import { findDomain } from './domains.ts';
import { findMailbox, type Mailbox } from './mailboxes.ts';

type Columns = Readonly<Record<string, SqlValue>>;

/** JSON can hold it, once bytes are written by `encodeAccount`. */
export interface AccountRows {
  readonly domain: Columns;
  readonly mailbox: Columns;
  readonly senders: readonly Columns[];
  readonly logins: readonly (Columns & { readonly id: number })[];
  /** Rows of the logins, by table; `login_id` as it was. */
  readonly ofLogins: Readonly<Record<string, readonly Columns[]>>;
}

/** Tables that hang on a login. */
const loginTables = ['application_password', 'scram_key', 'login_annotation'] as const;

export async function readAccountRows(tx: ReadTransaction, mailboxId: number): Promise<AccountRows> {
  const mailbox = await tx.get<Columns>('SELECT * FROM mailbox WHERE id = ?', mailboxId);
  const domain = await tx.get<Columns>('SELECT * FROM domain WHERE id = ?', mailbox?.domain_id ?? 0);
  if (mailbox === undefined || domain === undefined) throw refuse('There is no such mailbox');
  const senders = await tx.all<Columns>('SELECT * FROM sender_address WHERE mailbox_id = ?', mailboxId);
  const logins = await tx.all<Columns & { id: number }>(
    'SELECT * FROM login WHERE mailbox_id = ? ORDER BY id',
    mailboxId,
  );
  const ofLogins: Record<string, Columns[]> = {};
  for (const table of loginTables)
    ofLogins[table] = await tx.all<Columns>(
      `SELECT t.* FROM ${table} t JOIN login l ON l.id = t.login_id WHERE l.mailbox_id = ?`,
      mailboxId,
    );
  return { domain, mailbox, senders, logins, ofLogins };
}

/**
 * The mailbox with its logins as they were, and its domain when that is missing too.
 * @throws {MailError} `permanent` when the address or the name of a login is in use.
 */
export async function restoreAccount(tx: Transaction, rows: AccountRows): Promise<Mailbox> {
  const address = String(rows.mailbox.address);
  const domainName = String(rows.domain.name);
  if ((await findMailbox(tx, address)) !== undefined) throw refuse(`There is a mailbox ${address} already`);
  if ((await findDomain(tx, domainName)) === undefined)
    await insertRow(tx, 'domain', without(rows.domain, 'id'));
  const domain = await findDomain(tx, domainName);
  const mailbox = without(rows.mailbox, 'id', 'removed_at', 'emptied_at');
  const mailboxId = await insertRow(tx, 'mailbox', { ...mailbox, domain_id: domain?.id ?? null });
  for (const sender of rows.senders)
    await insertRow(tx, 'sender_address', { ...sender, mailbox_id: mailboxId });
  for (const login of rows.logins) await restoreLogin(tx, rows, { ...login, mailbox_id: mailboxId });
  const made = await findMailbox(tx, address);
  if (made === undefined) throw new Error(`the mailbox ${address} was not made`);
  return made;
}

async function restoreLogin(
  tx: Transaction,
  { ofLogins }: AccountRows,
  login: Columns & { readonly id: number },
): Promise<void> {
  try {
    const loginId = await insertRow(tx, 'login', without(login, 'id'));
    for (const table of loginTables)
      for (const row of ofLogins[table] ?? [])
        if (row.login_id === login.id)
          await insertRow(tx, table, { ...without(row, 'id'), login_id: loginId });
  } catch (error) {
    if (isUniqueViolation(error)) throw refuse(`The login name ${login.name} is in use by another mailbox`);
    throw error;
  }
}

/** The new row's id, where the table has ids; table and column names come from the schema, not from the rows. */
async function insertRow(tx: Transaction, table: string, row: Columns): Promise<number> {
  if (!/^[a-z_]+$/.test(table)) throw new Error(`${table} is no table`);
  const known = await tx.all<{ name: string }>(`SELECT name FROM pragma_table_info('${table}')`);
  const columns = known.map(({ name }) => name).filter((name) => row[name] !== undefined);
  const sql = `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`;
  const values = columns.map((name) => row[name] ?? null);
  if (known.some(({ name }) => name === 'id'))
    return (await tx.get<{ id: number }>(`${sql} RETURNING id`, ...values))?.id ?? 0;
  await tx.run(sql, ...values);
  return 0;
}

function without(row: Columns, ...names: readonly string[]): Columns {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
}

/** For JSON: bytes as `{ "base64": … }`. */
export function encodeAccount(rows: AccountRows): unknown {
  return JSON.parse(
    JSON.stringify(rows, (_key, value) =>
      value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value,
    ),
  );
}

/** What `encodeAccount` made, from JSON. */
export function decodeAccount(value: unknown): AccountRows {
  return JSON.parse(JSON.stringify(value), (_key, inner) => {
    const { base64, ...rest } = (inner ?? {}) as { base64?: unknown };
    const isBytes = typeof base64 === 'string' && typeof inner === 'object' && Object.keys(rest).length === 0;
    return isBytes ? new Uint8Array(Buffer.from(base64, 'base64')) : inner;
  }) as AccountRows;
}
