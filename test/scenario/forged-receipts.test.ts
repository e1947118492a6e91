/**
 * Receipts from others about messages of ours: only the provider that manages the recipient may speak for it, once.
 * Whatever else comes changes no state, and the sender is told after 12 and 24 hours that nothing was heard.
 */
import assert from 'node:assert/strict';
import type { LogEvent } from '../../src/pec/events.ts';
import type { MessageFacts } from '../../src/pec/facts.ts';
import { edit, makeReceipt } from '../support/scenario-forge.ts';
import { fieldOf, summarize, writeMail } from '../support/scenario-mail.ts';
import { hour, scenario, type World } from '../support/scenario-world.ts';

const mario = 'mario.rossi@alfa.test';
const luigi = 'luigi.verdi@gamma.test';
const gammaAddress = 'posta-certificata@gamma.test';

/** A message that waits for gamma, which cannot be reached. */
async function sendToGamma({ alfa }: World, to: readonly string[] = [luigi]): Promise<MessageFacts> {
  const reply = await alfa.submit({ from: mario, to, message: writeMail({ from: mario, to }) });
  assert.equal(reply.code, 250, reply.text);
  const [accepted] = await alfa.events();
  return accepted?.facts ?? assert.fail();
}

async function receive({ alfa, settle }: World, message: Buffer, from = gammaAddress): Promise<number> {
  const { code } = await alfa.deliver({ from, to: [mario], message });
  await settle();
  return code;
}

async function listNotices({ alfa }: World): Promise<string[]> {
  return summarize(await alfa.mails('mario.rossi')).filter((line) => line.startsWith('preavviso'));
}

const bothNotices = [`preavviso-errore-consegna ${luigi}`, `preavviso-errore-consegna ${luigi}`];

type Received = Extract<LogEvent, { type: 'notification-received' }>;

async function listReceived({ alfa }: World): Promise<Received[]> {
  return (await alfa.events()).filter((event) => event.type === 'notification-received');
}

scenario('control: the receipt of the right provider closes the transaction', {}, async (world) => {
  const facts = await sendToGamma(world);
  const receipt = await makeReceipt(world.pki, { issuer: 'gamma', facts, recipient: luigi, at: world.now() });
  assert.equal(await receive(world, receipt), 250);
  await world.advance(25 * hour);
  assert.deepEqual(summarize(await world.alfa.mails('mario.rossi')), [
    'accettazione',
    `avvenuta-consegna ${luigi}`,
  ]);
  assert.equal(await world.alfa.isSettled(), true, 'nothing is left in the queue');
});

scenario('the same receipt again is the same receipt', {}, async (world) => {
  const facts = await sendToGamma(world);
  const receipt = await makeReceipt(world.pki, { issuer: 'gamma', facts, recipient: luigi, at: world.now() });
  for (let time = 0; time < 3; time++) assert.equal(await receive(world, receipt), 250);
  assert.deepEqual(summarize(await world.alfa.mails('mario.rossi')), [
    'accettazione',
    `avvenuta-consegna ${luigi}`,
  ]);
  assert.equal((await listReceived(world)).length, 1);
});

scenario('a second receipt for the same recipient changes nothing', {}, async (world) => {
  const facts = await sendToGamma(world);
  for (const at of [world.now() - 1000, world.now()]) {
    const receipt = await makeReceipt(world.pki, { issuer: 'gamma', facts, recipient: luigi, at });
    const other = edit(receipt, /^Message-ID: </m, `Message-ID: <${at}.`);
    assert.equal(await receive(world, other), 250);
  }
  assert.deepEqual(
    (await listReceived(world)).map(({ late }) => late),
    [false, true],
  );
});

scenario('a receipt by a provider that does not manage the recipient', {}, async (world) => {
  const facts = await sendToGamma(world);
  const receipt = await makeReceipt(world.pki, { issuer: 'beta', facts, recipient: luigi, at: world.now() });
  await receive(world, receipt, 'posta-certificata@beta.test');
  for (const event of await listReceived(world)) assert.deepEqual(event.about, []);
  await world.advance(12 * hour);
  await world.advance(12 * hour);
  assert.deepEqual(await listNotices(world), bothNotices);
});

scenario('a receipt for a recipient the message never had', {}, async (world) => {
  const facts = await sendToGamma(world);
  const stranger = 'nessuno@gamma.test';
  const receipt = await makeReceipt(world.pki, {
    issuer: 'gamma',
    facts,
    recipient: stranger,
    at: world.now(),
  });
  await receive(world, receipt);
  await world.advance(12 * hour);
  await world.advance(12 * hour);
  assert.deepEqual(await listNotices(world), bothNotices);
});

scenario('a receipt of another provider for a recipient of our own', {}, async (world) => {
  const { alfa } = world;
  const anna = alfa.address('anna.bianchi');
  const facts = await sendToGamma(world, [anna]);
  await world.settle();
  const receipt = await makeReceipt(world.pki, { issuer: 'gamma', facts, recipient: anna, at: world.now() });
  await receive(world, receipt);
  for (const event of await listReceived(world)) assert.deepEqual(event.about, []);
});

scenario('a receipt that says that another sender wrote the message', {}, async (world) => {
  const facts = { ...(await sendToGamma(world)), sender: 'anna.bianchi@alfa.test' };
  const receipt = await makeReceipt(world.pki, { issuer: 'gamma', facts, recipient: luigi, at: world.now() });
  await receive(world, receipt);
  await world.advance(12 * hour);
  await world.advance(12 * hour);
  assert.deepEqual(await listNotices(world), bothNotices);
});

scenario('a receipt about a message that never was', {}, async (world) => {
  const facts = { ...(await sendToGamma(world)), identificativo: 'mai.stato@alfa.test' };
  const receipt = await makeReceipt(world.pki, { issuer: 'gamma', facts, recipient: luigi, at: world.now() });
  await receive(world, receipt);
  await world.advance(12 * hour);
  await world.advance(12 * hour);
  assert.deepEqual(await listNotices(world), bothNotices);
});

for (const [name, forge] of Object.entries({
  'without its signature': (receipt: Buffer) =>
    edit(receipt, 'multipart/signed; protocol', 'multipart/mixed; x'),
  'with an altered byte': (receipt: Buffer) =>
    edit(receipt, 'Identificativo messaggio', 'identificativo messaggio'),
  'from another address': (receipt: Buffer) =>
    edit(receipt, `From: ${gammaAddress}`, 'From: posta-certificata@beta.test'),
}))
  scenario(`a receipt ${name} is refused`, {}, async (world) => {
    const facts = await sendToGamma(world);
    const receipt = await makeReceipt(world.pki, {
      issuer: 'gamma',
      facts,
      recipient: luigi,
      at: world.now(),
    });
    assert.equal(await receive(world, forge(receipt)), 550);
    assert.deepEqual(await listReceived(world), []);
    await world.advance(12 * hour);
    await world.advance(12 * hour);
    assert.deepEqual(await listNotices(world), bothNotices);
  });

for (const [name, forge, kind] of [
  [
    'a receipt made up as a non-delivery',
    (receipt: Buffer) => edit(receipt, 'X-Ricevuta: avvenuta-consegna', 'X-Ricevuta: errore-consegna'),
    'anomalia',
  ],
  [
    'a notification of a kind nobody knows',
    (receipt: Buffer) => edit(receipt, 'X-Ricevuta: avvenuta-consegna', 'X-Ricevuta: novita'),
    'novita',
  ],
] as const)
  scenario(`${name} reaches the user and certifies nothing`, {}, async (world) => {
    const facts = await sendToGamma(world);
    const receipt = await makeReceipt(world.pki, {
      issuer: 'gamma',
      facts,
      recipient: luigi,
      at: world.now(),
    });
    assert.equal(await receive(world, forge(receipt)), 250);
    const mails = await world.alfa.mails('mario.rossi');
    assert.deepEqual(mails.map((mail) => mail.kind).sort(), ['accettazione', kind].sort());
    await world.advance(12 * hour);
    await world.advance(12 * hour);
    assert.deepEqual(await listNotices(world), bothNotices);
  });

scenario('an old receipt of another message does not serve for a new one', {}, async (world) => {
  const first = await sendToGamma(world);
  const receipt = await makeReceipt(world.pki, {
    issuer: 'gamma',
    facts: first,
    recipient: luigi,
    at: world.now(),
  });
  assert.equal(await receive(world, receipt), 250);
  await sendToGamma(world);
  const again = edit(receipt, /^Message-ID: </m, 'Message-ID: <again.');
  await receive(world, again);
  await world.advance(12 * hour);
  await world.advance(12 * hour);
  assert.deepEqual(await listNotices(world), bothNotices);
  const notices = (await world.alfa.mails('mario.rossi')).filter(({ kind }) => kind.startsWith('preavviso'));
  for (const { header, data } of notices) {
    assert.notEqual(data?.identificativo, first.identificativo);
    assert.notEqual(fieldOf(header, 'X-Riferimento-Message-ID'), first.msgid);
  }
});
