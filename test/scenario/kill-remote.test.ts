/** `kill -9` of either provider at each step of a message between them: exactly one outcome for each recipient. */
import assert from 'node:assert/strict';
import { submitUntilTaken, tryToSubmit } from '../support/scenario-client.ts';
import { summarize, writeMail, writeMailWithFile } from '../support/scenario-mail.ts';
import { hour, scenario, until, untilSettled } from '../support/scenario-world.ts';
import { startScriptedPeer } from '../support/smtp-peers.ts';

const everyOutcome = [
  'accettazione',
  'avvenuta-consegna anna.bianchi@beta.test',
  'avvenuta-consegna protocollo@beta.test',
  'errore-consegna nessuno@beta.test',
];

const deaths = [
  { place: 'alfa', step: 'access:committed', count: 1 },
  { place: 'alfa', step: 'relay:answered', count: 1 },
  { place: 'alfa', step: 'relay:settled', count: 1 },
  // Of the sender's provider while receipts come in.
  { place: 'alfa', step: 'incoming:bytes-durable', count: 1 },
  { place: 'alfa', step: 'incoming:signed', count: 2 },
  { place: 'alfa', step: 'incoming:committed', count: 1 },
  { place: 'alfa', step: 'incoming:committed', count: 3 },
  { place: 'beta', step: 'incoming:bytes-durable', count: 1 },
  { place: 'beta', step: 'incoming:signed', count: 1 },
  { place: 'beta', step: 'incoming:committed', count: 1 },
  { place: 'beta', step: 'delivery:signed', count: 1 },
  { place: 'beta', step: 'delivery:committed', count: 2 },
  { place: 'beta', step: 'non-delivery:signed', count: 1 },
  { place: 'beta', step: 'non-delivery:committed', count: 1 },
  // Its presa in carico and receipts are on their way.
  { place: 'beta', step: 'relay:answered', count: 1 },
  { place: 'beta', step: 'relay:answered', count: 3 },
  { place: 'beta', step: 'relay:settled', count: 2 },
] as const;

for (const { place, step, count } of deaths)
  scenario(`kill -9 of ${place} at ${step}, time ${count}`, { start: false }, async (world) => {
    const { alfa, beta } = world;
    const dying = world[place];
    await (place === 'alfa' ? beta : alfa).start();
    await dying.startChild({ step, count });
    const from = alfa.address('mario.rossi');
    const to = ['anna.bianchi', 'nessuno', 'protocollo'].map((name) => beta.address(name));
    const submission = { from, to, message: writeMail({ from, to }) };
    const first = await tryToSubmit(alfa, submission);
    await dying.died();
    const before = await alfa.mails('mario.rossi');
    await dying.start();
    if (first === undefined) await submitUntilTaken(alfa, submission);
    await untilSettled(world);
    const after = await alfa.mails('mario.rossi');
    assert.deepEqual(summarize(after), everyOutcome);
    assert.deepEqual(
      after.slice(0, before.length).map(({ bytes }) => bytes),
      before.map(({ bytes }) => bytes),
    );
    assert.deepEqual(summarize(await beta.mails('anna.bianchi')), ['posta-certificata']);
    assert.deepEqual(summarize(await beta.mails('protocollo')), ['posta-certificata']);
    assert.deepEqual(summarize(await alfa.mails('ricevute-gestore')), [`presa-in-carico ${to.join(',')}`]);
  });

/** In two pieces, so that this file is no finding. */
const eicar = Buffer.from(`X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-${'ANTIVIRUS-TEST-FILE!$H+H*'}`);

const deathsByVirus = [
  { place: 'beta', step: 'incoming:signed', count: 1 },
  { place: 'beta', step: 'incoming:committed', count: 1 },
  { place: 'beta', step: 'relay:answered', count: 2 },
  { place: 'alfa', step: 'incoming:signed', count: 2 },
  { place: 'alfa', step: 'incoming:committed', count: 3 },
] as const;

for (const { place, step, count } of deathsByVirus)
  scenario(`kill -9 of ${place} at ${step}, time ${count}, over a virus`, { start: false }, async (world) => {
    const { alfa, beta } = world;
    const start = (site: typeof alfa, at?: typeof step) =>
      // Alfa's scanner knows no virus; beta's finds it.
      site.startChild(at === undefined ? undefined : { step: at, count }, { readingScanner: site === alfa });
    const dying = world[place];
    await start(place === 'alfa' ? beta : alfa);
    await start(dying, step);
    const from = alfa.address('mario.rossi');
    const to = ['anna.bianchi', 'protocollo'].map((name) => beta.address(name));
    const message = writeMailWithFile({ from, to }, 'fattura.txt', eicar);
    assert.equal((await alfa.submit({ from, to, message })).code, 250);
    await dying.died();
    await start(dying);
    await untilSettled(world);
    assert.deepEqual(summarize(await alfa.mails('mario.rossi')), [
      'accettazione',
      ...to.map((recipient) => `errore-consegna ${recipient}`),
    ]);
    assert.deepEqual(summarize(await alfa.mails('ricevute-gestore')), [
      `presa-in-carico ${to.join(',')}`,
      ...to.map((recipient) => `rilevazione-virus ${recipient}`),
    ]);
    assert.deepEqual(await beta.mails('anna.bianchi'), []);
    const kept = await beta.stores.db.read((tx) => tx.all('SELECT id FROM infected'));
    assert.equal(kept.length, 1);
  });

for (const step of ['relay:answered', 'relay:settled'])
  scenario(`kill -9 at ${step}, of ordinary mail that is refused`, { start: false }, async (world) => {
    const { alfa, outside } = world;
    const refuse = (command: string) => (command.startsWith('RCPT') ? '550 5.1.1 no such user' : undefined);
    outside.aim((await world.use(startScriptedPeer({ answer: refuse }))).port);
    const from = alfa.address('mario.rossi');
    const to = ['luca@ordinaria.test'];
    await alfa.startChild({ step, count: 1 });
    assert.equal((await alfa.submit({ from, to, message: writeMail({ from, to }) })).code, 250);
    await alfa.died();
    await alfa.start();
    await world.settle();
    await world.advance(hour);
    assert.deepEqual(summarize(await alfa.mails('mario.rossi')), ['accettazione', 'ordinaria']);
    assert.equal(await alfa.isSettled(), true);
  });

for (const step of ['timeout:signed', 'timeout:committed'])
  scenario(`kill -9 at ${step}, at each of the two notices`, { start: false }, async (world) => {
    const { alfa, beta } = world;
    const from = alfa.address('mario.rossi');
    const to = [beta.address('anna.bianchi')];
    await alfa.startChild({ step, count: 1 });
    assert.equal((await alfa.submit({ from, to, message: writeMail({ from, to }) })).code, 250);
    const expected = ['accettazione'];
    for (const hours of [12, 24]) {
      world.moveClock(12 * hour);
      await alfa.died();
      await alfa.start();
      await world.settle();
      expected.push(`preavviso-errore-consegna ${to[0]}`);
      const mails = await alfa.mails('mario.rossi');
      assert.deepEqual(summarize(mails), expected, `after ${hours} hours`);
      if (hours === 24) break;
      await alfa.stop();
      await alfa.startChild({ step, count: 1 });
    }
    await until('nothing is left for the queue', () => alfa.isSettled());
    await beta.start();
    await world.advance(hour);
    assert.deepEqual(await beta.mails('anna.bianchi'), [], 'what was given up is not sent any more');
  });
