/**
 * A store that has been in use: 100,000 mailboxes and 2 million messages of 2 KB in them. The rows are those the program
 * writes, made by its own functions once and then multiplied in SQL, which takes minutes instead of hours.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { addContent } from '../../src/content/content.ts';
import { deliver } from '../../src/mailbox/deliver.ts';
import { openStores } from '../../src/wire.ts';
import { copyMailbox, type Provider } from '../servers/provider.ts';

export interface GrowthPlan {
  readonly mailboxes: number;
  readonly messagesInEach: number;
}

export const wholeGrowth: GrowthPlan = { mailboxes: 100_000, messagesInEach: 20 };
const messageSize = 2048;
/** Mailboxes to one transaction. */
const step = 2000;

/** Fills the provider's store, which must be halted. Says how far it is. */
export async function growStore(
  provider: Provider,
  { mailboxes, messagesInEach }: GrowthPlan,
  say: (text: string) => void,
): Promise<void> {
  const { domain, config } = provider;
  const names = Array.from({ length: mailboxes }, (_, index) => `utente${index}@${domain}`);
  const stores = await openStores(config);
  try {
    for (let from = 0; from < names.length; from += step) {
      await copyMailbox(stores, `mittente0@${domain}`, names.slice(from, from + step));
      if (from % (step * 10) === 0) say(`${from} of ${mailboxes} mailboxes`);
    }
    const sample = Buffer.alloc(messageSize, 'Subject: prova\r\n\r\nUna riga di testo come tante altre.\r\n');
    await stores.db.transact(async (tx) => {
      const contentId = await addContent(tx, [sample]);
      const first = await tx.get<{ id: number }>('SELECT id FROM mailbox WHERE address = ?', names[0] ?? '');
      const mailboxId = first?.id ?? 0;
      await deliver(tx, { mailboxId, contentId, size: sample.length, internalDate: Date.now() });
    });
  } finally {
    await stores.close();
  }
  multiply(join(config.dataFolder, 'pec.db'), { messagesInEach, say });
}

interface Multiplying {
  readonly messagesInEach: number;
  readonly say: (text: string) => void;
}

/** Gives every inbox of the new mailboxes so many messages like the first one has. */
function multiply(file: string, { messagesInEach, say }: Multiplying): void {
  const db = new DatabaseSync(file);
  db.exec('PRAGMA synchronous = OFF; PRAGMA cache_size = -400000; PRAGMA recursive_triggers = ON');
  const columns = (table: string, without: readonly string[]) =>
    db
      .prepare(`SELECT name FROM pragma_table_info('${table}')`)
      .all()
      .map((row) => String(row.name))
      .filter((name) => !without.includes(name));
  const sample = db.prepare(
    `SELECT m.folder_id AS folder, m.content_id AS content FROM message m ORDER BY m.content_id DESC LIMIT 1`,
  );
  const { folder = 0, content = 0 } = sample.get() ?? {};
  const inboxes = db
    .prepare(
      `SELECT f.id FROM folder f JOIN mailbox b ON b.id = f.mailbox_id
         WHERE f.name = 'INBOX' AND b.address LIKE 'utente%' AND f.id <> ? ORDER BY f.id`,
    )
    .all(folder)
    .map((row) => Number(row.id));
  const contentColumns = columns('content', ['id']).join(', ');
  const others = columns('message', ['folder_id', 'uid', 'content_id']).join(', ');
  const addContents = db.prepare(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO content (${contentColumns}) SELECT ${contentColumns} FROM n, content WHERE content.id = ?`,
  );
  const addMessages = db.prepare(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
       INSERT INTO message (folder_id, uid, content_id, ${others})
       SELECT ?, i, ? + i, ${others} FROM n, message WHERE message.folder_id = ? AND message.content_id = ?`,
  );
  const advance = db.prepare(
    `UPDATE folder SET uid_next = ?1 + 1, highest_modseq = 2, messages = ?1, unseen = ?1, recent = ?1, size = ?1 * ?2 WHERE id = ?3`,
  );
  const use = db.prepare(
    `UPDATE mailbox_use SET used_bytes = ?1 * ?2, used_messages = ?1
       WHERE mailbox_id = (SELECT mailbox_id FROM folder WHERE id = ?3)`,
  );
  let last = Number(db.prepare('SELECT MAX(id) AS id FROM content').get()?.id ?? 0);
  for (const [index, inbox] of inboxes.entries()) {
    if (index % step === 0) {
      if (index > 0) db.exec('COMMIT');
      db.exec('BEGIN');
      if (index % (step * 10) === 0) say(`${index * messagesInEach} messages`);
    }
    addContents.run(messagesInEach, content);
    addMessages.run(messagesInEach, inbox, last, folder, content);
    advance.run(messagesInEach, messageSize, inbox);
    use.run(messagesInEach, messageSize, inbox);
    last += messagesInEach;
  }
  db.exec('COMMIT; PRAGMA wal_checkpoint(TRUNCATE)');
  db.close();
}
