/**
 * `kill -9` at each step from submission to delivery inside one provider. Nothing that was answered 250 is lost,
 * nothing happens twice, and what had come into a mailbox before the death is there unchanged after it.
 */
import assert from 'node:assert/strict';
import { submitUntilTaken, tryToSubmit } from '../support/scenario-client.ts';
import { fieldOf, summarize, writeMail } from '../support/scenario-mail.ts';
import { scenario } from '../support/scenario-world.ts';

const recipients = ['anna.bianchi', 'nessuno', 'protocollo', 'piena'];
const everyOutcome = [
  'accettazione',
  'avvenuta-consegna anna.bianchi@alfa.test',
  'avvenuta-consegna protocollo@alfa.test',
  'errore-consegna nessuno@alfa.test',
  'errore-consegna piena@alfa.test',
];

const deaths = [
  { step: 'access:bytes-durable', count: 1 },
  { step: 'access:signed', count: 1 },
  { step: 'access:committed', count: 1 },
  { step: 'delivery:signed', count: 1 },
  { step: 'delivery:signed', count: 2 },
  { step: 'delivery:committed', count: 1 },
  { step: 'delivery:committed', count: 2 },
  { step: 'non-delivery:signed', count: 1 },
  { step: 'non-delivery:committed', count: 1 },
  { step: 'non-delivery:committed', count: 2 },
];

for (const { step, count } of deaths)
  scenario(`kill -9 at ${step}, time ${count}`, { start: false }, async ({ alfa, settle }) => {
    await alfa.startChild({ step, count });
    const from = alfa.address('mario.rossi');
    const to = recipients.map((name) => alfa.address(name));
    const submission = { from, to, message: writeMail({ from, to }) };
    const first = await tryToSubmit(alfa, submission);
    await alfa.died();
    const before = await alfa.mails('mario.rossi');
    // Who was told 250 has its receipt; who was not told may have it too.
    if (first !== undefined) assert.equal(first.code, 250, first.text);
    assert.equal(
      before.some(({ kind }) => kind === 'accettazione'),
      first !== undefined || step === 'access:committed',
    );

    await alfa.start();
    if (first === undefined) {
      const again = await submitUntilTaken(alfa, submission);
      const acceptance = before.find(({ kind }) => kind === 'accettazione');
      if (acceptance !== undefined)
        assert.match(again.text, new RegExp(acceptance.data?.identificativo ?? '-'));
    }
    await settle();
    const after = await alfa.mails('mario.rossi');
    assert.deepEqual(summarize(after), everyOutcome);
    assert.deepEqual(
      after.slice(0, before.length).map(({ bytes }) => bytes),
      before.map(({ bytes }) => bytes),
    );
    for (const name of ['anna.bianchi', 'protocollo'])
      assert.deepEqual(summarize(await alfa.mails(name)), ['posta-certificata']);
    assert.deepEqual(await alfa.mails('piena'), []);
  });

scenario('after a 250 the same bytes are a second message', {}, async ({ alfa, settle }) => {
  const from = alfa.address('mario.rossi');
  const to = [alfa.address('anna.bianchi')];
  const submission = { from, to, message: writeMail({ from, to }) };
  const replies = [
    await alfa.submit(submission),
    await alfa.submit(submission),
    await alfa.submit(submission),
  ];
  await settle();
  assert.equal(new Set(replies.map(({ text }) => text)).size, 3);
  const envelopes = await alfa.mails('anna.bianchi');
  assert.equal(new Set(envelopes.map(({ header }) => fieldOf(header, 'Message-ID'))).size, 3);
});

scenario(
  'a client that is gone before its 250, and comes back',
  { start: false },
  async ({ alfa, settle }) => {
    const from = alfa.address('mario.rossi');
    const to = [alfa.address('anna.bianchi')];
    const message = writeMail({ from, to });
    const signed = Promise.withResolvers<void>();
    const left = Promise.withResolvers<void>();
    const reached = (step: string) => {
      if (step !== 'access:signed') return undefined;
      signed.resolve();
      return left.promise;
    };
    await alfa.start({ steps: { reached } });
    const talker = await alfa.logIn(from);
    for (const line of [`MAIL FROM:<${from}>`, `RCPT TO:<${to[0]}>`, 'DATA']) await talker.command(line);
    await talker.write(Buffer.concat([message, Buffer.from('.\r\n')]));
    await signed.promise;
    talker.drop();
    await new Promise((resolve) => setTimeout(resolve, 50));
    left.resolve();
    await settle();
    const [acceptance] = await alfa.mails('mario.rossi');
    assert.equal(acceptance?.kind, 'accettazione', 'what was committed stays, answered or not');
    const again = await alfa.submit({ from, to, message });
    assert.match(again.text, new RegExp(acceptance.data?.identificativo ?? '-'));
    await settle();
    assert.deepEqual(summarize(await alfa.mails('mario.rossi')), [
      'accettazione',
      'avvenuta-consegna anna.bianchi@alfa.test',
    ]);
    assert.deepEqual(summarize(await alfa.mails('anna.bianchi')), ['posta-certificata']);
    const third = await alfa.submit({ from, to, message });
    assert.doesNotMatch(third.text, new RegExp(acceptance.data?.identificativo ?? '-'));
  },
);
