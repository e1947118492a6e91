import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildLdif, LdifError, parseLdif, textOf } from '../../../src/provider-index/ldif.ts';

function parse(text: string) {
  return parseLdif(Buffer.from(text, 'utf8')).map(({ dn, attributes }) => ({
    dn,
    attributes: attributes.map((each) => [[each.type, ...each.options].join(';'), textOf(each)]),
  }));
}

function lineOf(text: string | Buffer): number {
  try {
    parseLdif(typeof text === 'string' ? Buffer.from(text, 'utf8') : text);
  } catch (error) {
    assert.ok(error instanceof LdifError);
    return error.line;
  }
  return assert.fail('accepted');
}

describe('parseLdif reads', () => {
  it('version, comments, folding, several records and blank lines between them', () => {
    const text = [
      'version: 1',
      '# a comment',
      '  that goes on',
      '',
      'dn: o=postacert',
      'objectClass: top',
      'description: Base root for',
      '  the directory',
      '',
      '',
      'dn: providerName=A,o=postacert',
      'managedDomains: a.test',
      'ManagedDomains: b.test',
      '',
    ].join('\n');
    assert.deepEqual(parse(text), [
      {
        dn: 'o=postacert',
        attributes: [
          ['objectclass', 'top'],
          ['description', 'Base root for the directory'],
        ],
      },
      {
        dn: 'providerName=A,o=postacert',
        attributes: [
          ['manageddomains', 'a.test'],
          ['manageddomains', 'b.test'],
        ],
      },
    ]);
  });

  it('the same with CRLF', () => {
    const text = 'dn: o=x\ndescription: uno\n  due\n\ndn: o=y\no: y\n';
    assert.deepEqual(parse(text.replaceAll('\n', '\r\n')), parse(text));
  });

  it('values in base64, in UTF-8, empty, and folded right after the colon', () => {
    const text = 'dn:: bz1wb3N0YQ==\nproviderCertificate;binary::\n AQI\n D\ndescription: è\no:\n x\nl:\n';
    const [record] = parseLdif(Buffer.from(text));
    assert.equal(record?.dn, 'o=posta');
    assert.deepEqual(
      record?.attributes.map(({ type, options, value }) => [
        type,
        options,
        Buffer.from(value).toString('latin1'),
      ]),
      [
        ['providercertificate', ['binary'], '\x01\x02\x03'],
        ['description', [], Buffer.from('è').toString('latin1')],
        ['o', [], 'x'],
        ['l', [], ''],
      ],
    );
  });

  it('a record whose blank line before is missing, a byte order mark, an empty file', () => {
    assert.equal(parse('dn: o=a\no: a\ndn: o=b\no: b\n').length, 2);
    assert.equal(parse('\ufeffdn: o=a\no: a').length, 1);
    assert.deepEqual(parse(''), []);
    assert.deepEqual(parse('version: 1\n'), []);
  });
});

describe('parseLdif refuses, with the line', () => {
  const cases: Record<string, [string | Buffer, number]> = {
    'text that is no attribute': ['dn: o=a\no: a\nhello\n', 3],
    'an attribute before any record': ['version: 1\n\nobjectClass: top\n', 3],
    'another version': ['version: 2\n', 1],
    'a continuation of nothing': [' x\n', 1],
    'a continuation of a blank line': ['dn: o=a\no: a\n\n x\n', 4],
    'broken base64': ['dn: o=a\no:: AQI\n', 2],
    'base64 with other characters': ['dn: o=a\no:: AQ*=\n', 2],
    'a value by URL': ['dn: o=a\no:< file:///etc/passwd\n', 2],
    'a change record': ['dn: o=a\nchangetype: delete\n', 2],
    'a NUL': ['dn: o=a\no: a\0b\n', 2],
    'bytes that are not UTF-8': [Buffer.from('dn: o=\xe8\n', 'latin1'), 1],
    'an attribute name with a space': ['dn: o=a\nobject class: top\n', 2],
  };
  for (const [name, [text, line]] of Object.entries(cases)) it(name, () => assert.equal(lineOf(text), line));
});

describe('buildLdif', () => {
  it('writes what it reads, whatever the values are', () => {
    const values = ['a', '', ' a', 'a ', ':a', '<a', 'à', 'a\nb', '#a', 'x'.repeat(500), 'dn: o=b'];
    const ldif = buildLdif([
      { dn: 'providerName=Società, o=postacert', attributes: values.map((value) => ({ name: 'o', value })) },
      { dn: 'o=b', attributes: [{ name: 'c;binary', value: Uint8Array.of(0, 255, 10) }] },
    ]);
    const [first, second] = parseLdif(ldif);
    assert.equal(first?.dn, 'providerName=Società, o=postacert');
    assert.deepEqual(first?.attributes.map(textOf), values);
    assert.deepEqual([...(second?.attributes[0]?.value ?? [])], [0, 255, 10]);
  });

  it('keeps lines at 76 bytes and characters within ASCII', () => {
    const ldif = Buffer.from(buildLdif([{ dn: 'o=x', attributes: [{ name: 'd', value: 'è'.repeat(300) }] }]));
    assert.ok(
      ldif
        .toString('latin1')
        .split('\n')
        .every((line) => /^[\x20-\x7e]{0,76}$/.test(line)),
    );
  });
});
