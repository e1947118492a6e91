/** What comes twice counts once: envelopes and receipts whose 250 was lost, and the same envelope on ten lines. */
import assert from 'node:assert/strict';
import { makeEnvelope } from '../support/scenario-forge.ts';
import { summarize, writeMail } from '../support/scenario-mail.ts';
import { minute, scenario, untilSettled } from '../support/scenario-world.ts';

const mario = 'mario.rossi@alfa.test';
const anna = 'anna.bianchi@beta.test';
const office = 'protocollo@beta.test';
const luigi = 'luigi.verdi@gamma.test';

for (const place of ['alfa', 'beta'] as const)
  scenario(`every first 250 of ${place}'s incoming point is lost`, { start: false }, async (world) => {
    const { alfa, beta } = world;
    let lost = 0;
    const steps = {
      reached: (step: string) => {
        if (step !== 'incoming:committed') return;
        if (++lost <= 3) world[place].link.cut();
        else alfa.link.shut(false);
      },
    };
    await Promise.all([
      alfa.start(place === 'alfa' ? { steps } : {}),
      beta.start(place === 'beta' ? { steps } : {}),
    ]);
    // A receipt that comes back ends the attempts: none may, while beta's answers are lost.
    alfa.link.shut(place === 'beta');
    const to = [anna, office, 'nessuno@beta.test'];
    assert.equal((await alfa.submit({ from: mario, to, message: writeMail({ from: mario, to }) })).code, 250);
    await untilSettled(world);
    assert.ok(lost > 3, 'answers were lost, and then one was not');
    assert.deepEqual(summarize(await alfa.mails('mario.rossi')), [
      'accettazione',
      `avvenuta-consegna ${anna}`,
      `avvenuta-consegna ${office}`,
      'errore-consegna nessuno@beta.test',
    ]);
    assert.deepEqual(summarize(await alfa.mails('ricevute-gestore')), [`presa-in-carico ${to.join(',')}`]);
    assert.deepEqual(summarize(await beta.mails('anna.bianchi')), ['posta-certificata']);
    assert.deepEqual(summarize(await beta.mails('protocollo')), ['posta-certificata']);
  });

scenario('the same envelope again, an hour and two days later', {}, async (world) => {
  const { beta, outside } = world;
  outside.shut(true);
  world.expectFaults(/"event":"lost"/); // nobody takes beta's receipts in two days
  const message = writeMail({ from: luigi, to: [anna] });
  const { bytes } = await makeEnvelope(world.pki, {
    issuer: 'gamma',
    from: luigi,
    to: [anna],
    at: world.now(),
    message,
  });
  const transaction = { from: luigi, to: [anna], message: bytes };
  for (const pause of [0, 60 * minute, 47 * 60 * minute]) {
    await world.advance(pause);
    assert.equal((await beta.deliver(transaction)).code, 250);
    await world.settle();
  }
  assert.deepEqual(summarize(await beta.mails('anna.bianchi')), ['posta-certificata']);
  assert.deepEqual(
    (await beta.events()).filter(({ type }) => type !== 'relayed').map(({ type }) => type),
    ['taken-in-charge', 'delivered'],
  );
});

scenario('the same envelope on ten connections at the same moment', {}, async (world) => {
  const { beta, outside } = world;
  outside.shut(true);
  const message = writeMail({ from: luigi, to: [anna] });
  const { bytes } = await makeEnvelope(world.pki, {
    issuer: 'gamma',
    from: luigi,
    to: [anna],
    at: world.now(),
    message,
  });
  const transaction = { from: luigi, to: [anna], message: bytes };
  const replies = await Promise.all(Array.from({ length: 10 }, () => beta.deliver(transaction)));
  assert.deepEqual(
    replies.map(({ code }) => code),
    Array.from({ length: 10 }, () => 250),
  );
  await world.settle();
  assert.deepEqual(summarize(await beta.mails('anna.bianchi')), ['posta-certificata']);
  assert.deepEqual(
    (await beta.events()).map(({ type }) => type),
    ['taken-in-charge', 'delivered'],
  );
});

scenario('an envelope for further recipients: a presa in carico of theirs alone', {}, async (world) => {
  const { beta, outside } = world;
  outside.shut(true);
  const to = [anna, office];
  const message = writeMail({ from: luigi, to });
  const { bytes } = await makeEnvelope(world.pki, {
    issuer: 'gamma',
    from: luigi,
    to,
    at: world.now(),
    message,
  });
  for (const some of [[anna], [anna, office], [office]])
    assert.equal((await beta.deliver({ from: luigi, to: some, message: bytes })).code, 250);
  await world.settle();
  const taken = (await beta.events()).flatMap((event) =>
    event.type === 'taken-in-charge' ? [event.takenInCharge] : [],
  );
  assert.deepEqual(taken, [[anna], [office]]);
  for (const name of ['anna.bianchi', 'protocollo'])
    assert.deepEqual(summarize(await beta.mails(name)), ['posta-certificata']);
});

scenario('both halves of an envelope at the same moment', {}, async (world) => {
  const { beta, outside } = world;
  outside.shut(true);
  const names = ['anna.bianchi', 'protocollo', 'mario.rossi'];
  const to = names.map((name) => beta.address(name));
  const message = writeMail({ from: luigi, to });
  const { bytes } = await makeEnvelope(world.pki, {
    issuer: 'gamma',
    from: luigi,
    to,
    at: world.now(),
    message,
  });
  const replies = await Promise.all(
    to.map((one) => beta.deliver({ from: luigi, to: [one], message: bytes })),
  );
  assert.deepEqual(
    replies.map(({ code }) => code),
    [250, 250, 250],
  );
  await world.settle();
  for (const name of names) assert.deepEqual(summarize(await beta.mails(name)), ['posta-certificata']);
});
