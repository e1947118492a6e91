import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { hex } from '../../../../src/lib/bytes.ts';
import { decodePem } from '../../../../src/lib/pem.ts';
import { MerkleTree } from '../../../../src/message-log/seal/merkle.ts';
import { findSeal, listSeals, listStamps } from '../../../../src/message-log/seal/seal-rows.ts';
import { readWhole } from '../../../../src/message-log/seal/segment-archive.ts';
import { readEntry, readHeader } from '../../../../src/message-log/seal/segment-line.ts';
import { readStatement } from '../../../../src/message-log/seal/statement.ts';
import { archivePolicy, parseTrust } from '../../../../src/smime/trust.ts';
import { verifyAttached } from '../../../../src/smime/verify.ts';
import { sha256Imprint } from '../../../../src/tsa/message-imprint.ts';
import { readResponse } from '../../../../src/tsa/response.ts';
import { verifyTimeStamp } from '../../../../src/tsa/verify-time-stamp.ts';
import {
  dayMs,
  firstDay,
  openSealedLog,
  type SealedLog,
  sealDays,
  writeMessages,
} from '../../../support/sealed-log.ts';
import { authority } from '../../pki/authority.ts';
import { stampTrust } from '../../tsa/stamper.ts';

const trust = parseTrust({ anchors: decodePem('CERTIFICATE', authority.root.certificatePem) });

const sealsOf = ({ db }: SealedLog, node = 'n1') =>
  db.read((tx) => listSeals(tx, { node, after: 0, limit: 100 }));

async function linesOf({ archive }: SealedLog, name: string): Promise<string[]> {
  const text = gunzipSync(await readWhole(archive, name)).toString('utf8');
  assert.ok(text.endsWith('\n'));
  return text.slice(0, -1).split('\n');
}

describe('sealing', () => {
  it('waits for the end of the legal day, and a little longer', async (t) => {
    const log = openSealedLog(t);
    await writeMessages(log, { at: firstDay, count: 2 });
    const midnight = Date.UTC(2026, 10, 10, 23);
    log.time.now = midnight + 119_999;
    assert.deepEqual(await log.sealer.seal(), {
      sealed: [],
      pending: [],
      nextAt: midnight + 120_000,
      busy: [],
    });
    log.time.now = midnight + 120_000;
    const round = await log.sealer.seal();
    const segment = { node: 'n1', number: 1, day: '2026-11-10', entries: 6, firstSeq: 1, lastSeq: 6 };
    assert.deepEqual(round, { sealed: [segment], pending: [], nextAt: undefined, busy: [] });
    assert.deepEqual(await log.sealer.seal(), { sealed: [], pending: [], nextAt: undefined, busy: [] });
    assert.deepEqual(
      log.events.map(({ type }) => type),
      ['exported', 'sealed'],
    );
  });

  it('writes files that need no database: lines whose hashes make the root that was stamped and signed', async (t) => {
    const log = openSealedLog(t);
    await sealDays(log, 1);
    const name = 'n1-000001-2026-11-10';
    assert.deepEqual(await log.archive.list(), [`${name}.jsonl.gz`, `${name}.p7m`, `${name}.prova.tsr`]);
    const lines = await linesOf(log, `${name}.jsonl.gz`);
    const header = readHeader(lines[0] ?? '');
    assert.ok(header !== undefined && header.previousRoot === null && header.entries === 9);
    assert.equal(header.index?.day, '2026-11-10');
    const tree = new MerkleTree();
    let previous = header.previousHash;
    const known = new Set<string>();
    for (const [number, line] of lines.entries()) {
      const digest = createHash('sha256').update(line).digest();
      const entry = readEntry(line);
      if (number === 0 || entry !== undefined) tree.add(digest);
      else known.add(digest.toString('hex'));
      if (entry === undefined) continue;
      assert.equal(entry.previousHash, previous);
      assert.ok(known.has(entry.factsSha256));
      previous = digest.toString('hex');
    }
    assert.equal(known.size, 3);
    const { root } = tree.finish();
    const [seal] = await sealsOf(log);
    assert.deepEqual(Buffer.from(seal?.content?.root ?? []), root);

    const answer = readResponse(await readWhole(log.archive, `${name}.prova.tsr`));
    assert.ok(answer.outcome === 'granted');
    assert.ok(verifyTimeStamp({ token: answer.token, imprint: sha256Imprint(root), trust: stampTrust }).ok);

    const cms = await readWhole(log.archive, `${name}.p7m`);
    const { verdict, content } = verifyAttached({ cms, trust, policy: archivePolicy, now: log.time.now });
    assert.deepEqual(verdict.problems, []);
    const statement = readStatement(content ?? new Uint8Array(0));
    assert.equal(statement?.root, hex(root));
    assert.equal(statement?.lastHash, previous);
    const packed = await readWhole(log.archive, `${name}.jsonl.gz`);
    assert.equal(statement?.file.sha256, createHash('sha256').update(packed).digest('hex'));
    assert.equal(statement?.content.sha256, createHash('sha256').update(gunzipSync(packed)).digest('hex'));
  });

  it('chains the seals, leaves out days without entries, and puts what came late into the next day', async (t) => {
    const log = openSealedLog(t);
    await sealDays(log, 1);
    await writeMessages(log, { at: firstDay + 2 * dayMs, count: 1 });
    // An act that began on the day before and was written after the first of this day.
    await writeMessages(log, { at: firstDay + 1 * dayMs, count: 1, name: 'late' });
    await writeMessages(log, { at: firstDay + 3 * dayMs, count: 1 });
    log.time.now = firstDay + 4 * dayMs;
    await log.sealer.seal();
    const seals = await sealsOf(log);
    assert.deepEqual(
      seals.map(({ day, firstSeq, lastSeq }) => [day, firstSeq, lastSeq]),
      [
        ['2026-11-10', 1, 9],
        ['2026-11-12', 10, 15],
        ['2026-11-13', 16, 18],
      ],
    );
    for (const [index, seal] of seals.entries()) {
      const root = seals[index - 1]?.content?.root;
      assert.equal(
        readHeader(seal.header)?.previousRoot,
        root === undefined ? null : Buffer.from(root).toString('hex'),
      );
    }
    assert.equal(seals[1]?.content?.firstAt, firstDay + dayMs);
  });

  it('seals a day that is not over when told, and the rest of it in its time', async (t) => {
    const log = openSealedLog(t);
    await writeMessages(log, { at: firstDay, count: 2 });
    assert.equal((await log.sealer.seal({ early: true })).sealed[0]?.entries, 6);
    assert.deepEqual((await log.sealer.seal({ early: true })).sealed, []);
    await writeMessages(log, { at: firstDay + 10_000, count: 1 });
    log.time.now = firstDay + dayMs;
    assert.equal((await log.sealer.seal()).sealed[0]?.entries, 3);
    assert.deepEqual(
      (await sealsOf(log)).map(({ day }) => day),
      ['2026-11-10', '2026-11-10'],
    );
  });

  it('keeps each stream by itself', async (t) => {
    const log = openSealedLog(t);
    for (const node of ['n2', 'n1']) await writeMessages(log, { at: firstDay, count: 1, node });
    log.time.now = firstDay + dayMs;
    const { sealed } = await log.sealer.seal();
    assert.deepEqual(
      sealed.map(({ node, number }) => [node, number]),
      [
        ['n1', 1],
        ['n2', 1],
      ],
    );
  });
});

describe('sealing when something is away', () => {
  it('goes on without the authority and catches up in order when it is back', async (t) => {
    const log = openSealedLog(t);
    const [tsa] = log.authorities;
    tsa?.failNext();
    for (let day = 0; day < 3; day += 1) {
      await writeMessages(log, { at: firstDay + day * dayMs, count: 2 });
      log.time.now = firstDay + (day + 1) * dayMs;
      const { sealed, pending } = await log.sealer.seal();
      assert.deepEqual([sealed.length, pending.length], [0, day + 1]);
      const alarm = log.events.at(-1);
      // One question a round: an authority that is away is not asked for every day that waits.
      assert.ok(alarm?.type === 'stamp-missing' && alarm.number === 1 && alarm.since === firstDay + dayMs);
      assert.match(alarm.reason, /told to fail/);
    }
    assert.equal(tsa?.asked, 3);
    assert.equal((await log.archive.list()).length, 6);
    tsa?.heal();
    const { sealed, pending } = await log.sealer.seal();
    assert.deepEqual([sealed.map(({ number }) => number), pending], [[1, 2, 3], []]);
    assert.equal((await log.archive.list()).length, 9);
  });

  it('takes the stamps it can get from several authorities, and asks the others again', async (t) => {
    const log = openSealedLog(t, { authorities: ['una', 'due'] });
    log.authorities[1]?.failNext();
    await sealDays(log, 1);
    const seal = (await sealsOf(log))[0];
    assert.equal(seal?.sealedAt, log.time.now);
    const namesOf = async () =>
      (await log.db.read((tx) => listStamps(tx, { node: 'n1', number: 1 }))).map((s) => s.authority);
    assert.deepEqual(await namesOf(), ['una']);
    log.authorities[1]?.heal();
    assert.deepEqual((await log.sealer.seal()).pending, []);
    assert.deepEqual(await namesOf(), ['due', 'una']);
    assert.deepEqual(
      log.authorities.map(({ asked }) => asked),
      [1, 2],
    );
  });

  it('wants as many stamps as it was told', async (t) => {
    const log = openSealedLog(t, { authorities: ['una', 'due'], leastStamps: 2 });
    log.authorities[0]?.failNext();
    await sealDays(log, 1);
    assert.equal((await sealsOf(log))[0]?.sealedAt, undefined);
    log.authorities[0]?.heal();
    assert.equal((await log.sealer.seal()).sealed.length, 1);
  });

  it('says so when no authority is configured', async (t) => {
    const log = openSealedLog(t, { authorities: [] });
    await sealDays(log, 1);
    const alarm = log.events.at(-1);
    assert.ok(alarm?.type === 'stamp-missing' && /no time-stamp authority is configured/.test(alarm.reason));
  });

  it('waits for the key, and loses nothing', async (t) => {
    const log = openSealedLog(t);
    log.signer.failNext(1);
    await sealDays(log, 1);
    assert.deepEqual(
      log.events.map(({ type }) => type),
      ['delayed'],
    );
    assert.equal((await log.sealer.seal()).sealed.length, 1);
  });

  it('waits while the disk is in the way', async (t) => {
    const log = openSealedLog(t);
    const inTheWay = join(log.folder, 'log-segments');
    writeFileSync(inTheWay, '');
    await sealDays(log, 1);
    assert.deepEqual(
      log.events.map(({ type }) => type),
      ['delayed'],
    );
    rmSync(inTheWay);
    assert.equal((await log.sealer.seal()).sealed.length, 1);
  });

  it('can be done again after a crash at any step', async (t) => {
    const log = openSealedLog(t);
    await writeMessages(log, { at: firstDay, count: 2 });
    log.time.now = firstDay + dayMs;
    for (let step = 1; ; step += 1) {
      let left = step;
      // The process dies at its n-th transaction: nothing after it happens.
      const dying: typeof log.db = {
        ...log.db,
        dialect: log.db.dialect,
        read: (fn) => log.db.read(fn),
        transact: (fn) => {
          left -= 1;
          return left <= 0 ? Promise.reject(new Error('killed')) : log.db.transact(fn);
        },
      };
      log.time.now += 200_000; // the lease of the dead one runs out
      const ended = await log
        .sealerOf(`p${step}`, dying)
        .seal()
        .then(
          () => true,
          () => false,
        );
      if (ended) break;
      assert.ok(step < 20);
    }
    const seals = await sealsOf(log);
    assert.equal(seals.length, 1);
    assert.ok(seals[0]?.sealedAt !== undefined);
    assert.equal((await log.archive.list()).length, 3);
  });

  it('lets one process at a time seal a stream', async (t) => {
    const log = openSealedLog(t);
    await writeMessages(log, { at: firstDay, count: 30 });
    log.time.now = firstDay + dayMs;
    const rounds = await Promise.all([
      log.sealer.seal(),
      log.sealerOf('two').seal(),
      log.sealerOf('three').seal(),
    ]);
    assert.equal(rounds.filter(({ sealed }) => sealed.length === 1).length, 1);
    assert.deepEqual(
      rounds.flatMap(({ busy }) => busy),
      ['n1', 'n1'],
    );
    assert.equal((await sealsOf(log)).length, 1);
  });

  it('makes no seal over entries that were changed, and names the entry', async (t) => {
    const log = openSealedLog(t);
    await writeMessages(log, { at: firstDay, count: 3 });
    const intruder = new DatabaseSync(log.file);
    t.after(() => intruder.close());
    intruder.exec(`DROP TRIGGER message_log_no_update; UPDATE message_log SET sender = 'x' WHERE seq = 5`);
    log.time.now = firstDay + dayMs;
    const { pending } = await log.sealer.seal();
    assert.equal(pending.length, 1);
    assert.deepEqual(log.events, [
      { type: 'damaged', node: 'n1', seq: 5, reason: 'entry n1/5: the row was changed' },
    ]);
    assert.deepEqual(await log.archive.list(), []);
  });
});

describe('the rows of seals', () => {
  it('are never changed, removed, or put out of order', async (t) => {
    const log = openSealedLog(t);
    await sealDays(log, 2);
    const before = await sealsOf(log);
    for (const sql of [
      `UPDATE log_seal SET root = x'00' WHERE number = 1`,
      `UPDATE log_seal SET statement = NULL WHERE number = 1`,
      `UPDATE log_seal SET sealed_at = NULL WHERE number = 2`,
      `UPDATE log_seal SET last_seq = 8 WHERE number = 1`,
      `UPDATE log_seal SET header = '' WHERE number = 1`,
      `UPDATE log_seal SET node = 'n9'`,
      'DELETE FROM log_seal',
      `INSERT INTO log_seal (node, number, day, first_seq, last_seq, header, created_at) VALUES ('n1', 4, '', 19, 20, '', 0)`,
      `INSERT INTO log_seal (node, number, day, first_seq, last_seq, header, created_at) VALUES ('n1', 3, '', 18, 20, '', 0)`,
      `INSERT INTO log_seal (node, number, day, first_seq, last_seq, header, created_at) VALUES ('n1', 3, '', 19, 99, '', 0)`,
      `REPLACE INTO log_seal SELECT * FROM log_seal WHERE number = 1`,
      `UPDATE log_seal_stamp SET token = x'00'`,
      'DELETE FROM log_seal_stamp',
      `REPLACE INTO log_seal_stamp SELECT node, number, authority, x'00', time FROM log_seal_stamp`,
    ])
      await assert.rejects(
        log.db.transact((tx) => tx.run(sql)),
        { name: 'ConstraintError' },
        sql,
      );
    assert.deepEqual(await sealsOf(log), before);
    assert.equal((await log.db.read((tx) => findSeal(tx, { node: 'n1', number: 2 })))?.lastSeq, 18);
  });

  it('leave nothing half-written in the archive when the source breaks', async (t) => {
    const log = openSealedLog(t);
    const broken = async function* () {
      yield Buffer.from('x');
      throw new Error('broken');
    };
    await assert.rejects(log.archive.write('a.p7m', broken()), /broken/);
    assert.deepEqual(await log.archive.list(), []);
    await log.archive.write(
      'a.p7m',
      (async function* () {
        yield Buffer.from('whole');
      })(),
    );
    writeFileSync(join(log.folder, 'log-segments', 'b.new'), 'left by a crash');
    assert.deepEqual(await log.archive.list(), ['a.p7m']);
    assert.equal(await log.archive.size('none'), undefined);
    await assert.rejects(readWhole(log.archive, 'none'), { code: 'ENOENT' });
  });
});
