/**
 * The log of real traffic: sealed by the running provider after each midnight, also after its time-stamp authority
 * was away for days; verified by the command, live and as a backup; and proof of a receipt from a mailbox.
 */
import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { createPemSigner } from '../../src/keys/pem.ts';
import { listSeals, listStamps } from '../../src/message-log/seal/seal-rows.ts';
import { issueSigningCertificate } from '../../src/pki/issue.ts';
import { createLocalAuthority } from '../../src/tsa/local.ts';
import { startResponder } from '../../src/tsa/responder.ts';
import { waitFor } from '../support/run-program.ts';
import { writeMail } from '../support/scenario-mail.ts';
import { sharedPki } from '../support/scenario-pki.ts';
import type { Site } from '../support/scenario-site.ts';
import { hour, scenario } from '../support/scenario-world.ts';
import { runPec } from '../unit/cli/run-pec.ts';

const day = 24 * hour;
const pki = await sharedPki();
const stampKey = await issueSigningCertificate(pki.ca, {
  commonName: 'Marca temporale',
  organization: 'Scenario PEC',
  purpose: 'timeStamping',
  at: Date.now() - 30 * day,
});

/** An authority on the web that goes away and comes back, with the clock of the world. */
const authority = { away: false, asked: 0, clock: () => Date.now() };
const own = createLocalAuthority({
  name: 'own',
  signer: createPemSigner(stampKey),
  clock: () => authority.clock(),
});
const responder = await startResponder({
  host: '127.0.0.1',
  port: 0,
  answer: async (request) => {
    authority.asked += 1;
    if (authority.away) throw new Error('away');
    return own.answer(request);
  },
});
after(() => responder.close());

const settings: Partial<ConfigInput> = {
  timeStamp: {
    authorities: [
      { kind: 'rfc3161', name: 'marca', url: `http://127.0.0.1:${responder.port}/`, anchors: [pki.caFile] },
    ],
  },
};

const sealsOf = (site: Site) =>
  site.stores.db.read((tx) => listSeals(tx, { node: site.config.node, after: 0, limit: 100 }));

async function exchange(from: Site, to: Site): Promise<void> {
  const sender = from.address('mario.rossi');
  const recipients = [to.address('anna.bianchi')];
  const message = writeMail({ from: sender, to: recipients, subject: 'Offerta' });
  assert.equal((await from.submit({ from: sender, to: recipients, message })).code, 250);
}

const options = { settings: { alfa: settings, beta: settings }, start: false };

scenario(
  'a log of four days, sealed in order after three without an authority, and proved',
  options,
  async (world) => {
    const { alfa, beta, folder } = world;
    authority.clock = world.now;
    world.moveClock(-4 * day);
    await Promise.all([alfa.start(), beta.start()]);
    authority.away = true;
    for (let count = 0; count < 3; count += 1) {
      await exchange(alfa, beta);
      await world.settle();
      await world.advance(day);
      const wanted = count + 1;
      await waitFor(`segment ${wanted}`, async () => {
        const seals = await sealsOf(alfa);
        return seals.length === wanted && seals.every(({ content }) => content !== undefined)
          ? true
          : undefined;
      });
    }
    assert.ok(authority.asked >= 3);
    assert.ok((await sealsOf(alfa)).every(({ sealedAt }) => sealedAt === undefined));
    const receipts = (await alfa.mails('mario.rossi')).filter(({ kind }) => kind === 'avvenuta-consegna');
    assert.equal(receipts.length, 3, 'mail flowed meanwhile');
    await checkAlarm(alfa);
    authority.away = false;
    await world.advance(hour);
    await waitFor('all seals stamped', async () =>
      (await sealsOf(alfa)).every(({ sealedAt }) => sealedAt !== undefined) ? true : undefined,
    );
    const times: number[] = [];
    for (const seal of await sealsOf(alfa)) {
      const [stamp] = await alfa.stores.db.read((tx) => listStamps(tx, seal));
      times.push(stamp?.time ?? 0);
    }
    assert.deepEqual(
      times,
      [...times].sort((a, b) => a - b),
    );

    const config = join(folder, 'alfa', 'config.json');
    const pec = (...args: string[]) => runPec([...args, '--config', config]);
    const verified = await pec('log', 'verify', '--full');
    assert.equal(verified.code, 0, verified.output + verified.remarks);
    assert.match(verified.output, /3 seals with 3 time stamps/);
    assert.match(verified.output, /3 messages were judged.*\nEverything is as it was written\./);

    await checkBackup(alfa, folder);
    await checkProofs(alfa, folder, pec);
    await checkDuplicate(alfa, folder);
  },
);

/** Who watches the log of the program learns which authority, which seal, and how long it has waited. */
async function checkAlarm(site: Site): Promise<void> {
  const listAlarms = () =>
    site.diagnostics
      .filter((line) => line.includes('"event":"log-stamp-missing"'))
      .map(
        (line) =>
          JSON.parse(line) as { level: string; number: number; authority: string; waitingHours: number },
      );
  // The sealer asks the authority again a moment after the clock has moved.
  await waitFor('an alarm of the third day', async () =>
    listAlarms().some(({ waitingHours }) => waitingHours >= 47) ? true : undefined,
  );
  assert.ok(
    listAlarms().every(
      ({ level, authority: name, number }) => level === 'error' && name === 'marca' && number === 1,
    ),
  );
}

/** A copy of the data folder elsewhere, with nothing but anchors; damaged, it names the entry. */
async function checkBackup(site: Site, folder: string): Promise<void> {
  const copy = join(folder, 'backup');
  await site.stores.db.transact((tx) => tx.all('SELECT 1'));
  cpSync(site.config.dataFolder, copy, { recursive: true });
  const verify = (...args: string[]) =>
    runPec(['log', 'verify', '--data', copy, '--anchors', pki.caFile, ...args]);
  const whole = await verify('--full');
  assert.equal(whole.code, 0, whole.output + whole.remarks);
  const intruder = new DatabaseSync(join(copy, 'pec.db'));
  intruder.exec(`DROP TRIGGER message_log_no_update; UPDATE message_log SET subject = 'Altro' WHERE seq = 2`);
  intruder.close();
  const damaged = await verify('--full', '--json');
  assert.equal(damaged.code, 1);
  const report = JSON.parse(damaged.output) as { findings: { seq: number; text: string }[] };
  assert.deepEqual(
    report.findings.map(({ seq, text }) => `${seq}: ${text}`),
    ['2: the entry differs from the sealed one in subject'],
  );
}

/** A duplicate of a receipt that enclosed the message: signed, and its proof checks by itself. */
async function checkDuplicate(sender: Site, folder: string): Promise<void> {
  const [receipt] = (await sender.mails('mario.rossi')).filter(({ kind }) => kind === 'avvenuta-consegna');
  const identificativo = receipt?.data?.identificativo ?? '';
  const file = (name: string) => join(folder, name);
  const issuer = ['--config', join(folder, 'beta', 'config.json')];
  const asked = [identificativo, '--kind', 'avvenuta-consegna', '--attest', ...issuer];
  const made = await runPec(['receipt', 'reproduce', ...asked]);
  assert.equal(made.code, 0, made.remarks);
  const text = made.bytes.toString('latin1');
  const [, encoded = ''] = /filename="prova\.json"\r\n\r\n([A-Za-z0-9+/=\r\n]+)\r\n--/.exec(text) ?? [];
  writeFileSync(file('prova.json'), Buffer.from(encoded, 'base64'));
  const checked = await runPec(['proof', 'check', file('prova.json'), '--anchors', pki.caFile]);
  assert.equal(checked.code, 0, checked.output + checked.remarks);
  assert.match(checked.output, /delivered .*entry \w+\/\d+\n[\s\S]*The proof holds\./);
}

/** From the delivery receipt as its holder saved it. */
async function checkProofs(
  site: Site,
  folder: string,
  pec: (...args: string[]) => ReturnType<typeof runPec>,
): Promise<void> {
  const [acceptance] = await site.mails('mario.rossi');
  assert.ok(acceptance?.kind === 'accettazione');
  const file = (name: string) => join(folder, name);
  writeFileSync(file('receipt.eml'), acceptance.bytes);
  writeFileSync(file('saved.eml'), acceptance.bytes.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
  for (const name of ['receipt', 'saved']) {
    const made = await pec(
      'proof',
      'make',
      file(`${name}.eml`),
      '--out',
      file(`${name}.json`),
      '--with-index',
    );
    assert.equal(made.code, 0, made.remarks);
    const check = (...args: string[]) =>
      runPec(['proof', 'check', file(`${name}.json`), '--anchors', pki.caFile, ...args]);
    const checked = await check('--message', file('receipt.eml'));
    assert.equal(checked.code, 0, checked.output + checked.remarks);
    assert.match(checked.output, /accepted .*entry \w+\/1\n[\s\S]*time stamp of marca over segment \w+\/1/);
    assert.match(checked.output, /which this provider wrote and signed\.\nThe proof holds\./);
    assert.equal((await check('--message', pki.caFile)).code, 1);
  }
  const bundle = readFileSync(file('receipt.json'));
  const { identificativo } = JSON.parse(bundle.toString()) as { identificativo: string };
  const again = await pec('proof', 'make', identificativo, '--out', file('by-id.json'));
  assert.equal(again.code, 0, again.remarks);
  assert.match(
    (await pec('proof', 'make', identificativo, '--out', file('by-id.json'))).remarks,
    /exists already/,
  );
  assert.match(
    (await pec('proof', 'make', 'nobody@knows', '--out', file('none.json'))).remarks,
    /knows no message/,
  );
  bundle[bundle.length >> 1] = (bundle[bundle.length >> 1] ?? 0) ^ 1;
  writeFileSync(file('changed.json'), bundle);
  const changed = await pec('proof', 'check', file('changed.json'));
  assert.deepEqual(
    [changed.code, changed.output],
    [1, 'WRONG  this is no proof bundle, or it was altered\nThe proof does not hold.'],
  );
}
