/** Other servers at their worst: what becomes of the mail for them, and what the sender hears. */
import assert from 'node:assert/strict';
import { fieldOf, summarize, writeMail } from '../support/scenario-mail.ts';
import { hour, minute, scenario, until, untilSettled, type World } from '../support/scenario-world.ts';
import { startRealPeer, startScriptedPeer } from '../support/smtp-peers.ts';
import { makeAuthority } from '../support/test-tls.ts';

const mario = 'mario.rossi@alfa.test';
const luigi = 'luigi.verdi@gamma.test';
const luca = 'luca@ordinaria.test';
const notice = `preavviso-errore-consegna ${luigi}`;

async function send({ alfa, settle }: World, to: readonly string[]): Promise<void> {
  const reply = await alfa.submit({ from: mario, to, message: writeMail({ from: mario, to }) });
  assert.equal(reply.code, 250, reply.text);
  await settle();
}

async function heard({ alfa }: World): Promise<string[]> {
  return summarize(await alfa.mails('mario.rossi')).filter((line) => line !== 'accettazione');
}

/** Every half hour of a day and one hour more. */
async function passDay(world: World): Promise<void> {
  for (let half = 0; half < 50; half++) await world.advance(30 * minute);
}

scenario('4xx for 25 hours, certified: both notices, and then it is given up', {}, async (world) => {
  let attempts = 0;
  const peer = await world.use(
    startRealPeer({
      ...tlsOf(world),
      onRcptTo: (_path, _session, done) => {
        attempts++;
        done(Object.assign(new Error('4.2.1 later'), { responseCode: 450 }));
      },
    }),
  );
  world.outside.aim(peer.port);
  await send(world, [luigi]);
  await passDay(world);
  assert.deepEqual(await heard(world), [notice, notice]);
  // Often at first, then every half hour: about 50 attempts, and not one after the end.
  assert.ok(attempts > 40 && attempts < 70, `${attempts} attempts`);
  const before = attempts;
  await world.advance(6 * hour);
  assert.equal(attempts, before);
  assert.deepEqual(peer.messages, []);
  assert.equal(await world.alfa.isSettled(), true);
});

scenario('4xx for 25 hours, ordinary: one delivery status notification', {}, async (world) => {
  const peer = await world.use(
    startScriptedPeer({
      answer: (command) => (command === 'DATA' ? '451 4.3.0 later' : undefined),
    }),
  );
  world.outside.aim(peer.port);
  await send(world, [luca]);
  await passDay(world);
  assert.deepEqual(await heard(world), ['ordinaria']);
  const status = (await world.alfa.mails('mario.rossi')).at(-1) ?? assert.fail();
  assert.match(status.bytes.toString('latin1'), /Action: failed\r\n/);
  assert.match(status.bytes.toString('latin1'), /Status: 5\.4\.7/);
  assert.equal(fieldOf(status.header, 'Return-Path'), '<>');
  assert.equal(await world.alfa.isSettled(), true);
});

scenario('refused for good after DATA, certified: a non-delivery notice at once', {}, async (world) => {
  const peer = await world.use(
    startRealPeer({
      ...tlsOf(world),
      onData: (stream, _session, done) => {
        stream.resume();
        stream.on('end', () =>
          done(Object.assign(new Error('5.7.1 we do not like you'), { responseCode: 554 })),
        );
      },
    }),
  );
  world.outside.aim(peer.port);
  await send(world, [luigi]);
  assert.deepEqual(await heard(world), [`errore-consegna ${luigi}`]);
  await world.advance(25 * hour);
  assert.equal((await heard(world)).length, 1);
});

scenario('a peer that dies in DATA, and lives again: the message arrives whole', {}, async (world) => {
  let dying = true;
  const peer = await world.use(
    startScriptedPeer({
      inData: (received) => (dying && received > 1000 ? 'DROP' : undefined),
    }),
  );
  world.outside.aim(peer.port);
  await send(world, [luca]);
  assert.equal(peer.sessions.length, 1);
  assert.deepEqual(await heard(world), []);
  await world.advance(minute);
  dying = false;
  await world.advance(2 * minute);
  await untilSettled(world);
  const arrived = peer.sessions.flatMap(({ wire }) => wire);
  assert.equal(arrived.length, 1);
  assert.match(arrived[0] ?? '', /^X-Trasporto: posta-certificata\r$/m);
  assert.match(arrived[0] ?? '', /smime\.p7s"\r\n\r\n[\s\S]+--\r\n$/);
});

scenario(
  'a peer that takes the message and hangs up before its answer: it is sent again',
  {},
  async (world) => {
    let times = 0;
    const peer = await world.use(
      startScriptedPeer({
        answer: (command) => (command === '.' && ++times === 1 ? 'DROP' : undefined),
      }),
    );
    world.outside.aim(peer.port);
    await send(world, [luca]);
    await world.advance(minute);
    await untilSettled(world);
    const arrived = peer.sessions.flatMap(({ wire }) => wire);
    assert.equal(arrived.length, 2);
    assert.equal(arrived[0], arrived[1], 'the very same bytes, so that the peer can tell');
  },
);

scenario('a peer that stops answering holds up nobody else', {}, async (world) => {
  const { alfa, beta } = world;
  const peer = await world.use(
    startScriptedPeer({
      answer: (command) => (command.startsWith('MAIL') ? 'HANG' : undefined),
    }),
  );
  world.outside.aim(peer.port);
  const office = beta.address('protocollo');
  const to = [luca, office];
  assert.equal((await alfa.submit({ from: mario, to, message: writeMail({ from: mario, to }) })).code, 250);
  await until('the receipt comes', async () => (await heard(world)).includes(`avvenuta-consegna ${office}`));
  assert.equal(peer.sessions.length, 1);
  peer.dropAll();
  world.outside.shut(true);
  await world.settle();
});

scenario('a certified peer without STARTTLS gets nothing in clear', {}, async (world) => {
  const peer = await world.use(startScriptedPeer());
  world.outside.aim(peer.port);
  await send(world, [luigi]);
  await passDay(world);
  assert.ok(peer.sessions.length > 1);
  for (const { commands, wire } of peer.sessions) {
    assert.deepEqual(wire, []);
    assert.ok(!commands.some((command) => /^(MAIL|RCPT|DATA)/.test(command)), commands.join(', '));
  }
  assert.deepEqual(await heard(world), [notice, notice]);
});

scenario('a certified peer with a certificate of nobody we trust gets nothing', {}, async (world) => {
  const stranger = makeAuthority('Qualcuno').issue(['DNS:localhost']);
  const peer = await world.use(startRealPeer({ key: stranger.key, cert: stranger.cert }));
  world.outside.aim(peer.port);
  await send(world, [luigi]);
  await world.advance(12 * hour + minute);
  assert.deepEqual(peer.messages, []);
  assert.deepEqual(await heard(world), [notice]);
});

scenario('a certified peer that takes everything and never says a word: both notices', {}, async (world) => {
  const peer = await world.use(startRealPeer(tlsOf(world)));
  world.outside.aim(peer.port);
  await send(world, [luigi]);
  await passDay(world);
  assert.equal(peer.messages.length, 1, 'what it took is not sent again');
  assert.equal(peer.messages[0]?.secure, true);
  assert.deepEqual(await heard(world), [notice, notice]);
});

scenario('recipients of one message, each with an answer of its own', {}, async (world) => {
  const peer = await world.use(
    startRealPeer({
      ...tlsOf(world),
      onRcptTo: ({ address }, _session, done) => {
        if (address.startsWith('no@')) done(Object.assign(new Error('5.1.1 unknown'), { responseCode: 550 }));
        else if (address.startsWith('poi@'))
          done(Object.assign(new Error('4.2.0 later'), { responseCode: 450 }));
        else done();
      },
    }),
  );
  world.outside.aim(peer.port);
  await send(world, ['no@gamma.test', 'poi@gamma.test', 'si@gamma.test']);
  assert.deepEqual(
    peer.messages.map(({ to }) => to),
    [['si@gamma.test']],
  );
  assert.deepEqual(await heard(world), ['errore-consegna no@gamma.test']);
  await passDay(world);
  assert.equal(peer.messages.length, 1);
  assert.deepEqual(await heard(world), [
    'errore-consegna no@gamma.test',
    'preavviso-errore-consegna poi@gamma.test',
    'preavviso-errore-consegna poi@gamma.test',
    'preavviso-errore-consegna si@gamma.test',
    'preavviso-errore-consegna si@gamma.test',
  ]);
});

function tlsOf({ pki }: World) {
  return { key: pki.tls.keyPem, cert: pki.tls.chainPem };
}
