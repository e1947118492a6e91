/**
 * Broken and hostile input through real SMTP: a clear answer, certification data that say what was sent, no header
 * and no XML that breaks out of its place, and a provider that goes on.
 */
import assert from 'node:assert/strict';
import { findFields } from '../../src/mime/header.ts';
import {
  fieldOf,
  type StoredMail,
  subjectOf,
  summarize,
  writeMail,
  writeMailWithFile,
} from '../support/scenario-mail.ts';
import type { Site } from '../support/scenario-site.ts';
import { ConnectionLost, type Reply, SmtpTalker, transact } from '../support/scenario-smtp.ts';
import { scenario, until, type World } from '../support/scenario-world.ts';

const mario = 'mario.rossi@alfa.test';
const anna = 'anna.bianchi@beta.test';
const usual = { from: mario, to: [anna] };

async function begin(site: Site, to = anna): Promise<SmtpTalker> {
  const talker = await site.logIn(mario);
  for (const line of [`MAIL FROM:<${mario}>`, `RCPT TO:<${to}>`, 'DATA'])
    assert.ok((await talker.command(line)).code < 400, line);
  return talker;
}

async function assertServes({ alfa, settle }: World, before = 0): Promise<void> {
  const to = [alfa.address('protocollo')];
  const reply = await alfa.submit({ from: mario, to, message: writeMail({ from: mario, to }) });
  assert.equal(reply.code, 250, reply.text);
  await settle();
  assert.equal((await alfa.mails('protocollo')).length, before + 1);
}

scenario('a message that is cut off leaves nothing', {}, async (world) => {
  const { alfa } = world;
  const message = writeMail({ ...usual, body: `${'x'.repeat(70)}\r\n` });
  for (const cut of [1, 40, message.length - 1, message.length]) {
    const talker = await begin(alfa);
    await talker.write(message.subarray(0, cut));
    talker.drop();
  }
  const large = await begin(alfa);
  await large.write(message);
  for (let line = 0; line < 5000; line++) await large.write(`${'y'.repeat(76)}\r\n`);
  large.drop();
  await until('no blob is left half-written', async () => (await countTemporaryFiles(alfa)) === 0);
  assert.deepEqual(await alfa.events(), []);
  assert.deepEqual(await alfa.mails('mario.rossi'), []);
  await assertServes(world);
});

async function countTemporaryFiles({ config }: Site): Promise<number> {
  const { readdir } = await import('node:fs/promises');
  const files = await readdir(config.dataFolder, { recursive: true });
  return files.filter((file) => /\.(?:new|tmp|part)$|(?:^|\/)(?:new|tmp)\/./.test(file)).length;
}

const badBytes = {
  NUL: 'a\0b',
  'a bare CR': 'a\rb',
  'a bare LF': 'a\nb',
  'a smuggled end': 'a\n.\r\nMAIL FROM:<x@y.test>\r\n',
};

for (const [name, bytes] of Object.entries(badBytes))
  scenario(`${name} in the body and in the header: 554`, {}, async (world) => {
    const { alfa } = world;
    const body = writeMail({ ...usual, body: `${bytes}\r\n` });
    const header = writeMail({ ...usual, fields: [`X-Campo: ${bytes}`] });
    for (const message of [body, header]) {
      const talker = await begin(alfa);
      await talker.write(Buffer.concat([message, Buffer.from('\r\n.\r\n')]));
      const reply = await talker.reply();
      assert.deepEqual([reply.code, reply.enhanced], [554, '5.6.0'], reply.text);
      talker.drop();
    }
    assert.deepEqual(await alfa.events(), []);
    await assertServes(world);
  });

scenario(
  '10,000 recipients: those over the limit are refused one by one, the rest can go on',
  {},
  async (world) => {
    const { alfa } = world;
    const talker = await alfa.logIn(mario);
    await talker.command(`MAIL FROM:<${mario}>`);
    void talker.write(
      Array.from({ length: 10_000 }, (_, index) => `RCPT TO:<r${index}@alfa.test>\r\n`).join(''),
    );
    const codes = new Map<number, number>();
    try {
      for (let index = 0; index < 10_000; index++) {
        const { code } = await talker.reply();
        codes.set(code, (codes.get(code) ?? 0) + 1);
        if (code === 421) break;
      }
    } catch (error) {
      assert.ok(error instanceof ConnectionLost);
    }
    talker.drop();
    assert.equal(codes.get(250), alfa.config.limits.recipients);
    assert.ok((codes.get(452) ?? 0) > 0 && [...codes.keys()].every((code) => [250, 452, 421].includes(code)));
    await assertServes(world);
  },
);

scenario('10,000 addresses in To: a notice of bearable size', {}, async (world) => {
  const { alfa } = world;
  const to = Array.from({ length: 10_000 }, (_, index) => `r${index}@beta.test`);
  const message = Buffer.from(writeMail({ from: mario, to: [to.join(',\r\n ')] }));
  const reply = await alfa.submit({ from: mario, to: to.slice(0, 1), message });
  assert.equal(reply.code, 250, reply.text);
  const [notice] = await alfa.mails('mario.rossi');
  assert.equal(notice?.kind, 'non-accettazione');
  assert.ok((notice?.bytes.length ?? 0) < 20_000, `${notice?.bytes.length} bytes`);
  await assertServes(world);
});

scenario('200 recipients of one message, all unknown: one notice each', {}, async (world) => {
  const { alfa } = world;
  const to = Array.from({ length: 200 }, (_, index) => `r${index}@alfa.test`);
  const message = writeMail({ from: mario, to: [to.join(',\r\n ')] });
  assert.equal((await alfa.submit({ from: mario, to, message })).code, 250);
  await world.settle();
  const notices = (await alfa.mails('mario.rossi')).filter(({ kind }) => kind === 'errore-consegna');
  assert.deepEqual(new Set(notices.map(({ data }) => data?.delivery)), new Set(to));
  assert.equal(notices.length, to.length);
});

scenario('a header of 10 MB: 552, in many fields, in one line, in one folded field', {}, async (world) => {
  const { alfa } = world;
  const field = `X-Campo: ${'x'.repeat(900)}\r\n`;
  const shapes = [
    field.repeat(11_000),
    `X-Campo: ${'x'.repeat(10_000_000)}\r\n`,
    `X-Campo: y\r\n${' y\r\n'.repeat(2_600_000)}`,
  ];
  for (const header of shapes) {
    const message = Buffer.concat([Buffer.from(header), writeMail(usual)]);
    const reply = await alfa.submit({ ...usual, message });
    assert.deepEqual([reply.code, reply.enhanced], [552, '5.3.4'], reply.text);
  }
  assert.deepEqual(await alfa.events(), []);
  await assertServes(world);
});

/** Accepted, and with beta exactly as it was written, receipts and all. */
async function assertDelivered(
  { alfa, beta, settle }: World,
  message: Buffer,
): Promise<readonly StoredMail[]> {
  const reply = await alfa.submit({ ...usual, message });
  assert.equal(reply.code, 250, reply.text);
  await settle();
  const mails = await alfa.mails('mario.rossi');
  assert.deepEqual(summarize(mails), ['accettazione', `avvenuta-consegna ${anna}`]);
  const envelopes = await beta.mails('anna.bianchi');
  assert.deepEqual(summarize(envelopes), ['posta-certificata']);
  const body = message.subarray(message.indexOf('\r\n\r\n'));
  assert.ok(envelopes[0]?.original?.subarray(-body.length).equals(body), 'the body is as it was');
  return [...mails, ...envelopes];
}

function nest(depth: number): string {
  let inside = 'Content-Type: text/plain\r\n\r\nin fondo\r\n';
  for (let level = 0; level < depth; level++)
    inside = `Content-Type: multipart/mixed; boundary="b${level}"\r\n\r\n--b${level}\r\n${inside}--b${level}--\r\n`;
  return inside;
}

scenario('MIME nested 1,000 deep', {}, async (world) => {
  const [fields = '', ...body] = nest(1000).split('\r\n\r\n');
  const mails = await assertDelivered(
    world,
    writeMail({ ...usual, fields: ['MIME-Version: 1.0', fields], body: body.join('\r\n\r\n') }),
  );
  assert.equal(mails.length, 3);
});

scenario('messages in messages, 1,000 deep, and 20,000 parts', {}, async (world) => {
  const inside = 'Content-Type: message/rfc822\r\n\r\n'.repeat(1000);
  await assertDelivered(
    world,
    writeMail({
      ...usual,
      fields: ['MIME-Version: 1.0', 'Content-Type: message/rfc822'],
      body: `${inside}fine\r\n`,
    }),
  );
  const { alfa, beta, settle } = world;
  const body = `${'--x\r\n\r\na\r\n'.repeat(20_000)}--x--\r\n`;
  const message = writeMail({
    ...usual,
    fields: ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=x'],
    body,
  });
  assert.equal((await alfa.submit({ ...usual, message })).code, 250);
  await settle();
  assert.equal((await beta.mails('anna.bianchi')).length, 2);
});

scenario('wrong base64, a broken boundary, a part without an end', {}, async (world) => {
  const message = writeMail({
    ...usual,
    fields: ['X-TipoRicevuta: breve', 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary="x"'],
    body:
      '--x\r\nContent-Type: application/pdf; name="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n' +
      '!!!===QUJ\r\nD\r\n====%%%\r\n--x \t\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nsenza fine\r\n',
  });
  const mails = await assertDelivered(world, message);
  const receipt = mails.find(({ kind }) => kind === 'avvenuta-consegna');
  assert.equal(receipt?.data?.receiptKind, 'breve');
});

scenario('a daticert.xml of the user is only an attachment', {}, async (world) => {
  const lie = Buffer.from(
    '<?xml version="1.0"?><postacert tipo="avvenuta-consegna" errore="nessuno"><intestazione><mittente>re@roma.test</mittente></intestazione></postacert>',
  );
  const mails = await assertDelivered(world, writeMailWithFile(usual, 'daticert.xml', lie));
  for (const { data } of mails) {
    assert.equal(data?.sender, mario);
    assert.deepEqual(data?.recipients, [{ address: anna, certified: true }]);
  }
});

/** As it stands in the header, and what it says. */
const subjects: readonly (readonly [raw: string, text: string])[] = [
  [']]> <![CDATA[ </oggetto> & &lt; "a" \'b\'', ']]> <![CDATA[ </oggetto> & &lt; "a" \'b\''],
  ['=?utf-8?B?8J+TqSBQRUMg4pyF?=', '📩 PEC ✅'],
  ['=?utf-8?B?16nXnNeV150g4oCu16LXldec150=?=', 'שלום \u202eעולם'],
  ['=?utf-8?Q?due=0D=0ABcc:_spia@x.test?=', 'due Bcc: spia@x.test'],
  ['=?utf-8?Q?nul=00campana=07_fine?=', 'nul\u0000campana\u0007 fine'],
  ['citt\xc3\xa0 (UTF-8 nudo)', 'città (UTF-8 nudo)'],
  ['citt\xe0 (Latin-1 nudo)', 'città (Latin-1 nudo)'],
  ['=?nessuno?Q?abc?= =?utf-8?X?abc?= =?utf-8?B?@@@?=', '=?nessuno?Q?abc?= =?utf-8?X?abc?='],
  ['piegato\r\n\tin\r\n due', 'piegato\tin due'],
  ['', ''],
  [`${'lungo '.repeat(300)}fine`, `${'lungo '.repeat(300)}fine`],
];

scenario('subjects that want to break out', {}, async (world) => {
  const { alfa, beta } = world;
  for (const [subject, text] of subjects) {
    const msgid = `<${Math.random()}@client.test>`;
    const reply = await alfa.submit({ ...usual, message: writeMail({ ...usual, subject, msgid }) });
    assert.equal(reply.code, 250, reply.text);
    await world.settle();
    const mails = [...(await alfa.mails('mario.rossi')), ...(await beta.mails('anna.bianchi'))];
    const about = mails.filter(({ data }) => data?.msgid === msgid);
    assert.deepEqual(summarize(about), ['accettazione', `avvenuta-consegna ${anna}`, 'posta-certificata']);
    for (const mail of about) {
      assert.deepEqual(findFields(mail.header, 'Bcc'), []);
      assert.match(
        mail.bytes.toString('latin1').split('\r\n\r\n')[0] ?? '',
        /^[\x20-\x7e\r\n\t]+$/,
        'the header is ASCII',
      );
      const said = mail.data?.subject ?? '';
      assert.ok(!/[\0\x07]/.test(said), 'XML cannot hold these');
      if (!/[\0\x07]|=\?/.test(text)) assert.equal(squeeze(said), squeeze(text));
      if (!/[\0\x07]|=\?/.test(text))
        assert.ok(squeeze(subjectOf(mail)).endsWith(squeeze(text)), subjectOf(mail));
    }
  }
});

function squeeze(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

scenario('Message-IDs of all kinds', {}, async (world) => {
  const { alfa, beta } = world;
  const msgids = [
    '<a"]]>&<b@x>',
    'nudo@client.test',
    '<\xe0@client.test>',
    `<${'m'.repeat(900)}@client.test>`,
    '<>',
    '',
    null,
  ];
  for (const msgid of msgids) {
    const before = (await beta.mails('anna.bianchi')).length;
    const reply = await alfa.submit({ ...usual, message: writeMail({ ...usual, msgid }) });
    assert.equal(reply.code, 250, reply.text);
    await world.settle();
    const envelopes = await beta.mails('anna.bianchi');
    assert.equal(envelopes.length, before + 1, `the envelope of ${msgid}`);
    const envelope = envelopes.at(-1) ?? assert.fail();
    assert.equal(fieldOf(envelope.header, 'Message-ID'), `<${envelope.data?.identificativo}>`);
  }
});

scenario('recipients that are hard to write', {}, async (world) => {
  const { alfa } = world;
  const names = ['"anna bianchi"', "o'brien", 'a&b', '"<b>&\\"x"', '"a@b"', 'x+y=z', 'M%C3%A0rio'];
  for (const name of names) {
    const to = [`${name}@beta.test`];
    const msgid = `<${Math.random()}@client.test>`;
    const reply = await alfa.submit({ from: mario, to, message: writeMail({ from: mario, to, msgid }) });
    assert.equal(reply.code, 250, `${name}: ${reply.text}`);
    await world.settle();
    const about = (await alfa.mails('mario.rossi')).filter(({ data }) => data?.msgid === msgid);
    assert.deepEqual(about.map(({ kind }) => kind).sort(), ['accettazione', 'errore-consegna'], name);
    for (const { data } of about)
      assert.deepEqual(
        data?.recipients.map(({ address }) => address),
        to,
      );
  }
});

scenario('hardly a message at all', {}, async (world) => {
  const { alfa } = world;
  const shapes: readonly string[] = [
    '',
    '\r\n',
    '\r\n\r\n',
    'ciao\r\n',
    'Subject: solo questo\r\n',
    ': vuoto\r\n\r\nx\r\n',
    '\xff\xfe\x80\r\n',
  ];
  for (const [index, shape] of shapes.entries()) {
    const talker = await begin(alfa, alfa.address('anna.bianchi'));
    await talker.write(`${shape}.\r\n`);
    const reply: Reply = await talker.reply();
    assert.equal(reply.code, 250, `${JSON.stringify(shape)}: ${reply.code} ${reply.text}`);
    talker.drop();
    const mails = await alfa.mails('mario.rossi');
    assert.equal(mails.length, index + 1);
    assert.equal(mails.at(-1)?.kind, 'non-accettazione');
  }
  assert.deepEqual(await alfa.mails('anna.bianchi'), []);
});

scenario('garbage before and instead of commands', {}, async (world) => {
  const { alfa } = world;
  const ca = world.pki.ca.root.certificatePem;
  for (const bytes of ['\xff'.repeat(100_000), 'A'.repeat(1_000_000), '\r\n'.repeat(10_000), '\0\0\0\r\n']) {
    const talker = await SmtpTalker.open(alfa.ports.submissions, ca);
    void talker.write(bytes);
    await talker.reply().catch(() => undefined);
    talker.drop();
  }
  const unfinished = await SmtpTalker.open(alfa.ports.submissions, ca);
  await unfinished.write('MAIL FROM:<');
  unfinished.drop();
  const clear = await SmtpTalker.open(alfa.ports.mx);
  await clear.write('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03');
  clear.drop();
  await assertServes(world);
  const talker = await alfa.logIn(mario);
  assert.equal((await transact(talker, { ...usual, message: writeMail(usual) })).code, 250);
  await talker.quit();
});

scenario(
  'the longest header that is accepted: its envelope is recognised at the other end',
  {},
  async (world) => {
    const { alfa, beta } = world;
    const to = Array.from({ length: 300 }, (_, index) => `r${index}@beta.test`);
    const shown = [anna, ...to]
      .map((address) => `"${'Nome molto lungo '.repeat(34)}" <${address}>`)
      .join(',\r\n ');
    const message = writeMail({ from: mario, to: [shown] });
    assert.ok(message.indexOf('\r\n\r\n') > 170_000);
    assert.equal((await alfa.submit({ from: mario, to: [anna, ...to], message })).code, 250);
    await world.settle();
    assert.deepEqual(summarize(await beta.mails('anna.bianchi')), ['posta-certificata']);
    const kinds = Map.groupBy(await alfa.mails('mario.rossi'), ({ kind }) => kind);
    assert.equal(kinds.get('avvenuta-consegna')?.length, 1);
    assert.equal(kinds.get('errore-consegna')?.length, to.length);
  },
);
