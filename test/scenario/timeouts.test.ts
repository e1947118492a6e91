/**
 * The notices after 12 and 24 hours in the three cases of RFC 6109 §3.1.6, with a clock that is moved, restarts in
 * between, and receipts that come too late. The recipient's provider, gamma, is played by the test.
 */
import assert from 'node:assert/strict';
import type { MessageFacts } from '../../src/pec/facts.ts';
import { makeNonDelivery, makeReceipt, makeTakeInCharge } from '../support/scenario-forge.ts';
import { summarize, textOf, writeMail } from '../support/scenario-mail.ts';
import { hour, minute, scenario, type World } from '../support/scenario-world.ts';

const mario = 'mario.rossi@alfa.test';
const luigi = 'luigi.verdi@gamma.test';
const elena = 'elena.neri@gamma.test';
const notice = `preavviso-errore-consegna ${luigi}`;
const delivery = `avvenuta-consegna ${luigi}`;

async function send({ alfa }: World, to: readonly string[] = [luigi]): Promise<MessageFacts> {
  const reply = await alfa.submit({ from: mario, to, message: writeMail({ from: mario, to }) });
  assert.equal(reply.code, 250, reply.text);
  return (await alfa.events())[0]?.facts ?? assert.fail();
}

async function say({ alfa, settle }: World, message: Buffer, to = mario): Promise<void> {
  const reply = await alfa.deliver({ from: 'posta-certificata@gamma.test', to: [to], message });
  assert.equal(reply.code, 250, reply.text);
  await settle();
}

async function takeInCharge(world: World, facts: MessageFacts, ...takenInCharge: string[]): Promise<void> {
  const message = await makeTakeInCharge(world.pki, {
    issuer: 'gamma',
    facts,
    at: world.now(),
    takenInCharge,
  });
  await say(world, message, 'ricevute-gestore@alfa.test');
}

async function deliver(world: World, facts: MessageFacts, recipient = luigi): Promise<void> {
  await say(world, await makeReceipt(world.pki, { issuer: 'gamma', facts, recipient, at: world.now() }));
}

/** Everything but the acceptance that the sender has. */
async function heard({ alfa }: World): Promise<string[]> {
  return summarize(await alfa.mails('mario.rossi')).filter((line) => line !== 'accettazione');
}

scenario('nothing is heard: the 12 h notice, the 24 h notice, and then no more', {}, async (world) => {
  const { alfa } = world;
  await send(world);
  await world.advance(12 * hour - minute);
  assert.deepEqual(await heard(world), []);
  await world.advance(2 * minute);
  assert.deepEqual(await heard(world), [notice]);
  await world.advance(10 * hour);
  assert.deepEqual(await heard(world), [notice], 'not before 22 hours');
  await world.advance(2 * hour - 2 * minute);
  assert.deepEqual(await heard(world), [notice, notice], 'before 24 hours are over');
  await world.advance(48 * hour);
  assert.deepEqual(await heard(world), [notice, notice]);
  assert.equal(await alfa.isSettled(), true);
  const [first, last] = (await alfa.mails('mario.rossi')).filter(({ kind }) => kind.startsWith('preavviso'));
  assert.match(textOf(first ?? assert.fail()), /nelle prime dodici ore/);
  assert.match(textOf(last ?? assert.fail()), /nelle\s+ventiquattro ore successive/);
  assert.doesNotMatch(first?.data?.extendedError ?? '', /^5\.4\.1/);
  assert.match(last?.data?.extendedError ?? '', /^5\.4\.1 - Gestore Alfa S\.p\.A\. - /);
});

scenario('taken in charge and never delivered: the 24 h notice alone', {}, async (world) => {
  const facts = await send(world);
  await world.advance(hour);
  await takeInCharge(world, facts, luigi);
  await world.advance(12 * hour);
  assert.deepEqual(await heard(world), []);
  await world.advance(11 * hour);
  assert.deepEqual(await heard(world), [notice]);
});

scenario('delivered between 12 and 24 hours: the 12 h notice alone', {}, async (world) => {
  const facts = await send(world);
  await world.advance(13 * hour);
  assert.deepEqual(await heard(world), [notice]);
  await deliver(world, facts);
  await world.advance(24 * hour);
  assert.deepEqual(await heard(world), [delivery, notice]);
});

scenario('taken in charge after the 12 h notice, and never delivered: both notices', {}, async (world) => {
  const facts = await send(world);
  await world.advance(13 * hour);
  await takeInCharge(world, facts, luigi);
  assert.deepEqual(await heard(world), [notice]);
  await world.advance(11 * hour);
  assert.deepEqual(await heard(world), [notice, notice]);
});

scenario('refused by the other provider: its notice is the end', {}, async (world) => {
  const facts = await send(world);
  await takeInCharge(world, facts, luigi);
  await say(
    world,
    await makeNonDelivery(world.pki, { issuer: 'gamma', facts, recipient: luigi, at: world.now() }),
  );
  await world.advance(25 * hour);
  assert.deepEqual(await heard(world), [`errore-consegna ${luigi}`]);
});

scenario('a receipt after the 24 h notice still reaches the sender', {}, async (world) => {
  const { alfa } = world;
  const facts = await send(world);
  await world.advance(13 * hour);
  await world.advance(12 * hour);
  assert.deepEqual(await heard(world), [notice, notice]);
  await deliver(world, facts);
  await takeInCharge(world, facts, luigi);
  assert.deepEqual(await heard(world), [delivery, notice, notice]);
  const late = (await alfa.events()).flatMap((event) =>
    event.type === 'notification-received' ? [event.late] : [],
  );
  assert.deepEqual(late, [true, true]);
});

scenario('each recipient has a time of its own', {}, async (world) => {
  const { beta } = world;
  const anna = beta.address('anna.bianchi');
  const facts = await send(world, [luigi, anna, elena]);
  await world.settle();
  await takeInCharge(world, facts, elena);
  await world.advance(13 * hour);
  assert.deepEqual(await heard(world), [`avvenuta-consegna ${anna}`, notice]);
  await deliver(world, facts, elena);
  await world.advance(12 * hour);
  assert.deepEqual(await heard(world), [
    `avvenuta-consegna ${anna}`,
    `avvenuta-consegna ${elena}`,
    notice,
    notice,
  ]);
});

scenario('restarts before, between and after the limits', {}, async (world) => {
  const { alfa } = world;
  const restart = async (after: number) => {
    await alfa.stop();
    world.moveClock(after);
    await alfa.start();
    await world.settle();
  };
  await send(world);
  await restart(6 * hour);
  assert.deepEqual(await heard(world), []);
  await restart(7 * hour);
  assert.deepEqual(await heard(world), [notice]);
  await restart(minute);
  assert.deepEqual(await heard(world), [notice]);
  await restart(20 * hour);
  assert.deepEqual(await heard(world), [notice, notice]);
  await restart(hour);
  assert.deepEqual(await heard(world), [notice, notice]);
});

scenario('down for two days: one end at the next start, and nothing is sent any more', {}, async (world) => {
  const { alfa, outside } = world;
  await send(world);
  await alfa.stop();
  world.moveClock(48 * hour);
  outside.shut(true);
  await alfa.start();
  await world.settle();
  assert.equal(await alfa.isSettled(), true);
  // Given up by the watch with the 24 h notice, or by the queue with a notice of its own: one end, not two.
  const last = (await heard(world)).filter((line) => line !== notice);
  assert.ok(last.length === 0 || (last.length === 1 && last[0] === `errore-consegna ${luigi}`), last.join());
  const ends = (await alfa.events()).filter(
    (event) => event.type === 'not-delivered' || (event.type === 'timeout' && event.hours === 24),
  );
  assert.equal(ends.length, 1);
});

scenario('a clock that goes back doubles no notice and loses none', {}, async (world) => {
  await send(world);
  await world.advance(13 * hour);
  assert.deepEqual(await heard(world), [notice]);
  await world.advance(-6 * hour);
  await world.advance(7 * hour);
  assert.deepEqual(await heard(world), [notice]);
  await world.advance(10 * hour);
  assert.deepEqual(await heard(world), [notice, notice]);
  await world.advance(-12 * hour);
  await world.advance(13 * hour);
  assert.deepEqual(await heard(world), [notice, notice]);
});
