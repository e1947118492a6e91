import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { createPemSigner } from '../../../src/keys/pem.ts';
import { decodePem } from '../../../src/lib/pem.ts';
import type { Segments } from '../../../src/lib/segments.ts';
import { scanMessage } from '../../../src/mime/part-scanner.ts';
import { decodeTransfer } from '../../../src/mime/transfer.ts';
import type { UnsignedMessage } from '../../../src/mime/unsigned-message.ts';
import { assembleSignedMessage, signMessage } from '../../../src/smime/sign.ts';
import { buildSignedData, signDetached } from '../../../src/smime/signed-data.ts';
import { locateSignature } from '../../../src/smime/signed-parts.ts';
import { livePolicy, parseTrust } from '../../../src/smime/trust.ts';
import { verifyAttached, verifyDetached, verifySignedMessage } from '../../../src/smime/verify.ts';
import { authority, issuedAt, otherProvider, provider } from '../pki/authority.ts';

const signer = createPemSigner(provider);
const signingTime = issuedAt + 61_500;
const trust = parseTrust({ anchors: decodePem('CERTIFICATE', authority.root.certificatePem) });
const policy = { ...livePolicy, revocation: 'none' } as const;
const content = Buffer.from(
  'Content-Type: text/plain; charset="iso-8859-1"\r\n\r\nÈ stato accettato\r\n',
  'latin1',
);
const contentDigest = createHash('sha256').update(content).digest();
const unsigned: UnsignedMessage = {
  header: Buffer.from('From: posta-certificata@alfa.test\r\nSubject: ACCETTAZIONE: prova\r\n'),
  content: [content],
  boundary: '----=_firma_1',
  eightBit: false,
};

function bytesOf(segments: Segments): Buffer {
  return Buffer.concat(
    segments.map((segment) => (segment instanceof Uint8Array ? segment : assert.fail('a blob'))),
  );
}

describe('signMessage', () => {
  it('writes the message of RFC 8551 §3.5.3 around the very bytes that were hashed', async () => {
    const message = bytesOf(
      (await signMessage(unsigned, { contentDigest, signingTime, signer })).segments,
    ).toString('latin1');
    const head = [
      'From: posta-certificata@alfa.test',
      'Subject: ACCETTAZIONE: prova',
      'MIME-Version: 1.0',
      'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256;',
      ' boundary="----=_firma_1"',
      '',
      'This is an S/MIME signed message',
      '',
      '------=_firma_1',
      '',
    ].join('\r\n');
    assert.ok(message.startsWith(head + content.toString('latin1')));
    const tail = message.slice(head.length + content.length);
    assert.ok(
      tail.startsWith(
        [
          '',
          '------=_firma_1',
          'Content-Type: application/pkcs7-signature; name="smime.p7s"',
          'Content-Transfer-Encoding: base64',
          'Content-Disposition: attachment; filename="smime.p7s"',
          '',
          '',
        ].join('\r\n'),
      ),
    );
    assert.ok(tail.endsWith('\r\n------=_firma_1--\r\n'));
    assert.ok(message.split('\r\n').every((line) => line.length <= 100 && !/[\r\n]/.test(line)));
  });

  it('verifies, read as a stranger would read it', async () => {
    const message = bytesOf((await signMessage(unsigned, { contentDigest, signingTime, signer })).segments);
    const tree = scanMessage(message);
    const parts = locateSignature(tree);
    assert.ok('start' in parts);
    assert.deepEqual(message.subarray(parts.start, parts.end), content);
    const { signature } = parts;
    const cms = decodeTransfer(
      signature.transferEncoding,
      message.subarray(signature.bodyStart, signature.bodyEnd),
    );
    const from = 'posta-certificata@alfa.test';
    const contentDigests = { sha256: contentDigest };
    const verdict = verifySignedMessage({ tree, cms, contentDigests, trust, policy, now: signingTime, from });
    assert.deepEqual(verdict.problems, []);
    // CMS knows whole seconds.
    assert.equal(verdict.signingTime, issuedAt + 61_000);
  });

  it('is the same to the byte for the same values, and reassembles from a kept signature', async () => {
    const first = bytesOf((await signMessage(unsigned, { contentDigest, signingTime, signer })).segments);
    assert.deepEqual(
      bytesOf((await signMessage(unsigned, { contentDigest, signingTime, signer })).segments),
      first,
    );
    const { cms } = await signDetached({ contentDigest, signingTime, signer });
    assert.deepEqual(bytesOf(assembleSignedMessage(unsigned, cms)), first);
  });

  it('says 8bit on top when the content has such bytes, and keeps blobs as they are', async () => {
    const range = { blob: 'b1', offset: 10, length: 1000 };
    const { segments } = await signMessage(
      { ...unsigned, content: [content, range, content], eightBit: true },
      { contentDigest, signingTime, signer },
    );
    assert.equal(segments.filter((segment) => segment === range).length, 1);
    const before = segments.slice(0, segments.indexOf(range)) as Uint8Array[];
    assert.match(Buffer.concat(before).toString('latin1'), /\r\nContent-Transfer-Encoding: 8bit\r\n\r\n/);
  });
});

describe('signDetached', () => {
  it('follows a signer that changes its certificate', async () => {
    const chain = (by: typeof provider) => createPemSigner(by);
    const [alfa, beta] = [chain(provider), chain(otherProvider)];
    const changing = { chain: alfa.chain, sign: alfa.sign };
    const verdictOf = async () => {
      const { cms } = await signDetached({ contentDigest, signingTime, signer: changing });
      return verifyDetached({
        cms,
        contentDigests: { sha256: contentDigest },
        trust,
        policy,
        now: signingTime,
      });
    };
    const before = await verdictOf();
    Object.assign(changing, { chain: beta.chain, sign: beta.sign });
    const after = await verdictOf();
    assert.ok(before.ok && after.ok);
    assert.notEqual(before.certificateHash, after.certificateHash);
  });

  it('writes the time as UTCTime to 2049 and as GeneralizedTime after (RFC 5652 §11.3)', async () => {
    for (const [time, written] of [
      [Date.UTC(2049, 11, 31, 23, 59, 59), '\x17\x0d491231235959Z'],
      [Date.UTC(2050, 0, 1), '\x18\x0f20500101000000Z'],
    ] as const) {
      const { cms } = await signDetached({ contentDigest, signingTime: time, signer });
      assert.ok(Buffer.from(cms).includes(Buffer.from(written, 'latin1')));
    }
  });

  it('fails when the signer has no certificate', async () => {
    const bare = { chain: [], sign: signer.sign };
    await assert.rejects(signDetached({ contentDigest, signingTime, signer: bare }), /without a certificate/);
  });
});

describe('buildSignedData', () => {
  it('holds its content and verifies', async () => {
    const cms = await buildSignedData({ content, contentDigest, signingTime, signer });
    const { verdict, content: inside } = verifyAttached({ cms, trust, policy, now: signingTime });
    assert.deepEqual(verdict.problems, []);
    assert.deepEqual(Buffer.from(inside ?? []), content);
  });
});

describe('locateSignature refuses', () => {
  const signed = (head: string, body: string) => scanMessage(Buffer.from(`${head}\r\n\r\n${body}`, 'latin1'));
  const part = (type: string) => `--b\r\nContent-Type: ${type}\r\n\r\nx\r\n`;
  const smime = part('application/pkcs7-signature');
  const outer = 'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b';
  const cases: Record<string, [string, string, string]> = {
    'an ordinary message': ['Content-Type: text/plain', 'x', 'not-signed'],
    'a signature of another kind': [
      outer,
      `${part('text/plain')}${part('application/pgp-signature')}--b--`,
      'not-signed',
    ],
    'no signature part': [outer, `${part('text/plain')}--b--`, 'parts-wrong'],
    'a third part': [outer, `${part('text/plain')}${smime}${part('text/plain')}--b--`, 'parts-wrong'],
    'a signature further inside': [
      'Content-Type: multipart/mixed; boundary=a',
      `--a\r\n${outer}\r\n\r\n${part('text/plain')}${smime}--b--\r\n--a--`,
      'not-signed',
    ],
    'two Content-Type fields': [
      `${outer}\r\nContent-Type: text/plain`,
      `${part('text/plain')}${smime}--b--`,
      'parts-wrong',
    ],
  };
  for (const [name, [head, body, code]] of Object.entries(cases))
    it(name, () => {
      const found = locateSignature(signed(head, body));
      assert.equal('code' in found ? found.code : 'located', code);
    });

  it('and takes both names of the signature part', () => {
    for (const type of ['application/pkcs7-signature', 'application/x-pkcs7-signature'])
      assert.ok('start' in locateSignature(signed(outer, `${part('text/plain')}${part(type)}--b--`)));
  });
});
