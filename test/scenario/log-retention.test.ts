/** Thirty months later: the running provider lets go of what the law no longer asks for, unless a hold keeps it. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after } from 'node:test';
import { loadLogTrust } from '../../src/cli/log-trust.ts';
import type { ConfigInput } from '../../src/config/schema.ts';
import { createPemSigner } from '../../src/keys/pem.ts';
import { openSegments } from '../../src/log-keeping.ts';
import { listRemovals } from '../../src/message-log/retention/removal-rows.ts';
import { listSeals } from '../../src/message-log/seal/seal-rows.ts';
import { verifyLog } from '../../src/message-log/verify/verify-log.ts';
import { issueSigningCertificate } from '../../src/pki/issue.ts';
import { createLocalAuthority } from '../../src/tsa/local.ts';
import { startResponder } from '../../src/tsa/responder.ts';
import { writeMail } from '../support/scenario-mail.ts';
import { sharedPki } from '../support/scenario-pki.ts';
import type { Site } from '../support/scenario-site.ts';
import { hour, scenario, until } from '../support/scenario-world.ts';
import { runPec } from '../unit/cli/run-pec.ts';

const day = 24 * hour;
const pki = await sharedPki();
const stampKey = await issueSigningCertificate(pki.ca, {
  commonName: 'Marca temporale',
  organization: 'Scenario PEC',
  purpose: 'timeStamping',
  at: Date.now() - 30 * day,
});
const time = { now: () => Date.now() };
const own = createLocalAuthority({ name: 'own', signer: createPemSigner(stampKey), clock: () => time.now() });
const responder = await startResponder({
  host: '127.0.0.1',
  port: 0,
  answer: (request) => own.answer(request),
});
after(() => responder.close());

const url = `http://127.0.0.1:${responder.port}/`;
const settings: Partial<ConfigInput> = {
  timeStamp: { authorities: [{ kind: 'rfc3161', name: 'marca', url, anchors: [pki.caFile] }] },
};

const countEntries = async (site: Site) =>
  (await site.stores.db.read((tx) => tx.get<{ n: number }>('SELECT COUNT(*) AS n FROM message_log')))?.n ?? 0;
const sealsOf = (site: Site) =>
  site.stores.db.read((tx) => listSeals(tx, { node: site.config.node, after: 0, limit: 100 }));
const removalsOf = (site: Site) => site.stores.db.read((tx) => listRemovals(tx, site.config.node));

scenario(
  'sealed days leave after thirty months, and not while a court holds them',
  { settings: { alfa: settings }, start: false },
  async (world) => {
    const { alfa, folder } = world;
    time.now = world.now;
    // Keys of servers end sooner than the log.
    world.expectFaults(/"event":"certificate","use":"tls"/);
    await alfa.start();
    const [sender, recipient] = [alfa.address('mario.rossi'), alfa.address('anna.bianchi')];
    for (let count = 1; count <= 2; count += 1) {
      const message = writeMail({ from: sender, to: [recipient], subject: 'Offerta' });
      assert.equal((await alfa.submit({ from: sender, to: [recipient], message })).code, 250);
      await world.settle();
      await world.advance(day);
      await until(`seal ${count}`, async () => {
        const seals = await sealsOf(alfa);
        return seals.length === count && seals.every(({ sealedAt }) => sealedAt !== undefined);
      });
    }
    const pec = (...args: string[]) => runPec([...args, '--config', join(folder, 'alfa', 'config.json')]);
    const held = await pec(
      'log',
      'hold',
      'add',
      '--reason',
      'Tribunale di Prova, RG 1/2026',
      '--mailbox',
      sender,
    );
    assert.equal(held.code, 0, held.remarks);
    const entries = await countEntries(alfa);
    assert.equal(entries, 6);

    await world.advance(936 * day);
    await world.advance(day);
    assert.deepEqual(
      [await countEntries(alfa), await removalsOf(alfa)],
      [entries, []],
      'the hold keeps them',
    );
    const lifted = await pec('log', 'hold', 'remove', '1');
    assert.equal(lifted.code, 0, lifted.remarks);
    await world.advance(day);
    await until('both days have left', async () => (await countEntries(alfa)) === 0);
    assert.deepEqual(
      (await removalsOf(alfa)).map(({ number, finishedAt }) => [number, finishedAt !== undefined]),
      [
        [1, true],
        [2, true],
      ],
    );
    const report = await verifyLog({
      db: alfa.stores.db,
      archive: openSegments(alfa.config.dataFolder),
      trust: loadLogTrust({ config: join(folder, 'alfa', 'config.json') }).trust,
      full: true,
      now: world.now(),
      provider: alfa.name,
      isOurDomain: (domain) => domain === alfa.domain,
    });
    assert.deepEqual(report.findings, []);
    assert.partialDeepStrictEqual(report.streams, [{ removedThrough: entries, seals: 2, stamps: 2 }]);
    // Their holder has deleted them long since: what lies in mailboxes is compared with the log at the end.
    await alfa.stores.db.transact((tx) => tx.run('DELETE FROM message'));
    const all = await pec('log', 'hold', 'list', '--all');
    assert.match(all.output, /Tribunale di Prova, RG 1\/2026 .*\d{4}/);
  },
);
