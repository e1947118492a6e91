/**
 * What users send reaches the recipient byte for byte: postacert.eml in the envelope, and in the complete receipt,
 * differs from what was submitted in its Message-ID and in the reference appended to the header, and in nothing else
 * (RFC 6109 §2.2.1). Signatures of the users' own still verify.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeEnvelope } from '../support/scenario-forge.ts';
import { fieldOf, readMail, type StoredMail, summarize, writeMail } from '../support/scenario-mail.ts';
import { scenario, type World } from '../support/scenario-world.ts';
import { makeAuthority } from '../support/test-tls.ts';

const mario = 'mario.rossi@alfa.test';
const anna = 'anna.bianchi@beta.test';
const usual = { from: mario, to: [anna] };

/** What postacert.eml must be, written down independently of the provider. */
function expectOriginal(message: Buffer, identificativo: string): Buffer {
  const end = message.indexOf('\r\n\r\n') + 2;
  const head = message.subarray(0, end).toString('latin1');
  const own = /^(Message-ID:)((?:[^\r\n]|\r\n[ \t])*)\r\n/im.exec(head);
  const rewritten = own === null ? head : head.replace(own[0], `${own[1]} <${identificativo}>\r\n`);
  const appended =
    own === null ? `Message-ID: <${identificativo}>\r\n` : `X-Riferimento-Message-ID: ${own[2]?.trim()}\r\n`;
  return Buffer.concat([Buffer.from(rewritten + appended, 'latin1'), message.subarray(end)]);
}

/** Sent from alfa to beta: what beta's user has, after everything was compared. */
async function sendThrough({ alfa, beta, settle }: World, message: Buffer): Promise<Buffer> {
  const reply = await alfa.submit({ ...usual, message });
  assert.equal(reply.code, 250, reply.text);
  await settle();
  const receipt = (await alfa.mails('mario.rossi')).at(-1) ?? assert.fail();
  const envelope = (await beta.mails('anna.bianchi')).at(-1) ?? assert.fail();
  assert.deepEqual([receipt.kind, envelope.kind], ['avvenuta-consegna', 'posta-certificata']);
  const expected = expectOriginal(message, envelope.data?.identificativo ?? '');
  assertSame(envelope, expected);
  assertSame(receipt, expected);
  assert.equal(envelope.data?.identificativo, receipt.data?.identificativo);
  return envelope.original ?? assert.fail();
}

function assertSame({ original, kind }: StoredMail, expected: Buffer): void {
  if (original?.equals(expected) === true) return;
  const at = expected.findIndex((byte, index) => original?.[index] !== byte);
  const around = (bytes: Buffer | undefined) =>
    JSON.stringify(bytes?.subarray(at - 20, at + 60).toString('latin1'));
  assert.fail(
    `${kind} differs at byte ${at} of ${expected.length}: ${around(original)} instead of ${around(expected)}`,
  );
}

function openssl(...args: string[]): Buffer {
  return execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A text signed or encrypted by a user's own program, which here is openssl. */
function makeSmime(folder: string, ...args: string[]): Buffer {
  const file = (name: string) => join(folder, name);
  const { key, cert } = makeAuthority('Mario Rossi');
  writeFileSync(file('user.key'), key);
  writeFileSync(file('user.pem'), cert);
  writeFileSync(
    file('text'),
    'Content-Type: text/plain; charset=utf-8\r\n\r\nFirmato di persona: \u20ac 100.\r\n',
  );
  const paths = args.map((arg) => (arg.startsWith('user.') ? file(arg) : arg));
  const made = openssl(
    'cms',
    ...paths,
    '-in',
    file('text'),
    '-from',
    mario,
    '-to',
    anna,
    '-subject',
    'Firmato',
    '-crlfeol',
  );
  return Buffer.from(made.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1');
}

scenario("a user's S/MIME signature still verifies", {}, async (world) => {
  const { folder } = world;
  const message = makeSmime(folder, '-sign', '-signer', 'user.pem', '-inkey', 'user.key');
  const original = await sendThrough(world, message);
  writeFileSync(join(folder, 'postacert.eml'), original);
  const content = openssl(
    'cms',
    '-verify',
    '-in',
    join(folder, 'postacert.eml'),
    '-CAfile',
    join(folder, 'user.pem'),
    '-purpose',
    'any',
  );
  assert.match(content.toString('utf8'), /Firmato di persona: € 100\./);
});

scenario('an encrypted message still opens', {}, async (world) => {
  const { folder } = world;
  const message = makeSmime(folder, '-encrypt', '-aes256', '-recip', 'user.pem');
  const original = await sendThrough(world, message);
  writeFileSync(join(folder, 'postacert.eml'), original);
  const content = openssl(
    'cms',
    '-decrypt',
    '-in',
    join(folder, 'postacert.eml'),
    '-recip',
    join(folder, 'user.pem'),
    '-inkey',
    join(folder, 'user.key'),
  );
  assert.match(content.toString('utf8'), /Firmato di persona/);
});

const pgp = writeMail({
  ...usual,
  fields: [
    'MIME-Version: 1.0',
    'Content-Type: multipart/signed; micalg=pgp-sha256;\r\n\tprotocol="application/pgp-signature";\r\n boundary="=_x"',
  ],
  body: `--=_x\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n- =46rom me, con spazi in fondo=20\r\n\r\n--=_x\r\nContent-Type: application/pgp-signature; name="signature.asc"\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\niQEzBAEBCAAdFiEE\r\n=abcd\r\n-----END PGP SIGNATURE-----\r\n\r\n--=_x--\r\n`,
});

const shapes: Readonly<Record<string, Buffer>> = {
  'PGP/MIME': pgp,
  '8-bit text': writeMail({
    ...usual,
    fields: [
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=iso-8859-1',
      'Content-Transfer-Encoding: 8bit',
    ],
    body: 'Perch\xe9 no? \x80\xff\r\n\xa4\r\n',
  }),
  '8-bit header': writeMail({ ...usual, subject: 'Perch\xe9', fields: ['X-Nota: citt\xe0 \xc3\xa0'] }),
  'very long lines': writeMail({ ...usual, body: `${'x'.repeat(5000)}\r\n${'y'.repeat(200_000)}\r\n` }),
  'a long line in the header': writeMail({ ...usual, fields: [`X-Lungo: ${'z'.repeat(5000)}`] }),
  'an empty body': writeMail({ ...usual, body: '' }),
  'blank lines and trailing blanks': writeMail({ ...usual, body: '\r\n\r\n  \t \r\nfine  \r\n\r\n\r\n' }),
  'lines that begin with dots': writeMail({ ...usual, body: '.\r\n..\r\n...x\r\n.fine\r\n' }),
  'From at the beginning of a line': writeMail({ ...usual, body: 'From me\r\n>From you\r\n' }),
  'lines that look like boundaries': writeMail({ ...usual, body: '--\r\n--=_mixed_0\r\n-- \r\nMario\r\n' }),
  'no Message-ID': writeMail({ ...usual, msgid: null }),
  'a folded Message-ID in odd spelling': writeMail({
    ...usual,
    msgid: null,
    fields: ['mEsSaGe-iD:\r\n\t<piegato@client.test>', 'X-Dopo: resta'],
  }),
  'folding and blanks in every field': writeMail({
    ...usual,
    fields: ['X-Strano:   a\r\n\tb\r\n   c  ', 'X-Vuoto:', 'x-tiporicevuta: COMPLETA'],
  }),
  'no MIME at all, and a broken To': Buffer.from(
    `From: ${mario}\r\nTo: "Anna, Bianchi" <${anna}>;\r\nMessage-ID: <nudo@client.test>\r\n\r\nx\r\n`,
    'latin1',
  ),
};

for (const [name, message] of Object.entries(shapes))
  scenario(`unchanged: ${name}`, {}, async (world) => {
    await sendThrough(world, message);
  });

scenario('a PEC inside a PEC: the outer one counts, the inner one stays whole', {}, async (world) => {
  const inner = await makeEnvelope(world.pki, {
    issuer: 'gamma',
    from: 'luigi@gamma.test',
    to: [mario],
    at: world.now(),
    message: writeMail({ from: 'luigi@gamma.test', to: [mario] }),
  });
  const message = writeMail({
    ...usual,
    fields: ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=fuori'],
    body: `--fuori\r\n\r\nti inoltro\r\n--fuori\r\nContent-Type: message/rfc822\r\n\r\n${inner.bytes.toString('latin1')}\r\n--fuori--\r\n`,
  });
  const original = await sendThrough(world, message);
  const at = original.indexOf(inner.bytes);
  assert.ok(at > 0, 'the inner one stands in it byte for byte');
  const found = readMail(original.subarray(at, at + inner.bytes.length));
  assert.equal(fieldOf(found.header, 'Message-ID'), `<${inner.facts.identificativo}>`);
  const [envelope] = await world.beta.mails('anna.bianchi');
  assert.notEqual(envelope?.data?.identificativo, inner.facts.identificativo);
  assert.deepEqual(envelope?.data?.recipients, [{ address: anna, certified: true }]);
});

scenario('an attachment of 50 MB', { timeout: 120_000 }, async (world) => {
  const { alfa, beta, folder } = world;
  const content = randomBytes(38 * 1024 * 1024);
  const base64 = content.toString('base64').replace(/.{76}/g, '$&\r\n');
  const message = writeMail({
    ...usual,
    fields: [
      'MIME-Version: 1.0',
      'Content-Type: application/pdf; name="a.pdf"',
      'Content-Transfer-Encoding: base64',
    ],
    body: `${base64}\r\n`,
  });
  assert.ok(message.length > 50 * 1024 * 1024);
  const original = await sendThrough(world, message);
  const body = original.subarray(original.indexOf('\r\n\r\n') + 4);
  const arrived = Buffer.from(body.toString('latin1'), 'base64');
  assert.equal(sha256(arrived), sha256(content));
  assert.deepEqual(summarize(await alfa.mails('mario.rossi')), ['accettazione', `avvenuta-consegna ${anna}`]);
  // The signature over 50 MB, by a second opinion.
  const [envelope] = await beta.mails('anna.bianchi');
  writeFileSync(join(folder, 'large.eml'), envelope?.bytes ?? assert.fail());
  openssl(
    'cms',
    '-verify',
    '-in',
    join(folder, 'large.eml'),
    '-CAfile',
    world.pki.caFile,
    '-purpose',
    'any',
    '-out',
    join(folder, 'content'),
  );
  assert.ok(readFileSync(join(folder, 'content')).includes(original.subarray(-1000)));
});

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
