import assert from 'node:assert/strict';
import { createHash, createSign, createVerify, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { prepareDkim, RelaxedBodyDigest } from '../../../src/mime/dkim.ts';
import { parseHeaderBlock } from '../../../src/mime/header.ts';

const sha256 = (text: string) => createHash('sha256').update(text, 'latin1').digest('hex');

function digest(text: string, cuts: readonly number[] = []): string {
  const bytes = Buffer.from(text, 'latin1');
  const digester = new RelaxedBodyDigest();
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    digester.push(bytes.subarray(from, cut));
    from = Math.max(from, cut);
  }
  return Buffer.from(digester.end()).toString('hex');
}

/** RFC 6376 §3.4.4 as it reads, on the whole text. */
function relax(text: string): string {
  const lines = text.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  while (lines.at(-1) === '') lines.pop();
  return lines.map((line) => `${line}\r\n`).join('');
}

test('bodies of the standard', () => {
  // §3.4.5
  assert.equal(digest(' C \r\nD \t E\r\n\r\n\r\n'), sha256(' C\r\nD E\r\n'));
  // §3.4.4: the hash of an empty body, as the standard prints it.
  assert.equal(
    Buffer.from(digest(''), 'hex').toString('base64'),
    '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
  );
  assert.equal(digest('\r\n\r\n'), sha256(''));
  assert.equal(digest('senza fine'), sha256('senza fine\r\n'));
  assert.equal(digest(' \t'), sha256(''));
  assert.equal(digest('\r\n\r\na'), sha256('\r\n\r\na\r\n'));
});

test('any body gives the digest of its relaxed form, however it is cut', () => {
  const text = fc
    .array(fc.constantFrom(' ', '\t', '\r\n', '\r', '\n', 'a', 'bc', '\xe8', '\r\n\r\n\r\n\r\n'), {
      maxLength: 40,
    })
    .map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(text, fc.array(fc.nat(60)), (body, cuts) => {
      const places = cuts.map((cut) => Math.min(cut, body.length)).sort((a, b) => a - b);
      assert.equal(digest(body, places), sha256(relax(body)));
    }),
  );
});

test('ten thousand empty lines across small chunks', () => {
  const body = `a\r\n${'\r\n'.repeat(10_000)}b\r\n`;
  assert.equal(digest(body, [1, 2, 3, 20_001, 20_003]), sha256(body));
});

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const message = [
  'Received: from x',
  'From: "Per conto di: a@b.it"\r\n <posta-certificata@alfa.test>',
  'To:   x@example.com',
  'Subject: POSTA  CERTIFICATA:\t prova \xe8 ',
  'Date: Sat, 21 Nov 2026 10:11:12 +0100',
  'X-Trasporto: posta-certificata',
  '',
  'corpo',
].join('\r\n');

function sign(text: string) {
  const header = parseHeaderBlock(Buffer.from(text, 'latin1'));
  const bodyHash = Buffer.from(digest(text.slice(header.bodyStart)), 'hex');
  const values = { domain: 'alfa.test', selector: 'pec', at: 1_795_000_000_123, header, bodyHash };
  const unsigned = prepareDkim(values);
  const signature = createSign('sha256').update(unsigned.tbs).sign(privateKey);
  return { unsigned, field: Buffer.from(unsigned.complete(signature)).toString('latin1') };
}

test('the field says what was signed, in lines that mail can carry', () => {
  const { field } = sign(message);
  assert.match(
    field,
    /^DKIM-Signature: v=1; a=rsa-sha256; c=relaxed\/relaxed; d=alfa\.test;\r\n\t s=pec; t=1795000000;\r\n/,
  );
  assert.match(field, /h=From:From:To:To:Subject:Subject:/);
  assert.ok(field.endsWith('\r\n') && field.split('\r\n').every((line) => line.length < 100));
  assert.ok(
    field
      .split('\r\n')
      .slice(1, -1)
      .every((line) => /^\t +\S/.test(line)),
  );
});

test('what is signed is the canonical form, the last of a name first, and no trace field', () => {
  const { unsigned, field } = sign(message);
  const tbs = Buffer.from(unsigned.tbs).toString('latin1').split('\r\n');
  assert.deepEqual(tbs.slice(0, -1), [
    'from:"Per conto di: a@b.it" <posta-certificata@alfa.test>',
    'to:x@example.com',
    'subject:POSTA CERTIFICATA: prova \xe8',
    'date:Sat, 21 Nov 2026 10:11:12 +0100',
    'x-trasporto:posta-certificata',
  ]);
  // A verifier empties b= of the field it finds and takes the relaxed form of that.
  const emptied = field
    .replace(/ b=[\s\S]*$/, ' b=')
    .replace(/^DKIM-Signature: /, 'dkim-signature:')
    .replace(/\r\n/g, '')
    .replace(/[ \t]+/g, ' ');
  assert.equal(tbs.at(-1), emptied);
  const signature = Buffer.from(field.replace(/^[\s\S]* b=/, '').replace(/\s/g, ''), 'base64');
  assert.ok(createVerify('sha256').update(unsigned.tbs).verify(publicKey, signature));
});

test('of two fields of a name the lower one is signed first', () => {
  const { unsigned } = sign(`To: one\r\nTo: two\r\n${message}`);
  const tbs = Buffer.from(unsigned.tbs).toString('latin1');
  assert.match(tbs, /to:x@example\.com\r\nto:two\r\nto:one\r\n/);
});
