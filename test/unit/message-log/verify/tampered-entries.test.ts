import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { openSealedLog, type SealedLog } from '../../../support/sealed-log.ts';
import { findingsOf, intrude, lookedAt, one, openCopy, place, rechain } from './tampered-log.ts';

interface Hidden {
  readonly table: string;
  readonly index: string;
  readonly column: string;
  readonly seq: number;
}

/** Turns one bit of the file over where only the index has the value of the entry: the table stays whole. */
function hideFromIndex({ file }: SealedLog, { table, index, column, seq }: Hidden): void {
  const ask = (sql: string, ...values: string[]) => {
    const opened = new DatabaseSync(file);
    const rows = opened.prepare(sql).all(...values);
    opened.close();
    return rows;
  };
  ask('PRAGMA wal_checkpoint(TRUNCATE)');
  const [row] = ask(`SELECT ${column} AS value FROM message_log WHERE seq = ${seq}`);
  const value = String(row?.value);
  const rows = ask(`SELECT * FROM ${table} NOT INDEXED`);
  const wanted = `SELECT rowid FROM ${table} INDEXED BY ${index}
    WHERE ${column} = ? ${column === 'msgid' ? 'AND day IN (SELECT day FROM message_log_facts)' : ''}`;
  const whole = ask(wanted, value).length;
  const bytes = readFileSync(file);
  for (let at = bytes.indexOf(value); at !== -1; at = bytes.indexOf(value, at + 1)) {
    const turned = Buffer.from(bytes);
    turned[at + 12] = (turned[at + 12] ?? 0) ^ 1;
    writeFileSync(file, turned);
    const stays = isDeepStrictEqual(ask(`SELECT * FROM ${table} NOT INDEXED`), rows);
    if (stays && ask(wanted, value).length < whole) return;
  }
  assert.fail(`${value} does not stand in ${index}`);
}

describe('verification of entries', () => {
  const cases: [string, string[], (string | RegExp)[]][] = [
    [
      'one bit of a subject',
      [`UPDATE message_log SET subject = replace(subject, 'n', 'o') WHERE seq = 5`],
      ['entry-changed 5: the entry differs from the sealed one in subject'],
    ],
    ['a time', ['UPDATE message_log SET at = at + 1 WHERE seq = 14'], [/^entry-changed 14: /]],
    [
      'a signature in an unsealed entry',
      [`UPDATE message_log SET generated = replace(generated, 'A', 'B') WHERE seq = 31`],
      [/^entry-changed 31: /],
    ],
    [
      'facts',
      [
        `UPDATE message_log_facts SET facts = replace(facts, 'anna', 'hanna') WHERE digest = (SELECT facts FROM message_log WHERE seq = 10)`,
      ],
      [
        /^facts-changed 10: the facts of the entry were changed$/,
        /^entry-changed 10: .* in factsSha256$/,
        /^facts-changed 11/,
        /^facts-changed 12/,
      ],
    ],
    [
      'an entry deleted',
      ['DELETE FROM message_log WHERE seq = 8'],
      [/^entry-missing 8: the sealed entry is missing from the database$/],
    ],
    ['the last entry of a day deleted', ['DELETE FROM message_log WHERE seq = 18'], [/^entry-missing 18: /]],
    [
      'entries of a tail deleted',
      ['DELETE FROM message_log WHERE seq IN (29, 30)'],
      [/^entry-missing 29: the entries from 29 to 30 are missing$/],
    ],
    [
      'a day deleted',
      ['DELETE FROM message_log WHERE seq BETWEEN 10 AND 18'],
      [/^entry-missing 10: /, /^entry-missing 18: /],
    ],
    [
      'facts deleted',
      ['DELETE FROM message_log_facts WHERE digest = (SELECT facts FROM message_log WHERE seq = 28)'],
      [/^facts-changed 28: the facts of the entry are missing$/],
    ],
    [
      'details that are no JSON any more',
      [`UPDATE message_log SET detail = 'x' || detail WHERE seq IN (3, 30)`],
      [/^entry-changed 3: .* in detail$/, /^entry-changed 30: /],
    ],
    [
      'an entry hidden from its recipient',
      [`DELETE FROM message_log_address WHERE seq = 12 AND role = 'recipient'`],
      [/^address-wrong 12: the entry is not found by its recipient any more$/],
    ],
    [
      'entries shown to somebody else',
      [`INSERT INTO message_log_address VALUES (0, 'spia@alfa.test', 0, 'n1', 12, 'recipient')`],
      [/^address-wrong .*: 1 addresses stand for entries that are not about them$/],
    ],
    [
      'two entries swapped',
      [
        'UPDATE message_log SET seq = -4 WHERE seq = 4',
        'UPDATE message_log SET seq = 4 WHERE seq = 5',
        'UPDATE message_log SET seq = 5 WHERE seq = -4',
      ],
      [/^entry-changed 4: /, /^entry-changed 5: /, /^entry-displaced 4: /],
    ],
    [
      'two days swapped',
      [
        'UPDATE message_log SET seq = -seq WHERE seq BETWEEN 1 AND 9',
        'UPDATE message_log SET seq = seq - 9 WHERE seq BETWEEN 10 AND 18',
        'UPDATE message_log SET seq = -seq + 9 WHERE seq < 0',
      ],
      [/^entry-changed 1: /, /^entry-changed 9: /, /^entry-changed 10: /, /^entry-changed 18: /],
    ],
  ];
  for (const [what, statements, expected] of cases)
    it(`names ${what}`, async (t) => {
      const log = await openCopy(t);
      intrude(log, ...statements);
      const found = await findingsOf(log);
      for (const text of expected)
        assert.ok(
          found.some((line) => (typeof text === 'string' ? line === text : text.test(line))),
          `${text}\n${found.join('\n')}`,
        );
      assert.ok(
        found.every((line) => !line.includes('stamp-wrong')),
        found.join('\n'),
      );
    });

  const indexes = [
    ['message_log', 'identificativo', 'its identificativo'],
    ['message_log_facts', 'msgid', 'its Message-ID'],
  ] as const;
  for (const [table, column, by] of indexes)
    it(`names an entry that a bit in an index of ${table} hides`, async (t) => {
      const log = await openCopy(t);
      await log.db.close();
      hideFromIndex(log, { table, index: `${table}_${column}`, column, seq: 13 });
      const again = openSealedLog(t, { folder: log.folder });
      again.time.now = lookedAt;
      const found = await findingsOf(again);
      assert.ok(
        found.some(
          (line) => /^index-wrong 1[345]: /.test(line) && line.endsWith(`is not found by ${by} any more`),
        ),
        found.join('\n'),
      );
    });

  it('names an index that cannot be read any more, and reads on', async (t) => {
    const log = await openCopy(t);
    await log.db.close();
    const opened = new DatabaseSync(log.file);
    opened.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const index = opened
      .prepare(`SELECT rootpage FROM sqlite_schema WHERE name = 'message_log_identificativo'`)
      .get();
    opened.close();
    const bytes = readFileSync(log.file);
    const at = (Number(index?.rootpage) - 1) * 4096;
    bytes[at] = (bytes[at] ?? 0) ^ 0x20;
    writeFileSync(log.file, bytes);
    const again = openSealedLog(t, { folder: log.folder });
    again.time.now = lookedAt;
    const found = await findingsOf(again);
    assert.match(found.join('\n'), /index-wrong .*messages: the database is damaged/);
    assert.match(found.join('\n'), /index-wrong .*message_log/);
    await again.db.close();
  });

  it('names an entry that was put in, with all numbers and hashes after it made anew', async (t) => {
    const log = await openCopy(t);
    const columns =
      'at, type, identificativo, msgid, sender, subject, sending_provider, facts, generated, detail, prev_hash, hash';
    intrude(
      log,
      'UPDATE message_log SET seq = -seq WHERE seq >= 6',
      'UPDATE message_log SET seq = -seq + 1 WHERE seq < 0',
      `INSERT INTO message_log (node, seq, ${columns}) SELECT node, 6, ${columns} FROM message_log WHERE seq = 5`,
    );
    rechain(log, 6);
    const found = await findingsOf(log);
    // The chain is right again; only what was sealed can tell.
    assert.match(found[0] ?? '', /^entry-changed 6: the entry differs from the sealed one in at, type/);
    assert.ok(
      found.some((line) => /^entry-displaced 28: /.test(line)),
      found.join('\n'),
    );
  });

  it('names an entry that was changed with all hashes after it made anew', async (t) => {
    const log = await openCopy(t);
    intrude(log, `UPDATE message_log SET subject = 'altro' WHERE seq = 7`);
    rechain(log, 7);
    const found = await findingsOf(log);
    assert.equal(found[0], 'entry-changed 7: the entry differs from the sealed one in subject');
    assert.equal(found[1], 'entry-changed 8: the entry differs from the sealed one in previousHash');
  });

  it('narrows it down without the file', async (t) => {
    const log = await openCopy(t);
    intrude(log, `UPDATE message_log SET subject = 'altro' WHERE seq = 7`);
    rechain(log, 7);
    rmSync(place(log, `${one}.jsonl.gz`));
    const found = await findingsOf(log);
    assert.ok(
      found.includes(
        'entries-unsealed 1: the database does not have what was sealed somewhere in the entries from 1 to 9',
      ),
      found.join('\n'),
    );
  });

  it('finds changes of older days in the full check, and where segments meet in the usual one', async (t) => {
    const log = await openCopy(t);
    intrude(log, `UPDATE message_log SET hash = x'00' WHERE seq = 9`);
    assert.match((await findingsOf(log, false))[0] ?? '', /^entry-changed 9: /);
    intrude(log, 'DELETE FROM message_log WHERE seq = 9');
    assert.match((await findingsOf(log, false))[0] ?? '', /^entry-missing 9: /);
  });
});
