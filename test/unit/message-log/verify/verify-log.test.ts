import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { describe, it } from 'node:test';
import { removeOldSegments } from '../../../../src/message-log/retention/remove-segments.ts';
import { verifyLog } from '../../../../src/message-log/verify/verify-log.ts';
import { makeFacts } from '../../../support/log-events.ts';
import { dayMs, firstDay, openSealedLog } from '../../../support/sealed-log.ts';
import { findingsOf, intrude, lookedAt, one, openCopy, place, verify } from './tampered-log.ts';

describe('verification of a log that is whole', () => {
  it('finds nothing, and says what it looked at', async (t) => {
    const log = await openCopy(t);
    for (const full of [false, true]) {
      const report = await verify(log, full);
      assert.deepEqual(report.findings, []);
      assert.deepEqual(report.open, []);
      assert.equal(report.messages, full ? 11 : 0);
      assert.deepEqual(report.streams, [
        {
          node: 'n1',
          removedThrough: 0,
          seals: 3,
          stamps: 3,
          sealedThrough: 27,
          lastSeq: 33,
          entriesRead: full ? 33 : 15,
        },
      ]);
    }
  });

  it('tells seals that wait for their stamp from damage', async (t) => {
    const log = await openCopy(t);
    log.authorities[0]?.failNext();
    log.time.now = firstDay + 4 * dayMs;
    await log.sealer.seal();
    const report = await verify(log);
    assert.ok(report.ok);
    assert.deepEqual(
      report.open.map(({ seal, code }) => [seal, code]),
      [[4, 'stamp-missing']],
    );
    assert.equal(report.streams[0]?.sealedThrough, 27);
  });

  it('finds nothing after segments have left by the rules, wholly or half', async (t) => {
    const log = await openCopy(t);
    await log.sealer.seal();
    log.time.now = Date.UTC(2029, 4, 11, 12);
    const { db, archive, clock } = log;
    const removed = await removeOldSegments({ db, archive, signer: () => log.signer, clock, months: 30 });
    assert.equal(removed.removed.length, 2);
    assert.deepEqual(await findingsOf(log), []);
    intrude(log, 'UPDATE log_removal SET finished_at = NULL, removed_through = 14 WHERE number = 2');
    assert.match(
      (await findingsOf(log)).join('\n'),
      /entry-missing 15: the sealed entry is missing from the database/,
    );
    rmSync(place(log, `${one}.jsonl.gz`));
    intrude(log, 'UPDATE log_removal SET removed_through = 18 WHERE number = 2');
    assert.deepEqual(await findingsOf(log), []);
    intrude(log, `UPDATE log_removal SET record = x'30' WHERE number = 1`);
    assert.match((await findingsOf(log)).join('\n'), /removal-wrong seal 1/);
  });

  it('reads what an empty log has', async (t) => {
    assert.deepEqual((await verify(openSealedLog(t))).streams, []);
  });
});

describe('verification of seals', () => {
  const cases: [string, string[], RegExp[]][] = [
    [
      'a root',
      [`UPDATE log_seal SET root = x'${'00'.repeat(32)}' WHERE number = 2`],
      [
        /^seal-changed seal 2: the root of the seal/,
        /^stamp-wrong seal 2: .*over something else/,
        /^statement-wrong seal 2/,
        /^seal-displaced seal 3: the seal does not name the root/,
      ],
    ],
    [
      'a header',
      [`UPDATE log_seal SET header = replace(header, '"entries":9', '"entries":8') WHERE number = 2`],
      [/^seal-changed seal 2/],
    ],
    ['a day', [`UPDATE log_seal SET day = '2026-11-01' WHERE number = 2`], [/^seal-changed seal 2/]],
    [
      'two seals swapped',
      [
        'UPDATE log_seal SET number = 9 WHERE number = 1',
        'UPDATE log_seal SET number = 1 WHERE number = 2',
        'UPDATE log_seal SET number = 2 WHERE number = 9',
      ],
      [
        /^seal-displaced seal 1: the seal of n1\/2 of 2026-11-11 stands in its place/,
        /^seal-displaced seal 2: the seal of n1\/1/,
        /^stamp-wrong seal 1/,
      ],
    ],
    [
      'a seal deleted',
      ['DELETE FROM log_seal WHERE number = 2'],
      [/^seal-missing seal 3: the seal does not continue/],
    ],
    [
      'a stamp of another seal',
      [
        'UPDATE log_seal_stamp SET token = (SELECT token FROM log_seal_stamp WHERE number = 2) WHERE number = 1',
      ],
      [/^stamp-wrong seal 1: the time stamp of prova: the time stamp is over something else/],
    ],
    [
      'a stamp changed',
      [`UPDATE log_seal_stamp SET token = x'3000' WHERE number = 1`],
      [/^stamp-wrong seal 1: .*cannot be read/],
    ],
    [
      'a statement of another seal',
      ['UPDATE log_seal SET statement = (SELECT statement FROM log_seal WHERE number = 2) WHERE number = 1'],
      [/^statement-wrong seal 1: the signed statement is about n1\/2/],
    ],
    [
      'a statement changed',
      [`UPDATE log_seal SET statement = x'3000' WHERE number = 1`],
      [/^statement-wrong seal 1: the signed statement: the signature cannot be read/],
    ],
  ];
  for (const [what, statements, expected] of cases)
    it(`names ${what}`, async (t) => {
      const log = await openCopy(t);
      intrude(log, ...statements);
      for (const full of [true, false]) {
        const found = await findingsOf(log, full);
        for (const text of expected)
          assert.ok(
            found.some((line) => text.test(line)),
            `${text}\n${found.join('\n')}`,
          );
      }
    });

  it('does not believe authorities that it was not told of', async (t) => {
    const log = await openCopy(t);
    const nobody = { anchors: [], intermediates: [], revocationLists: [] };
    const report = await verifyLog({
      ...log,
      trust: { provider: nobody, stamps: nobody },
      full: false,
      now: lookedAt,
      provider: '',
      isOurDomain: () => true,
    });
    assert.ok(
      ['statement-wrong', 'stamp-wrong'].every((code) => report.findings.some((each) => each.code === code)),
    );
  });
});

describe('verification of messages', () => {
  it('names messages that break a rule of coherence', async (t) => {
    const log = await openCopy(t);
    const { identificativo } = makeFacts(`m${firstDay + 3 * dayMs}x1`);
    // An entry of the tail, with its chain made anew: nothing else can tell yet.
    intrude(log, 'DELETE FROM message_log WHERE seq = 33');
    assert.deepEqual(await findingsOf(log), []);
    log.time.now += 3 * dayMs;
    const { findings } = await verify(log);
    assert.deepEqual(
      findings.map(({ code, identificativo: named, text }) => [code, named, text]),
      [['incoherent', identificativo, 'rule 3: anna.bianchi@alfa.test has 0 outcomes instead of 1']],
    );
  });
});
