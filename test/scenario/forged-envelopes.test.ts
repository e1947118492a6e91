/**
 * Transport envelopes that are none, or are none any more, at the incoming point: refused, or delivered as what
 * they are, and never certified. No receipt, no presa in carico, no delivery in the log.
 */
import assert from 'node:assert/strict';
import { createPemSigner } from '../../src/keys/pem.ts';
import type { UnsignedMessage } from '../../src/mime/unsigned-message.ts';
import { createDevelopmentCa } from '../../src/pki/development-ca.ts';
import { issueProviderCertificate } from '../../src/pki/issue.ts';
import { edit, type ForgedEnvelope, type MadeMessage, makeEnvelope } from '../support/scenario-forge.ts';
import { subjectOf, summarize, writeMail } from '../support/scenario-mail.ts';
import { providerNames, type ScenarioPki } from '../support/scenario-pki.ts';
import type { Site } from '../support/scenario-site.ts';
import { hour, scenario, type World } from '../support/scenario-world.ts';

const from = 'luigi.verdi@gamma.test';
const anna = 'anna.bianchi@beta.test';

function good({ pki, now }: World, changes: Partial<ForgedEnvelope> = {}): Promise<MadeMessage> {
  const message = writeMail({ from, to: [anna] });
  return makeEnvelope(pki, { issuer: 'gamma', from, to: [anna], at: now(), message, ...changes });
}

scenario('control: the untouched envelope is taken in charge and delivered', {}, async (world) => {
  const { beta } = world;
  const { bytes } = await good(world);
  const reply = await beta.deliver({ from, to: [anna], message: bytes });
  assert.equal(reply.code, 250, reply.text);
  assert.match(reply.text, /taken in charge/);
  await world.settle();
  assert.deepEqual(summarize(await beta.mails('anna.bianchi')), ['posta-certificata']);
  const types = (await beta.events()).map(({ type }) => type);
  assert.deepEqual(types, ['taken-in-charge', 'delivered']);
});

type Forge = (world: World) => Promise<Buffer>;

async function signerOutsideTheIndex(pki: ScenarioPki) {
  const at = Date.now() - hour;
  return createPemSigner(
    await issueProviderCertificate(pki.ca, { providerName: providerNames.gamma, domain: 'gamma.test', at }),
  );
}

async function signerOfAnotherAuthority() {
  const at = Date.now() - hour;
  const ca = await createDevelopmentCa({
    organization: 'Scenario PEC',
    mailDomains: ['gamma.test'],
    crlUrl: 'http://crl.scenario.test/a',
    rootCrlUrl: 'http://crl.scenario.test/b',
    at,
  });
  return createPemSigner(
    await issueProviderCertificate(ca, { providerName: providerNames.gamma, domain: 'gamma.test', at }),
  );
}

const bytesOf = async (made: Promise<MadeMessage>) => (await made).bytes;

/** What follows the header: with the boundary that its Content-Type names. */
function bodyOf(message: Buffer): string {
  return message.toString('latin1').split('\r\n\r\n').slice(1).join('\r\n\r\n');
}

function headOf(message: Buffer, ...without: RegExp[]): string {
  const head = message.toString('latin1').split('\r\n\r\n')[0] ?? '';
  const fields = head.split(/\r\n(?![ \t])/);
  return fields.filter((field) => !without.some((pattern) => pattern.test(field))).join('\r\n');
}

function contentTypeOf(message: Buffer): string {
  return (
    /^Content-Type: multipart\/signed;(?:\r\n[ \t]|[^\r\n])*/im.exec(message.toString('latin1'))?.[0] ?? ''
  );
}

/** PEC's header fields around some other multipart, whose boundary is `w`. */
function wrap(message: Buffer, type: string, parts: readonly string[]): Buffer {
  const head = headOf(message, /^content-type:/i);
  const body = parts.map((part) => `--w\r\n${part}\r\n`).join('');
  return Buffer.from(`${head}\r\nContent-Type: ${type}; boundary=w\r\n\r\n${body}--w--\r\n`, 'latin1');
}

const evil = 'Content-Type: text/plain\r\n\r\nPagate su questo conto.';

/** Why: so that a forgery that fails for another reason than its own is noticed. */
const reasons: Readonly<Record<string, RegExp>> = {
  'no signature': /not signed/,
  'the fields of PEC on an ordinary message': /not signed/,
  "the key of an alfa's certificate for gamma": /not in the signer's certificate/,
  'a certificate that is not in the index': /not in the index/,
  'a certificate of another authority': /trusted authority/,
  'a byte altered in the original': /digest is not the signed one/,
  'a byte altered in daticert.xml': /digest is not the signed one/,
  'a byte altered in the signature': /signature cannot be read/,
  'From of another provider': /not in the signer's certificate/,
  'a second From': /not in the signer's certificate/,
  'a second From after the first': /does not belong to a domain/,
  'two addresses in From': /does not belong to a domain/,
  'the good envelope wrapped as an attachment': /not signed/,
  'the signed part wrapped in a multipart/mixed': /not signed/,
  'the signed part wrapped in another multipart/signed': /digest is not the signed one/,
  'a third part after the signature': /not signed/,
  'a part before the signed one': /not signed/,
  'a second Content-Type': /not signed/,
  'daticert.xml outside the signed part': /not signed/,
  'daticert.xml twice': /more than once/,
  'postacert.eml twice': /more than once/,
  'no daticert.xml': /certification data/,
  'no postacert.eml': /original message/,
  'another Message-ID than daticert.xml': /header does not match/,
  'X-Trasporto twice': /more than once/,
  'an envelope made up as a receipt': /header does not match/,
  'no word on what it is': /header does not say/,
  'an envelope of four days ago': /too long ago/,
  'an envelope for somebody else': /not addressed to this recipient/,
};

/** The one event of the log, which must be of this type and say this. */
async function assertRecorded(site: Site, type: 'anomaly' | 'ordinary-refused', reason: RegExp | undefined) {
  const events = await site.events();
  assert.deepEqual(
    events.map((event) => event.type),
    [type],
  );
  const [event] = events;
  assert.match(
    (event?.type === type && event.reason.english) || '',
    reason ?? assert.fail('no reason given'),
  );
}

/** Not certified mail at all: refused in the dialogue, as ordinary mail is by default. */
const refused: Readonly<Record<string, Forge>> = {
  'no signature': async (world) => {
    const bytes = await bytesOf(good(world));
    const mixed =
      /--[^\r\n]+\r\n(Content-Type: multipart\/mixed[\s\S]*?)\r\n--[^\r\n]+\r\nContent-Type: application\/pkcs7/.exec(
        bytes.toString('latin1'),
      );
    return Buffer.from(`${headOf(bytes, /^content-type:/i)}\r\n${mixed?.[1] ?? assert.fail()}\r\n`, 'latin1');
  },
  'the fields of PEC on an ordinary message': async () =>
    writeMail({
      from: 'posta-certificata@gamma.test',
      to: [anna],
      fields: ['X-Trasporto: posta-certificata'],
    }),
  "the key of an alfa's certificate for gamma": async (world) =>
    bytesOf(good(world, { signer: world.pki.providers.alfa.signer })),
  // Older than the copy of the index: what is newer than it waits for the next copy.
  'a certificate that is not in the index': async (world) =>
    bytesOf(good(world, { signer: await signerOutsideTheIndex(world.pki), at: world.now() - hour / 6 })),
  'a certificate of another authority': async (world) =>
    bytesOf(good(world, { signer: await signerOfAnotherAuthority() })),
  'a byte altered in the original': async (world) =>
    edit(await bytesOf(good(world)), 'Buongiorno.', 'Buonasera..'),
  'a byte altered in daticert.xml': async (world) => {
    const bytes = await bytesOf(good(world));
    const first = Buffer.from('<?xml version="1.0"').toString('base64').slice(0, 20);
    return edit(bytes, first, `${first.slice(0, -1)}${first.endsWith('A') ? 'B' : 'A'}`);
  },
  'a byte altered in the signature': async (world) =>
    edit(await bytesOf(good(world)), /(smime\.p7s"\r\n\r\n[\s\S]{400})(.)/, '$1='),
  'From of another provider': async (world) =>
    edit(await bytesOf(good(world)), '<posta-certificata@gamma.test>', '<posta-certificata@alfa.test>'),
  'a second From': async (world) =>
    edit(await bytesOf(good(world)), /^From: /m, 'From: capo@banca.test\r\nFrom: '),
  'a second From after the first': async (world) =>
    edit(await bytesOf(good(world)), /^Reply-To: /m, 'From: capo@banca.test\r\nReply-To: '),
  'two addresses in From': async (world) =>
    edit(
      await bytesOf(good(world)),
      '<posta-certificata@gamma.test>',
      '<posta-certificata@gamma.test>, a@b.test',
    ),
  'the good envelope wrapped as an attachment': async (world) => {
    const bytes = await bytesOf(good(world));
    return wrap(bytes, 'multipart/mixed', [
      evil,
      `Content-Type: message/rfc822\r\n\r\n${bytes.toString('latin1')}`,
    ]);
  },
  'the signed part wrapped in a multipart/mixed': async (world) => {
    const bytes = await bytesOf(good(world));
    return wrap(bytes, 'multipart/mixed', [evil, `${contentTypeOf(bytes)}\r\n\r\n${bodyOf(bytes)}`]);
  },
  'the signed part wrapped in another multipart/signed': async (world) => {
    const bytes = await bytesOf(good(world));
    const inner = `${contentTypeOf(bytes)}\r\n\r\n${bodyOf(bytes)}`;
    const signature = /Content-Type: application\/pkcs7-signature[\s\S]*?(?=\r\n--)/.exec(
      bytes.toString('latin1'),
    );
    return wrap(bytes, 'multipart/signed; protocol="application/pkcs7-signature"', [
      `Content-Type: multipart/mixed; boundary=v\r\n\r\n--v\r\n${evil}\r\n--v\r\n${inner}\r\n--v--`,
      signature?.[0] ?? assert.fail(),
    ]);
  },
  'a third part after the signature': async (world) =>
    edit(await bytesOf(good(world)), /(\r\n--[^\r\n]+)--\r\n$/, `$1\r\n${evil}$1--\r\n`),
  'a part before the signed one': async (world) => {
    const bytes = await bytesOf(good(world));
    return edit(
      bytes,
      /(This is an S\/MIME signed message\r\n\r\n)(--[^\r\n]+)\r\n/,
      `$1$2\r\n${evil}\r\n$2\r\n`,
    );
  },
  'a second Content-Type': async (world) =>
    edit(
      await bytesOf(good(world)),
      /^Content-Type: multipart\/signed/m,
      'Content-Type: text/plain\r\nContent-Type: multipart/signed',
    ),
  'daticert.xml outside the signed part': async (world) => {
    const bytes = await bytesOf(good(world, { change: withoutPart('daticert.xml') }));
    const xml = 'Content-Type: application/xml; name="daticert.xml"\r\n\r\n<postacert/>';
    return edit(bytes, /(\r\n--[^\r\n]+)--\r\n$/, `$1\r\n${xml}$1--\r\n`);
  },
};

for (const [name, forge] of Object.entries(refused))
  scenario(`refused: ${name}`, {}, async (world) => {
    const { beta } = world;
    const message = await forge(world);
    const reply = await beta.deliver({ from, to: [anna], message });
    assert.equal(reply.code, 550, `${reply.code} ${reply.text}`);
    await world.settle();
    assert.deepEqual(await beta.mails('anna.bianchi'), []);
    await assertRecorded(beta, 'ordinary-refused', reasons[name]);
  });

/** Takes a part of the multipart/mixed away before signing. */
function withoutPart(name: string): (unsigned: UnsignedMessage) => UnsignedMessage {
  return (unsigned) => ({
    ...unsigned,
    content: [rewriteParts(unsigned, (part) => (part.includes(`name="${name}"`) ? [] : [part]))],
  });
}

function twicePart(name: string): (unsigned: UnsignedMessage) => UnsignedMessage {
  return (unsigned) => ({
    ...unsigned,
    content: [rewriteParts(unsigned, (part) => (part.includes(`name="${name}"`) ? [part, part] : [part]))],
  });
}

function rewriteParts({ content }: UnsignedMessage, change: (part: string) => string[]): Buffer {
  const text = Buffer.concat(content as Uint8Array[]).toString('latin1');
  const boundary = /boundary="([^"]+)"/.exec(text)?.[1] ?? assert.fail();
  const [head = '', ...parts] = text.split(`--${boundary}`);
  const kept = parts.slice(0, -1).flatMap(change);
  return Buffer.from([head, ...kept, '--\r\n'].join(`--${boundary}`), 'latin1');
}

/** From a provider, with a good signature, and not what it says it is: an anomaly envelope, and no receipt. */
const anomalies: Readonly<Record<string, Forge>> = {
  'daticert.xml twice': async (world) => bytesOf(good(world, { change: twicePart('daticert.xml') })),
  'postacert.eml twice': async (world) => bytesOf(good(world, { change: twicePart('postacert.eml') })),
  'no daticert.xml': async (world) => bytesOf(good(world, { change: withoutPart('daticert.xml') })),
  'no postacert.eml': async (world) => bytesOf(good(world, { change: withoutPart('postacert.eml') })),
  'another Message-ID than daticert.xml': async (world) =>
    edit(await bytesOf(good(world)), /^Message-ID: <forged/m, 'Message-ID: <another'),
  'X-Trasporto twice': async (world) =>
    edit(await bytesOf(good(world)), /^X-Trasporto: /m, 'X-Trasporto: errore\r\nX-Trasporto: '),
  'an envelope made up as a receipt': async (world) =>
    edit(await bytesOf(good(world)), 'X-Trasporto: posta-certificata', 'X-Ricevuta: avvenuta-consegna'),
  'no word on what it is': async (world) =>
    edit(await bytesOf(good(world)), 'X-Trasporto: posta-certificata\r\n', ''),
  'an envelope of four days ago': async (world) => bytesOf(good(world, { at: world.now() - 96 * hour })),
  'an envelope for somebody else': async (world) => bytesOf(good(world, { to: ['protocollo@beta.test'] })),
};

for (const [name, forge] of Object.entries(anomalies))
  scenario(`anomaly: ${name}`, {}, async (world) => {
    const { beta } = world;
    const message = await forge(world);
    const reply = await beta.deliver({ from, to: [anna], message });
    assert.equal(reply.code, 250, `${reply.code} ${reply.text}`);
    await world.settle();
    const mails = await beta.mails('anna.bianchi');
    assert.deepEqual(summarize(mails), ['anomalia']);
    assert.match(subjectOf(mails[0] ?? assert.fail()), /^ANOMALIA MESSAGGIO: /);
    assert.deepEqual(mails[0]?.original, message, 'what arrived stands in it unchanged');
    await assertRecorded(beta, 'anomaly', reasons[name]);
  });

scenario('an envelope of our own that comes back certifies nothing', {}, async (world) => {
  const { beta } = world;
  const sender = beta.address('mario.rossi');
  const message = writeMail({ from: sender, to: [anna] });
  const { bytes } = await makeEnvelope(world.pki, {
    issuer: 'beta',
    from: sender,
    to: [anna],
    at: world.now(),
    message,
  });
  assert.equal((await beta.deliver({ from: sender, to: [anna], message: bytes })).code, 250);
  await world.settle();
  assert.deepEqual(summarize(await beta.mails('anna.bianchi')), ['anomalia']);
  assert.deepEqual(await beta.mails('mario.rossi'), []);
});

scenario('one recipient of an envelope does not make it certified for others', {}, async (world) => {
  const { beta } = world;
  const { bytes } = await good(world);
  const to = [anna, beta.address('protocollo')];
  assert.equal((await beta.deliver({ from, to, message: bytes })).code, 250);
  await world.settle();
  assert.deepEqual(summarize(await beta.mails('anna.bianchi')), ['posta-certificata']);
  assert.deepEqual(summarize(await beta.mails('protocollo')), ['anomalia']);
  const taken = (await beta.events()).flatMap((event) =>
    event.type === 'taken-in-charge' ? event.takenInCharge : [],
  );
  assert.deepEqual(taken, [anna]);
});
