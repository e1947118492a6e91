import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  BerError,
  contentOf,
  encodeDefinite,
  encodingOf,
  parseBer,
  readOctets,
  readOid,
  readTime,
} from '../../../src/lib/ber.ts';
import {
  encodeBitString,
  encodeBoolean,
  encodeElement,
  encodeInteger,
  encodeNamedBits,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodePrintableString,
  encodeSetOf,
  encodeTime,
  encodeUtf8String,
} from '../../../src/lib/der.ts';
import { decodePem, encodePem } from '../../../src/lib/pem.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const parse = (text: string) => parseBer(Buffer.from(text, 'hex'));

describe('DER writer', () => {
  it('writes the examples of X.690 and of well-known certificates', () => {
    const cases: [Uint8Array, string][] = [
      [encodeInteger(0), '020100'],
      [encodeInteger(127), '02017f'],
      [encodeInteger(128), '02020080'],
      [encodeInteger(65537), '0203010001'],
      [encodeInteger(Uint8Array.of(0, 0, 0x7f)), '02017f'],
      [encodeInteger(Uint8Array.of(0, 0xff)), '020200ff'],
      [encodeInteger(new Uint8Array(0)), '020100'],
      [encodeOid('1.2.840.113549.1.1.11'), '06092a864886f70d01010b'],
      [encodeOid('2.5.29.15'), '0603551d0f'],
      [encodeOid('2.999.3'), '0603883703'],
      [encodeNull(), '0500'],
      [encodeBoolean(true), '0101ff'],
      [encodeNamedBits(0), '03020780'],
      [encodeNamedBits(5, 6), '03020106'],
      [encodeNamedBits(0, 8), '0303078080'],
      [encodeBitString(Uint8Array.of(1)), '03020001'],
      [encodeUtf8String('è'), '0c02c3a8'],
      [encodePrintableString('IT'), '13024954'],
      [encodeTime(Date.UTC(2026, 10, 22, 1, 2, 3, 999)), '170d3236313132323031303230335a'],
      [encodeTime(Date.UTC(1950, 0, 1)), '170d3530303130313030303030305a'],
      [encodeTime(Date.UTC(2050, 0, 1)), '180f32303530303130313030303030305a'],
      [encodeSetOf(encodeInteger(300), encodeInteger(5), encodeNull()), '310902010502' + '02012c0500'],
    ];
    for (const [actual, expected] of cases) assert.equal(hex(actual), expected);
  });

  it('writes lengths of every size', () => {
    const sizes = [
      [0, '0400'],
      [127, '047f'],
      [128, '048180'],
      [255, '0481ff'],
      [256, '04820100'],
      [65535, '0482ffff'],
      [65536, '0483010000'],
    ] as const;
    for (const [size, head] of sizes) {
      const element = encodeOctetString(new Uint8Array(size));
      assert.equal(hex(element.subarray(0, element.length - size)), head);
      assert.equal(contentOf(parseBer(element)).length, size);
    }
  });

  it('refuses what no element can hold', () => {
    assert.throws(() => encodeInteger(-1), RangeError);
    assert.throws(() => encodeInteger(1.5), RangeError);
    assert.throws(() => encodeOid('1'), RangeError);
    assert.throws(() => encodeOid('1.x'), RangeError);
    assert.throws(() => encodePrintableString('a*b'), RangeError);
  });
});

describe('BER reader', () => {
  it('reads indefinite lengths, nested, and strings in chunks', () => {
    const element = parse('3080' + '2480' + '040161' + '04026263' + '0000' + '0500' + '0000' + 'ff');
    assert.equal(element.end, 17);
    assert.equal(element.children.length, 2);
    assert.equal(Buffer.from(readOctets(element.children[0] ?? element)).toString(), 'abc');
    assert.equal(hex(encodeDefinite(element)), '300b' + '2407' + '04016104026263' + '0500');
  });

  it('reads long forms of lengths and tags', () => {
    assert.equal(parse('0482000161').contentEnd, 5);
    assert.equal(parse('1f2100').tag, 0x211f);
    assert.equal(parse('bf8101020500').children.length, 1);
    assert.equal(hex(encodeDefinite(parse('bf8101820002' + '0500'))), 'bf8101020500');
    assert.equal(hex(encodeDefinite(parse('3006' + '04820002' + '6162'))), '3004' + '0402' + '6162');
    assert.equal(hex(encodeDefinite(parse('3004' + '0402' + '6162' + '0500'))), '3004' + '0402' + '6162');
  });

  it('leaves what follows, and tells where it stopped', () => {
    const element = parse('0500ffff');
    assert.equal(hex(encodingOf(element)), '0500');
  });

  const wrongs: Record<string, string> = {
    nothing: '',
    'no length': '30',
    'a length beyond the end': '300205',
    'a child beyond its parent': '30030403616263',
    'an indefinite length without end': '30800500',
    'an indefinite length of a primitive': '0480616200000',
    'a length of many bytes': '3088ffffffffffffffff',
    'a tag of many bytes': '1fffffffff7f00',
  };
  for (const [name, text] of Object.entries(wrongs))
    it(`refuses ${name}`, () => assert.throws(() => parse(text), BerError));

  it('keeps its limits', () => {
    const deep = (levels: number) =>
      Buffer.concat([Buffer.from('3080'.repeat(levels), 'hex'), Buffer.alloc(levels * 2)]);
    assert.ok(parseBer(deep(40)));
    assert.throws(() => parseBer(deep(42)), /nested too deeply/);
    const wide = encodeElement(0x30, Buffer.from('0500'.repeat(100), 'hex'));
    assert.throws(() => parseBer(wide, { depth: 5, elements: 100 }), /too many elements/);
    assert.equal(parseBer(wide, { depth: 5, elements: 101 }).children.length, 100);
  });

  it('reads times in the one form allowed, and no others', () => {
    const utc = (text: string) => readTime(parseBer(encodeElement(0x17, Buffer.from(text))));
    const generalized = (text: string) => readTime(parseBer(encodeElement(0x18, Buffer.from(text))));
    assert.equal(utc('261122010203Z'), Date.UTC(2026, 10, 22, 1, 2, 3));
    assert.equal(utc('500101000000Z'), Date.UTC(1950, 0, 1));
    assert.equal(utc('491231235959Z'), Date.UTC(2049, 11, 31, 23, 59, 59));
    assert.equal(generalized('00500101000000Z'), new Date('0050-01-01T00:00:00Z').getTime());
    for (const text of [
      '2611220102Z',
      '261122010203+0100',
      '261322010203Z',
      '260230000000Z',
      '261122250000Z',
      '',
    ])
      assert.equal(utc(text), undefined, text);
    assert.equal(generalized('20261122010203.5Z'), undefined);
    assert.equal(readTime(parseBer(encodeOctetString(Buffer.from('261122010203Z')))), undefined);
  });

  it('reads object identifiers it can write, and no broken ones', () => {
    for (const oid of ['1.2.840.113549.1.7.2', '2.5.29.35', '0.9.2342.19200300.100.1.1', '2.999.1'])
      assert.equal(readOid(parseBer(encodeOid(oid))), oid);
    for (const text of ['0600', '060188', '0500', `060aff${'ff'.repeat(9)}`])
      assert.equal(readOid(parse(text)), undefined);
  });
});

describe('PEM', () => {
  it('reads what it writes, among other text', () => {
    const der = Buffer.alloc(100, 7);
    const text = `commento\r\n${encodePem('CERTIFICATE', der)}altro\n${encodePem('X509 CRL', der)}${encodePem('CERTIFICATE', Buffer.of(1))}`;
    assert.deepEqual(decodePem('CERTIFICATE', text.replaceAll('\n', '\r\n')).map(hex), [hex(der), '01']);
    assert.ok(text.split('\n').every((line) => line.length <= 64));
  });

  it('gives nothing for text without a whole block', () => {
    assert.deepEqual(decodePem('CERTIFICATE', '-----BEGIN CERTIFICATE-----\nAAAA'), []);
    assert.deepEqual(decodePem('CERTIFICATE', ''), []);
  });
});
