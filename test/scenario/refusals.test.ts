/**
 * Every refusal of the access point (RFC 6109 §3.1.1–§3.1.3, pec-wire §7) through real SMTP: a notice with its
 * reason after a 250, or a code in the dialogue. Never a 250 with neither receipt nor notice, never an envelope.
 */
import assert from 'node:assert/strict';
import { MailError } from '../../src/lib/mail-error.ts';
import { zip } from '../support/attachments.ts';
import { makeEnvelope } from '../support/scenario-forge.ts';
import {
  type MailText,
  subjectOf,
  summarize,
  textOf,
  writeMail,
  writeMailWithFile,
} from '../support/scenario-mail.ts';
import type { Site } from '../support/scenario-site.ts';
import { type Reply, SmtpTalker, transact } from '../support/scenario-smtp.ts';
import { hour, scenario, type World } from '../support/scenario-world.ts';

const mario = 'mario.rossi@alfa.test';
const anna = 'anna.bianchi@alfa.test';
const office = 'protocollo@beta.test';
const usual: MailText = { from: mario, to: [anna] };
const limits = { certifiedTotalBytes: 1024 * 1024, messageBytes: 1024 * 1024, recipients: 60 };

interface Breach {
  readonly message: Buffer;
  /** SMTP recipients; anna unless told. */
  readonly to?: readonly string[];
  /** In the notice, Italian. */
  readonly reason: RegExp;
}

function without(field: RegExp, message: Buffer = writeMail(usual)): Buffer {
  return Buffer.from(message.toString('latin1').replace(field, ''), 'latin1');
}

const program = Buffer.concat([Buffer.from('MZ\x90\x00'), Buffer.alloc(200, 7)]);

const breaches: Readonly<Record<string, Breach>> = {
  'no From': { message: without(/^From:.*\r\n/m), reason: /mancanza del campo From/ },
  'a From that is no address': {
    message: writeMail({ ...usual, from: 'mario' }),
    reason: /non valido nel campo From/,
  },
  'two authors': { message: writeMail({ ...usual, from: `${mario}, ${anna}` }), reason: /più mittenti/ },
  'From twice': {
    message: writeMail({ ...usual, fields: [`From: ${mario}`] }),
    reason: /campo From presente più di una volta/,
  },
  'another From than the sender': {
    message: writeMail({ ...usual, from: anna }),
    reason: /diverso da quello della trasmissione/,
  },
  'no To': { message: without(/^To:.*\r\n/m), reason: /mancanza del campo To/ },
  'a To without an address': {
    message: writeMail({ ...usual, to: ['undisclosed-recipients:;'] }),
    reason: /indirizzi validi nel campo To/,
  },
  'a recipient that is in no field': {
    message: writeMail(usual),
    to: [anna, office],
    reason: /non presenti nei campi To e Cc \(protocollo@beta\.test\)/,
  },
  'an address that is no recipient': {
    message: writeMail({ ...usual, cc: [office] }),
    reason: /non presenti tra i destinatari .*\(protocollo@beta\.test\)/,
  },
  'a Bcc': { message: writeMail({ ...usual, fields: [`Bcc: ${office}`] }), reason: /campo Bcc/ },
  'size × recipients': {
    message: writeMail({ ...usual, to: [anna, office], body: `${'x'.repeat(70)}\r\n`.repeat(8000) }),
    to: [anna, office],
    reason: /numero dei destinatari .*superiore al massimo consentito/,
  },
  'a forbidden extension': {
    message: writeMailWithFile(usual, 'saldo.exe', Buffer.from('ciao')),
    reason: /allegati di un tipo non ammesso \(saldo\.exe\)/,
  },
  'a renamed program': {
    message: writeMailWithFile(usual, 'saldo.pdf', program),
    reason: /allegati di un tipo non ammesso/,
  },
  'a program in an archive': {
    message: writeMailWithFile(usual, 'saldo.zip', zip('saldo.exe', program)),
    reason: /non ammesso \(.*saldo\.exe/,
  },
  'a program in an archive in an archive': {
    message: writeMailWithFile(usual, 'a.zip', zip('b.zip', zip('saldo.vbs', Buffer.from('x')))),
    reason: /non ammesso \(.*saldo\.vbs/,
  },
  'a program in an enclosed message': {
    message: writeMail({
      ...usual,
      fields: ['MIME-Version: 1.0', 'Content-Type: message/rfc822'],
      body: writeMailWithFile(usual, 'saldo.js', Buffer.from('x')).toString('latin1'),
    }),
    reason: /non ammesso \(saldo\.js\)/,
  },
};

/** A certified message that somebody sends on as a file, as mail programs do: its original holds the program. */
async function encloseCertified({ pki, now }: World): Promise<Breach> {
  const message = writeMailWithFile(usual, 'saldo.scr', Buffer.from('x'));
  const forged = {
    issuer: 'gamma',
    from: 'luigi.verdi@gamma.test',
    to: [mario],
    at: now(),
    message,
  } as const;
  const { bytes } = await makeEnvelope(pki, forged);
  return {
    message: writeMailWithFile(usual, 'inoltrato.eml', bytes),
    reason: /non ammesso \(.*saldo\.scr\)/,
  };
}

scenario('each breach of the rules gives one notice', { settings: { alfa: { limits } } }, async (world) => {
  const { alfa, beta } = world;
  let received = 0;
  const all = { ...breaches, 'a program in a certified message sent on': await encloseCertified(world) };
  for (const [name, { message, to = [anna], reason }] of Object.entries<Breach>(all)) {
    const reply = await alfa.submit({ from: mario, to, message });
    assert.equal(reply.code, 250, `${name}: ${reply.text}`);
    await world.settle();
    const mails = await alfa.mails('mario.rossi');
    assert.equal(mails.length, ++received, `${name}: one message back`);
    const notice = mails.at(-1) ?? assert.fail();
    assert.equal(notice.kind, 'non-accettazione', name);
    assert.match(textOf(notice).replace(/\s+/g, ' '), reason, name);
    assert.match(subjectOf(notice), /^AVVISO DI NON ACCETTAZIONE: /);
    assert.equal(notice.data?.error, 'altro');
    assert.match(reply.text, new RegExp(notice.data?.identificativo ?? '-'), name);
  }
  assert.deepEqual(await alfa.mails('anna.bianchi'), []);
  assert.deepEqual(await beta.mails('protocollo'), []);
  const types = new Set((await alfa.events()).map(({ type }) => type));
  assert.deepEqual([...types], ['refused']);
});

scenario('policies of domain and mailbox', {}, async (world) => {
  const { alfa, outside } = world;
  const { accounts } = alfa.stores;
  outside.shut(true);
  const lastNotice = async (to: readonly string[]) => {
    const reply = await alfa.submit({ from: mario, to, message: writeMail({ from: mario, to }) });
    assert.equal(reply.code, 250, reply.text);
    await world.settle();
    const last = (await alfa.mails('mario.rossi')).at(-1) ?? assert.fail();
    return `${last.kind}: ${textOf(last).replace(/\s+/g, ' ')}`;
  };
  await accounts.setDomain('alfa.test', { certifiedOnly: true });
  assert.match(await lastNotice(['luca@ordinaria.test']), /^non-accettazione: .*posta ordinaria non ammessi/);
  await accounts.setDomain('alfa.test', { certifiedOnly: false, closedGroup: ['beta.test'] });
  assert.match(await lastNotice([anna]), /^non-accettazione: .*gruppo chiuso/);
  await accounts.setDomain('alfa.test', { closedGroup: null });
  assert.match(await lastNotice([anna]), /^avvenuta-consegna: /);

  // A block that comes in the middle of a transaction counts all the same; reception goes on.
  const session = await alfa.logIn(mario);
  for (const command of [`MAIL FROM:<${mario}>`, `RCPT TO:<${anna}>`]) await session.command(command);
  await accounts.setMailbox(mario, { sendingBlocked: { reason: 'credenziali rubate' } });
  await session.command('DATA');
  await session.write(Buffer.concat([writeMail(usual), Buffer.from('.\r\n')]));
  const reply = await session.reply();
  assert.equal(reply.code, 250, reply.text);
  assert.equal((await session.command(`MAIL FROM:<${mario}>`)).code, 550, 'the next one is not begun');
  await session.quit();
  const blocked = (await alfa.mails('mario.rossi')).at(-1) ?? assert.fail();
  assert.match(textOf(blocked).replace(/\s+/g, ' '), /blocco dell'invio/);
  assert.equal((await alfa.submit({ from: mario, to: [anna], message: writeMail(usual) })).code, 550);
  const toMario = writeMail({ from: anna, to: [mario] });
  assert.equal((await alfa.submit({ from: anna, to: [mario], message: toMario })).code, 250);
  await world.settle();
  assert.ok(summarize(await alfa.mails('mario.rossi')).includes('posta-certificata'));
});

scenario('the rate of a mailbox: 451 until there is room again', {}, async (world) => {
  const { alfa } = world;
  await alfa.stores.accounts.setMailbox(mario, { recipientsPerHour: 2 });
  const send = () => alfa.submit({ from: mario, to: [anna], message: writeMail(usual) });
  assert.deepEqual([(await send()).code, (await send()).code, (await send()).code], [250, 250, 451]);
  await world.advance(hour + 6 * 60_000); // counted by spans of five minutes
  assert.equal((await send()).code, 250);
  await world.settle();
  assert.equal((await alfa.mails('anna.bianchi')).length, 3);
});

scenario('what SMTP itself refuses', { settings: { alfa: { limits } } }, async (world) => {
  const { alfa } = world;
  const submit = (from: string, to: readonly string[], message = writeMail(usual), parameters = '') =>
    asUser(alfa, (talker) => transact(talker, { from, to, message, parameters }));
  const cases: readonly [string, Promise<Reply>, number, string][] = [
    ["somebody else's address", submit(anna, [anna]), 553, '5.7.1'],
    ['no sender', submit('', [anna]), 553, '5.7.1'],
    ['a sender that is no address', submit('mario', [anna]), 501, '5.1.7'],
    ['a recipient without domain', submit(mario, ['anna']), 501, '5.1.3'],
    ['a recipient with a blank', submit(mario, ['anna bianchi@alfa.test']), 501, ''],
    ['a recipient outside ASCII', submit(mario, ['anna@al\xe8fa.test']), 553, '5.6.7'],
    ['too large, as announced', submit(mario, [anna], writeMail(usual), ' SIZE=9999999'), 552, ''],
    [
      'too large, as it comes',
      submit(mario, [anna], writeMail({ ...usual, body: `${'y'.repeat(70)}\r\n`.repeat(16_000) })),
      552,
      '5.3.4',
    ],
    [
      'too many recipients',
      submit(
        mario,
        Array.from({ length: 61 }, (_, index) => `r${index}@alfa.test`),
      ),
      452,
      '',
    ],
  ];
  for (const [name, reply, code, enhanced] of cases) {
    const got = await reply;
    assert.equal(got.code, code, `${name}: ${got.code} ${got.text}`);
    if (enhanced !== '') assert.equal(got.enhanced, enhanced, name);
  }
  const stranger = await SmtpTalker.open(alfa.ports.submissions, world.pki.ca.root.certificatePem);
  await stranger.command('EHLO client.test');
  assert.equal((await stranger.command(`MAIL FROM:<${mario}>`)).code, 530, 'authentication first');
  assert.equal((await stranger.login(mario, 'sbagliata!')).code, 535);
  await stranger.quit();
  assert.deepEqual(await alfa.mails('mario.rossi'), []);
  assert.deepEqual(await alfa.mails('anna.bianchi'), []);
  assert.deepEqual(await alfa.events(), []);
});

async function asUser<T>(site: Site, work: (talker: SmtpTalker) => Promise<T>): Promise<T> {
  const talker = await site.logIn(mario);
  try {
    return await work(talker);
  } finally {
    await talker.quit();
  }
}

const cannotTell = {
  name: 'away',
  scan: async () => {
    throw new MailError('temporary', 'The virus scanner cannot tell', { code: 451, enhanced: '4.7.1' });
  },
};

scenario(
  'a scanner that cannot tell: 451 at both points, and nothing taken',
  { start: false },
  async (world) => {
    const { alfa, beta } = world;
    const to = [office];
    const submission = { from: mario, to, message: writeMail({ from: mario, to }) };
    await Promise.all([alfa.start({ scanner: cannotTell }), beta.start({ scanner: cannotTell })]);
    assert.equal((await alfa.submit(submission)).code, 451);
    assert.deepEqual(await alfa.events(), []);
    await alfa.stop();
    await alfa.start();
    assert.equal((await alfa.submit(submission)).code, 250);
    await world.settle();
    assert.deepEqual(summarize(await alfa.mails('mario.rossi')), ['accettazione']);
    assert.deepEqual(await beta.mails('protocollo'), []);
    await beta.stop();
    await beta.start();
    await world.advance(60_000);
    assert.deepEqual(summarize(await beta.mails('protocollo')), ['posta-certificata']);
  },
);

scenario(
  'ordinary mail at the incoming point: refused, accepted, forwarded, by setting',
  {},
  async (world) => {
    const { beta, outside } = world;
    outside.shut(true);
    const from = 'luca@ordinaria.test';
    const send = (to: readonly string[]) => beta.deliver({ from, to, message: writeMail({ from, to }) });
    const { accounts } = beta.stores;
    assert.deepEqual(await send([office]), {
      code: 550,
      enhanced: '5.7.1',
      text: `Ordinary mail is not accepted for ${office}: send certified mail (PEC)`,
    });
    await accounts.setMailbox(office, { ordinaryMail: 'accept' });
    assert.equal((await send([office])).code, 250);
    assert.deepEqual(summarize(await beta.mails('protocollo')), ['anomalia']);
    await accounts.setMailbox(office, { ordinaryMail: 'forward', forwardTo: 'casa@ordinaria.test' });
    assert.equal((await send([office])).code, 250);
    assert.equal((await beta.mails('protocollo')).length, 1);
    const mixed = await send([office, beta.address('mario.rossi')]);
    assert.equal(mixed.code, 550);
    assert.match(mixed.text, /mario\.rossi@beta\.test: send certified mail \(PEC\), or write to the other/);
    assert.equal((await send([beta.address('nessuno')])).code, 550);
    assert.equal((await send(['chi@altrove.test'])).code, 550, 'no relaying');
    assert.equal(
      (await send(['anna.bianchi@alfa.test'])).code,
      550,
      'no relaying, not even to another provider',
    );
  },
);

scenario('what hides its content and comes from outside is delivered with a warning', {}, async (world) => {
  const { beta } = world;
  const from = 'luca@ordinaria.test';
  await beta.stores.accounts.setMailbox(office, { ordinaryMail: 'accept' });
  const locked = zip('atto.pdf', Buffer.from('%PDF'), true);
  const macros = zip('xl/vbaProject.bin', Buffer.from('x'));
  for (const [name, content, words] of [
    ['atti.zip', locked, /archivi cifrati[^(]*\(atti\.zip\)/],
    ['conti.xlsm', macros, /documenti con macro[^(]*\(conti\.xlsm\)/],
  ] as const) {
    const message = writeMailWithFile({ from, to: [office] }, name, content);
    assert.equal((await beta.deliver({ from, to: [office], message })).code, 250);
    const envelope = (await beta.mails('protocollo')).at(-1) ?? assert.fail();
    assert.equal(envelope.kind, 'anomalia');
    assert.match(textOf(envelope).replace(/\s+/g, ' '), words);
    assert.ok(envelope.original?.includes(message), 'whole and unchanged');
  }
});
