import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  domainOf,
  isAddress,
  isDomain,
  normalizeAddress,
  parseAddressList,
  sameAddress,
} from '../../../src/mime/address.ts';

/** `display|address` of each, then the problems. */
const read = (value: string) => {
  const { addresses, problems } = parseAddressList(value);
  return [
    addresses.map(({ display, address }) => (display === undefined ? address : `${display}|${address}`)),
    problems,
  ];
};

describe('parseAddressList reads without a problem', () => {
  const cases: readonly [value: string, expected: readonly string[]][] = [
    ['', []],
    [' a@b.it ', ['a@b.it']],
    ['<a@b.it>', ['a@b.it']],
    ['a@b.it, c@d.it', ['a@b.it', 'c@d.it']],
    ['a@b.it,, ,c@d.it,', ['a@b.it', 'c@d.it']],
    ['Mario Rossi <m@x.it>', ['Mario Rossi|m@x.it']],
    ['"Rossi, Mario" <m@x.it>', ['Rossi, Mario|m@x.it']],
    ['"Per conto di: a@b.it" <posta-certificata@c.it>', ['Per conto di: a@b.it|posta-certificata@c.it']],
    ['Per conto di: a@b.it <posta-certificata@c.it>', ['Per conto di: a@b.it|posta-certificata@c.it']],
    ['"A \\"B\\" \\\\ C" <m@x.it>', ['A "B" \\ C|m@x.it']],
    ['a@b.it <a@b.it>', ['a@b.it|a@b.it']],
    ['m@x.it (Mario Rossi)', ['Mario Rossi|m@x.it']],
    ['Mario (il (vero) Mario) <m@x.it> (casa)', ['Mario|m@x.it']],
    ['m (a) @ (b) x . it', ['b|m@x.it']],
    ['Mario\r\n Rossi\r\n\t<m@x.it>', ['Mario Rossi|m@x.it']],
    ['"john doe"@x.it', ['"john doe"@x.it']],
    ['"john"@x.it', ['john@x.it']],
    ['"a@b"@x.it', ['"a@b"@x.it']],
    ['"a".b."c d"@x.it', ['"a.b.c d"@x.it']],
    ['a@[127.0.0.1]', ['a@[127.0.0.1]']],
    ['a@[IPv6:::1], b@c.it', ['a@[IPv6:::1]', 'b@c.it']],
    ['<@r1.it,@r2.it:a@b.it>, c@d.it', ['a@b.it', 'c@d.it']],
    ['Nome <@r1.it:a@b.it>', ['Nome|a@b.it']],
    ['=?utf-8?Q?Perch=C3=A9?= =?utf-8?Q?_no?= <a@b.it>', ['Perché no|a@b.it']],
    ['"=?iso-8859-1?Q?Citt=E0?=" <a@b.it>', ['Città|a@b.it']],
    ['Citt\xc3\xa0 <a@b.it>', ['Città|a@b.it']],
    ['Citt\xe0 <a@b.it>', ['Città|a@b.it']],
    ['"nome@citt\xc3\xa0.it" <a@citt\xc3\xa0.it>', ['nome@città.it|a@città.it']],
    ['"" <a@b.it>', ['a@b.it']],
    ['a_b+c=d@under_score.it', ['a_b+c=d@under_score.it']],
  ];
  for (const [value, expected] of cases)
    test(JSON.stringify(value), () => assert.deepEqual(read(value), [expected, []]));
});

describe('parseAddressList keeps what it can and says what was wrong', () => {
  const cases: readonly [value: string, expected: readonly string[], problems: readonly string[]][] = [
    ['undisclosed recipients', [], ['no domain in "undisclosed recipients"']],
    ['Rossi, Mario <m@x.it>', ['Mario|m@x.it'], ['no domain in "Rossi"']],
    ['a@b.it; c@d.it', ['a@b.it', 'c@d.it'], ['";" between addresses']],
    ['a@b.it c@d.it', [], ['bad local part in "a@b.it c@d.it"']],
    ['mario rossi@x.it', [], ['bad local part in "mario rossi@x.it"']],
    ['mario "rossi"@x.it', [], ['bad local part in "mario rossi@x.it"']],
    ['mario (c) rossi@x.it', [], ['bad local part in "mario rossi@x.it"']],
    ['@x.it', [], ['bad local part in "@x.it"']],
    ['a@', [], ['no domain in "a@"']],
    ['<>', [], ['no domain in ""']],
    ['a@b..it', [], ['bad domain in "a@b..it"']],
    ['a@.it', [], ['bad domain in "a@.it"']],
    ['a@b it', [], ['bad domain in "a@b it"']],
    ['a@"b.it"', [], ['bad domain in "a@b.it"']],
    [
      'a..b@c.it, .d@e.it',
      ['a..b@c.it', '.d@e.it'],
      ['misplaced dot in "a..b@c.it"', 'misplaced dot in ".d@e.it"'],
    ],
    ['Foo <a@b.it, Bar <c@d.it>', ['Foo|a@b.it', 'Bar|c@d.it'], ['"<" without ">"']],
    ['<<a@b.it>>', ['a@b.it'], []],
    ['<a@b.it> junk, c@d.it', ['a@b.it', 'c@d.it'], ['text after ">"']],
    ['"Foo <a@b.it>, c@d.it', ['"Foo|a@b.it', 'c@d.it'], ['" without "']],
    ['Foo (bar <a@b.it>, c@d.it', ['Foo (bar|a@b.it', 'c@d.it'], ['( without )']],
    ['a@[1.2, c@d.it', ['c@d.it'], ['[ without ]', 'bad domain in "a@[1.2"']],
    ['a\x00b@c.it', [], ['bad local part in "a\\u0000b@c.it"']],
    ['"a\x00b"@c.it', [], ['bad local part in "a\\u0000b@c.it"']],
    ['a@b.it\x00', [], ['bad domain in "a@b.it\\u0000"']],
    ['gruppo: a@b.it', [], ['bad local part in "gruppo: a@b.it"']],
  ];
  for (const [value, expected, problems] of cases)
    test(JSON.stringify(value), () => assert.deepEqual(read(value), [expected, problems]));
});

test('groups know their members, empty ones their place', () => {
  const { addresses, groups, problems } = parseAddressList(
    'x@y.it, =?utf-8?Q?Unit=C3=A0?=: a@b.it, "C" <c@d.it>; , undisclosed-recipients:;, z@y.it',
  );
  assert.deepEqual(
    addresses.map(({ address }) => address),
    ['x@y.it', 'a@b.it', 'c@d.it', 'z@y.it'],
  );
  assert.deepEqual(groups, [
    { name: 'Unità', first: 1, count: 2 },
    { name: 'undisclosed-recipients', first: 3, count: 0 },
  ]);
  assert.deepEqual(problems, []);
});

test('the phrase stays as it stands in the header, for who must pass it on', () => {
  const [address] = parseAddressList('"=?utf-8?Q?Citt=C3=A0?= \\"x\\"" <a@b.it>').addresses;
  assert.equal(address?.phrase, '=?utf-8?Q?Citt=C3=A0?= "x"');
  assert.equal(address?.display, 'Città "x"');
});

test('an encoded name brings in no control characters', () => {
  const [address] = parseAddressList('=?utf-8?Q?a=0D=0ABcc:_b=00?= <a@b.it>').addresses;
  assert.equal(address?.display, 'a Bcc: b');
});

test('local part and domain come apart', () => {
  const [address] = parseAddressList('"john doe"@X.it').addresses;
  assert.deepEqual([address?.local, address?.domain], ['john doe', 'X.it']);
});

test('problems are bounded', () => {
  const { addresses, problems } = parseAddressList(`${'x, '.repeat(5000)}a@b.it`);
  assert.equal(problems.length, 20);
  assert.equal(addresses.length, 1);
});

test('isAddress is what an SMTP path may hold', () => {
  const long = 'a'.repeat(64);
  for (const good of [
    'a@b.it',
    'a.b+c@d-e.f.it',
    "o'neil@x.it",
    '"john doe"@x.it',
    '"a\\"b"@x.it',
    'a@localhost',
    'a@[127.0.0.1]',
    'a@[IPv6:2001:db8::1]',
    `${long}@b.it`,
    'a@xn--citt-0na.it',
  ])
    assert.ok(isAddress(good), good);
  for (const bad of [
    '',
    'a',
    '@b.it',
    'a@',
    'a@b@c.it',
    'a b@c.it',
    'a..b@c.it',
    '.a@c.it',
    'a.@c.it',
    'a@c..it',
    'a@c.it.',
    'a@-c.it',
    'a@c-.it',
    'a@c_d.it',
    '<a@b.it>',
    'a@b.it\r\n',
    'a@b.it\n',
    'a@b.it ',
    'à@b.it',
    'a@città.it',
    'a@[300.0.0.1]',
    'a@[127.0.0.1',
    'a@[IPv6:1.2.3.4]',
    'a@[IPv6:fe80::1%eth0]',
    `${long}b@c.it`,
    `a@${'b.'.repeat(130)}it`,
    `a@${'b'.repeat(64)}.it`,
    '"a@b.it',
    '"a"b"@c.it',
  ])
    assert.ok(!isAddress(bad), bad);
});

test('isDomain takes A-labels only', () => {
  assert.ok(isDomain('pec.example.it') && isDomain('xn--citt-0na.it'));
  assert.ok(!isDomain('città.it') && !isDomain('') && !isDomain('a..it') && !isDomain('a.it.'));
});

test('addresses are normalized for storing', () => {
  assert.equal(normalizeAddress(' Mario.Rossi@PEC.Example.IT '), 'Mario.Rossi@pec.example.it');
  assert.equal(normalizeAddress('a@Città.it'), 'a@xn--citt-3na.it');
  assert.equal(normalizeAddress('a@x.it.'), 'a@x.it');
  assert.equal(normalizeAddress('"mario"@x.it'), 'mario@x.it');
  assert.equal(normalizeAddress('"a\\ b"@x.it'), '"a b"@x.it');
  assert.equal(normalizeAddress('nobody'), 'nobody');
  assert.equal(normalizeAddress('a@x.it?è'), 'a@x.it?è', 'never the domain before the mark');
  assert.equal(normalizeAddress('a@x.it/è'), 'a@x.it/è');
});

test('addresses are the same without regard to case, quotes and domain form', () => {
  assert.ok(sameAddress('Mario@X.it', 'mario@x.IT'));
  assert.ok(sameAddress('"mario"@x.it', 'mario@x.it'));
  assert.ok(sameAddress('a@città.it', 'a@xn--citt-3na.it'));
  assert.ok(!sameAddress('mario@x.it', 'maria@x.it'));
  assert.ok(!sameAddress('a@x.it', 'a@y.it'));
});

test('domainOf gives the comparable domain', () => {
  assert.equal(domainOf('"a@b"@C.it'), 'c.it');
  assert.equal(domainOf('nobody'), '');
});
