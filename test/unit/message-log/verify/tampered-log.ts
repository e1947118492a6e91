/** A sealed log to tamper with: three sealed days and a begun one, made once; each test works on a copy. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { TestContext } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { hashRow } from '../../../../src/message-log/append.ts';
import { verifyLog } from '../../../../src/message-log/verify/verify-log.ts';
import { makeFolder } from '../../../support/folder.ts';
import {
  dayMs,
  firstDay,
  openSealedLog,
  type SealedLog,
  sealDays,
  writeMessages,
} from '../../../support/sealed-log.ts';
import { stampTrust } from '../../tsa/stamper.ts';

export const one = 'n1-000001-2026-11-10';
export const two = 'n1-000002-2026-11-11';
/** When the log is looked at. */
export const lookedAt = firstDay + 3 * dayMs + 3_600_000;

let original: string | undefined;

/** A copy of the log; the first call of a file makes the original. */
export async function openCopy(t: TestContext): Promise<SealedLog> {
  if (original === undefined) {
    const first = openSealedLog(t);
    await sealDays(first, 3);
    await writeMessages(first, { at: firstDay + 3 * dayMs, count: 2 });
    await first.db.close();
    const kept = mkdtempSync(join(tmpdir(), 'openpec-'));
    process.on('exit', () => rmSync(kept, { recursive: true, force: true }));
    cpSync(first.folder, kept, { recursive: true });
    original = kept;
  }
  const folder = makeFolder(t);
  cpSync(original, folder, { recursive: true });
  const log = openSealedLog(t, { folder });
  log.time.now = lookedAt;
  return log;
}

/** Everything, or the usual check. */
export function verify({ db, archive, time }: SealedLog, full = true) {
  return verifyLog({
    db,
    archive,
    trust: { provider: stampTrust, stamps: stampTrust },
    full,
    now: time.now,
    provider: 'Gestore Alfa S.p.A.',
    isOurDomain: (domain) => domain === 'alfa.test',
  });
}

/** What was found, one line each: `code place: text`. */
export async function findingsOf(log: SealedLog, full = true): Promise<string[]> {
  const { findings, ok, found } = await verify(log, full);
  assert.equal(ok, findings.length === 0);
  assert.equal(found, findings.length);
  return findings.map(
    ({ code, seq, seal, file, text }) => `${code} ${seq ?? file ?? `seal ${seal}`}: ${text}`,
  );
}

/** Writes behind the triggers, as somebody with the file in hand can. */
export function intrude({ file }: SealedLog, ...statements: string[]): void {
  const intruder = new DatabaseSync(file);
  try {
    const triggers = intruder.prepare(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`).all();
    for (const { name } of triggers) intruder.exec(`DROP TRIGGER ${String(name)}`);
    intruder.exec('PRAGMA foreign_keys = OFF');
    for (const sql of statements) intruder.exec(sql);
  } finally {
    intruder.close();
  }
}

/** The chain computed anew from the entry on: what a careful intruder does. */
export function rechain({ file }: SealedLog, from: number): void {
  const intruder = new DatabaseSync(file);
  const rows = intruder
    .prepare('SELECT * FROM message_log WHERE seq >= ? ORDER BY seq')
    .all(from - 1) as unknown as Row[];
  let previous = rows[0]?.hash ?? new Uint8Array(32);
  for (const row of rows.slice(1)) {
    const hash = hashRow(previous, { ...row, sendingProvider: row.sending_provider, factsDigest: row.facts });
    intruder
      .prepare('UPDATE message_log SET prev_hash = ?, hash = ? WHERE seq = ?')
      .run(previous, hash, row.seq);
    previous = hash;
  }
  intruder.close();
}

interface Row {
  node: string;
  seq: number;
  at: number;
  type: string;
  identificativo: string;
  msgid: string | null;
  sender: string;
  subject: string;
  sending_provider: string;
  facts: Uint8Array;
  generated: string;
  detail: string;
  hash: Uint8Array;
}

/** The path of an exported file. */
export const place = ({ folder }: SealedLog, name: string) => join(folder, 'log-segments', name);

/** Rewrites the lines of an exported file. */
export function editFile(log: SealedLog, segment: string, edit: (lines: string[]) => string[]): void {
  const file = place(log, `${segment}.jsonl.gz`);
  const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n');
  writeFileSync(file, gzipSync(`${edit(lines).join('\n')}\n`));
}
