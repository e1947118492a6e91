import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { decodePem } from '../../../../src/lib/pem.ts';
import { appendEvent } from '../../../../src/message-log/append.ts';
import { findEvents } from '../../../../src/message-log/find.ts';
import { addHold, findHoldsOn, liftHold, listHolds } from '../../../../src/message-log/retention/holds.ts';
import { findLastRemoval, listRemovals } from '../../../../src/message-log/retention/removal-rows.ts';
import { removeOldSegments } from '../../../../src/message-log/retention/remove-segments.ts';
import { listSeals } from '../../../../src/message-log/seal/seal-rows.ts';
import { readWhole } from '../../../../src/message-log/seal/segment-archive.ts';
import { searchEvents } from '../../../../src/message-log/search.ts';
import { archivePolicy, parseTrust } from '../../../../src/smime/trust.ts';
import { verifyAttached } from '../../../../src/smime/verify.ts';
import { makeFacts, makeLocalMessage } from '../../../support/log-events.ts';
import {
  dayMs,
  firstDay,
  openSealedLog,
  type SealedLog,
  sealDays,
  writeMessages,
} from '../../../support/sealed-log.ts';
import { authority } from '../../pki/authority.ts';

/** Thirty months after the first day, to the hour. */
const later = Date.UTC(2029, 4, 10, 8, 30);

const countRows = ({ db }: SealedLog, table: string) =>
  db.read(async (tx) => (await tx.get<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`))?.n ?? 0);

function remove(log: SealedLog, months = 30) {
  const { db, archive, clock } = log;
  return removeOldSegments({ db, archive, signer: () => log.signer, clock, months });
}

async function start(t: TestContext, days = 3, messages = 3) {
  const log = openSealedLog(t);
  await sealDays(log, days, messages);
  return log;
}

describe('retention', () => {
  it('lets go of whole sealed segments after the months, oldest first, with a signed record', async (t) => {
    const log = await start(t);
    log.time.now = later;
    assert.deepEqual((await remove(log)).removed, []);
    log.time.now = later + dayMs;
    assert.deepEqual((await remove(log)).removed, [{ node: 'n1', number: 1 }]);
    assert.equal(await countRows(log, 'message_log'), 18);
    assert.equal(await countRows(log, 'message_log_facts'), 6);
    assert.equal(await countRows(log, 'message_log_address'), 6 * 3 * 2);
    const cms = await readWhole(log.archive, 'n1-000001-2026-11-10.removed.p7m');
    const trust = parseTrust({ anchors: decodePem('CERTIFICATE', authority.root.certificatePem) });
    const { verdict, content } = verifyAttached({ cms, trust, policy: archivePolicy, now: log.time.now });
    const record = JSON.parse(Buffer.from(content ?? []).toString()) as Record<string, unknown>;
    assert.deepEqual(
      [record.entries, record.firstSeq, record.lastSeq, record.removedAt],
      [9, 1, 9, new Date(log.time.now).toISOString()],
    );
    // The development certificate lives three years, and the record was signed within them.
    assert.deepEqual(verdict.problems, []);
    log.time.now = later + 30 * dayMs;
    assert.deepEqual((await remove(log)).removed, [
      { node: 'n1', number: 2 },
      { node: 'n1', number: 3 },
    ]);
    assert.equal(await countRows(log, 'message_log'), 0);
    assert.equal(await countRows(log, 'message_log_facts'), 0);
    assert.equal(await countRows(log, 'message_log_address'), 0);
    assert.equal((await log.db.read((tx) => listRemovals(tx, 'n1'))).length, 3);
    // Files, seals and stamps stay.
    assert.equal((await log.archive.list()).length, 3 * 4);
    assert.equal((await log.db.read((tx) => listSeals(tx, { node: 'n1', after: 0, limit: 9 }))).length, 3);
  });

  it('goes on counting and chaining after everything has gone', async (t) => {
    const log = await start(t, 1);
    log.time.now = later + dayMs;
    await remove(log);
    const [event] = makeLocalMessage('next', log.time.now);
    assert.ok(event !== undefined);
    const { seq } = await log.db.transact((tx) => appendEvent(tx, event));
    assert.equal(seq, 10);
    log.time.now += 2 * dayMs;
    assert.equal((await log.sealer.seal()).sealed[0]?.firstSeq, 10);
  });

  it('keeps facts and entries of a message that has others in a segment that stays', async (t) => {
    const log = openSealedLog(t);
    const [accepted, taken, delivered] = makeLocalMessage('two-days', firstDay);
    assert.ok(accepted !== undefined && taken !== undefined && delivered !== undefined);
    await log.db.transact((tx) => appendEvent(tx, accepted));
    await log.db.transact((tx) => appendEvent(tx, { ...delivered, at: firstDay + dayMs }));
    log.time.now = firstDay + 3 * dayMs;
    await log.sealer.seal();
    log.time.now = later + dayMs / 2;
    assert.equal((await remove(log)).removed.length, 1);
    const { identificativo } = makeFacts('two-days');
    const left = await log.db.read((tx) => findEvents(tx, { identificativo }));
    assert.deepEqual(
      left.map(({ event }) => event.type),
      ['delivered'],
    );
  });

  it('keeps what is not sealed, and what the setting keeps longer', async (t) => {
    const log = openSealedLog(t);
    log.authorities[0]?.failNext();
    await sealDays(log, 1);
    log.time.now = later + dayMs;
    assert.deepEqual(await remove(log), { removed: [], held: [] });
    log.authorities[0]?.heal();
    await log.sealer.seal();
    assert.deepEqual((await remove(log, 36)).removed, []);
    assert.equal((await remove(log)).removed.length, 1);
  });

  it('goes on where it was interrupted', async (t) => {
    const log = await start(t, 1, 250);
    log.time.now = later + dayMs;
    let pages = 0;
    const dying = {
      ...log,
      db: {
        ...log.db,
        dialect: log.db.dialect,
        read: log.db.read.bind(log.db),
        transact: ((fn) => {
          pages += 1;
          return pages > 2 ? Promise.reject(new Error('killed')) : log.db.transact(fn);
        }) as typeof log.db.transact,
      },
    };
    await assert.rejects(remove(dying), /killed/);
    const halfway = await log.db.read((tx) => findLastRemoval(tx, 'n1'));
    assert.deepEqual([halfway?.removedThrough, halfway?.finishedAt], [300, undefined]);
    assert.equal(await countRows(log, 'message_log'), 450);
    assert.equal((await remove(log)).removed.length, 1);
    assert.equal(await countRows(log, 'message_log'), 0);
    assert.equal((await log.db.read((tx) => listRemovals(tx, 'n1'))).length, 1);
  });
});

describe('the triggers', () => {
  const insert = (values: string) =>
    `INSERT INTO log_removal (node, number, first_seq, last_seq, record, recorded_at, removed_through, open) VALUES (${values})`;

  it('let nothing go but by the rules, whoever writes', async (t) => {
    const log = await start(t, 2);
    const now = later + 30 * dayMs;
    for (const sql of [
      'DELETE FROM message_log WHERE seq <= 9',
      // Too young, not the oldest, not the whole, not sealed, open from the start, half done from the start.
      insert(`'n1', 1, 1, 9, x'00', ${firstDay + 910 * dayMs}, 0, 0`),
      insert(`'n1', 2, 10, 18, x'00', ${now}, 9, 0`),
      insert(`'n1', 1, 1, 8, x'00', ${now}, 0, 0`),
      insert(`'n1', 1, 2, 9, x'00', ${now}, 1, 0`),
      insert(`'n1', 3, 19, 20, x'00', ${now}, 18, 0`),
      insert(`'n1', 1, 1, 9, x'00', ${now}, 0, 1`),
      insert(`'n1', 1, 1, 9, x'00', ${now}, 5, 0`),
    ])
      await assert.rejects(
        log.db.transact((tx) => tx.run(sql)),
        { name: 'ConstraintError' },
        sql,
      );
    await log.db.transact((tx) => tx.run(insert(`'n1', 1, 1, 9, x'00', ${now}, 0, 0`)));
    const open = 'UPDATE log_removal SET open = 1';
    for (const statements of [
      // Without the permission; beyond the segment; facts that are still named; a record changed or erased.
      ['DELETE FROM message_log WHERE seq = 1'],
      [open, 'DELETE FROM message_log WHERE seq = 10'],
      [open, 'DELETE FROM message_log_facts'],
      [open, 'DELETE FROM message_log_address WHERE seq = 10'],
      [open, `UPDATE message_log SET subject = 'x' WHERE seq = 1`],
      [`UPDATE log_removal SET record = x'01'`],
      ['UPDATE log_removal SET removed_through = 10'],
      ['UPDATE log_removal SET last_seq = 18'],
      ['DELETE FROM log_removal'],
      ['DELETE FROM log_removal_closed'],
      ['INSERT INTO log_removal_closed (value) VALUES (1)'],
      ['UPDATE log_removal_closed SET value = 1'],
    ])
      await assert.rejects(
        log.db.transact(async (tx) => {
          for (const sql of statements) await tx.run(sql);
        }),
        { name: 'ConstraintError' },
        statements.join('; '),
      );
    // A permission that is left open cannot be committed.
    await assert.rejects(
      log.db.transact((tx) => tx.run(open)),
      { kind: 'temporary' },
    );
    assert.equal(await countRows(log, 'message_log'), 18);
  });
});

describe('legal holds', () => {
  const hold = { reason: 'Tribunale di Test, proc. 1/2029', by: 'root' };

  it('keep every segment they reach, and all after it, until they are lifted', async (t) => {
    const log = await start(t);
    log.time.now = later + 30 * dayMs;
    const id = await log.db.transact((tx) =>
      addHold(tx, { ...hold, from: firstDay + dayMs, to: firstDay + dayMs + 1 }, log.time.now),
    );
    const { removed, held } = await remove(log);
    assert.deepEqual(removed, [{ node: 'n1', number: 1 }]);
    assert.deepEqual(
      held.map(({ number, holds }) => [number, holds.map((each) => each.id)]),
      [[2, [id]]],
    );
    assert.ok(await log.db.transact((tx) => liftHold(tx, { id, by: 'anna', at: log.time.now })));
    assert.ok(!(await log.db.transact((tx) => liftHold(tx, { id, by: 'anna', at: log.time.now }))));
    assert.equal((await remove(log)).removed.length, 2);
    const all = await log.db.read((tx) => listHolds(tx, true));
    assert.deepEqual(
      all.map(({ liftedBy, reason }) => [liftedBy, reason]),
      [['anna', hold.reason]],
    );
    assert.deepEqual(await log.db.read((tx) => listHolds(tx)), []);
  });

  it('reach the segments with entries of a mailbox or a message', async (t) => {
    const log = await start(t, 1);
    await writeMessages(log, { at: firstDay + dayMs, count: 1, name: 'other' });
    log.time.now = firstDay + 2 * dayMs;
    await log.sealer.seal();
    const stream = await log.db.read((tx) =>
      searchEvents(
        tx,
        { mailbox: 'anna.bianchi@alfa.test', from: firstDay + dayMs, to: firstDay + 2 * dayMs },
        { limit: 1 },
      ),
    );
    const message = stream[0]?.event.facts.identificativo ?? '';
    const numbersHeld = async (more: object) => {
      const id = await log.db.transact((tx) => addHold(tx, { ...hold, ...more }, log.time.now));
      const numbers: number[] = [];
      for (const number of [1, 2])
        if ((await log.db.read((tx) => findHoldsOn(tx, { node: 'n1', number }))).length > 0)
          numbers.push(number);
      await log.db.transact((tx) => liftHold(tx, { id, by: 'x', at: 0 }));
      return numbers;
    };
    assert.deepEqual(await numbersHeld({}), [1, 2]);
    assert.deepEqual(await numbersHeld({ address: 'Anna.Bianchi@alfa.test' }), [1, 2]);
    assert.deepEqual(await numbersHeld({ address: 'nessuno@alfa.test' }), []);
    assert.deepEqual(await numbersHeld({ identificativo: message }), [2]);
    assert.deepEqual(await numbersHeld({ to: firstDay + 3_600_000 }), [1]);
    assert.deepEqual(await numbersHeld({ from: firstDay + dayMs }), [2]);
  });

  it('stop a removal that has begun', async (t) => {
    const log = await start(t, 1, 250);
    log.time.now = later + dayMs;
    let pages = 0;
    const slow = {
      ...log,
      db: {
        ...log.db,
        dialect: log.db.dialect,
        read: log.db.read.bind(log.db),
        transact: (async (fn) => {
          pages += 1;
          if (pages === 3) await log.db.transact((tx) => addHold(tx, hold, log.time.now));
          return log.db.transact(fn);
        }) as typeof log.db.transact,
      },
    };
    const { removed, held } = await remove(slow);
    assert.deepEqual([removed, held[0]?.number], [[], 1]);
    assert.equal(await countRows(log, 'message_log'), 450);
  });

  it('are lifted, never changed or erased', async (t) => {
    const log = await start(t, 1);
    const id = await log.db.transact((tx) => addHold(tx, hold, 1));
    for (const sql of [
      'DELETE FROM log_hold',
      `UPDATE log_hold SET reason = 'x'`,
      'UPDATE log_hold SET to_at = 1, lifted_at = 2',
      'REPLACE INTO log_hold SELECT * FROM log_hold',
    ])
      await assert.rejects(
        log.db.transact((tx) => tx.run(sql)),
        { name: 'ConstraintError' },
        sql,
      );
    await log.db.transact((tx) => liftHold(tx, { id, by: 'x', at: 2 }));
    await assert.rejects(
      log.db.transact((tx) => tx.run('UPDATE log_hold SET lifted_at = NULL')),
      { name: 'ConstraintError' },
    );
  });
});
