import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildCertificationData, type CertificationData } from '../../../src/pec/certification-data.ts';
import {
  PecFormatError,
  parseCertificationData,
  readFacts,
} from '../../../src/pec/certification-data-reader.ts';
import { certificationErrors, certificationTypes, receiptKinds } from '../../../src/pec/wire-names.ts';

const minimal: CertificationData = {
  type: 'avvenuta-consegna',
  error: 'nessuno',
  sender: 'a@x.it',
  recipients: [
    { address: 'b@y.it', certified: true },
    { address: 'c@z.com', certified: false },
  ],
  replyTo: 'a@x.it',
  subject: 'Oggetto',
  provider: 'Provider S.p.A.',
  time: { day: '21/11/2026', time: '10:11:12', zone: '+0100' },
  identificativo: 'id.1@x.it',
  msgid: '<m@pc>',
  receiptKind: 'completa',
  delivery: 'b@y.it',
  takenInCharge: undefined,
  extendedError: undefined,
};

const loneSurrogate = String.fromCharCode(0xd800);

const write = (changes: Partial<CertificationData> = {}) =>
  Buffer.from(buildCertificationData({ ...minimal, ...changes })).toString('utf8');
const read = (xml: string) => parseCertificationData(Buffer.from(xml, 'utf8'));

test('the file is laid out as pec-wire §6 shows it', () => {
  assert.equal(
    write(),
    `<?xml version="1.0" encoding="UTF-8"?>
<postacert tipo="avvenuta-consegna" errore="nessuno">
    <intestazione>
        <mittente>a@x.it</mittente>
        <destinatari tipo="certificato">b@y.it</destinatari>
        <destinatari tipo="esterno">c@z.com</destinatari>
        <risposte>a@x.it</risposte>
        <oggetto>Oggetto</oggetto>
    </intestazione>
    <dati>
        <gestore-emittente>Provider S.p.A.</gestore-emittente>
        <data zona="+0100">
            <giorno>21/11/2026</giorno>
            <ora>10:11:12</ora>
        </data>
        <identificativo>id.1@x.it</identificativo>
        <msgid>&lt;m@pc&gt;</msgid>
        <ricevuta tipo="completa"/>
        <consegna>b@y.it</consegna>
    </dati>
</postacert>
`,
  );
});

test('markup in texts is escaped, ]]> too; what XML cannot hold is dropped', () => {
  const subject = `a]]>b & <c> "d" \u0000\u0008\uffff${loneSurrogate}\u{1f600}`;
  const xml = write({ subject });
  assert.ok(xml.includes('<oggetto>a]]&gt;b &amp; &lt;c&gt; &quot;d&quot; \u{1f600}</oggetto>'), xml);
});

test('an absent msgid leaves the element out; risposte and oggetto always stand there', () => {
  const xml = write({ msgid: undefined, subject: '' });
  assert.ok(!xml.includes('msgid'));
  assert.ok(xml.includes('<oggetto></oggetto>'));
});

/** The content models of the DTD in RFC 6109 §4.4, as patterns over the names of children. */
function readDtd() {
  const dtd = readFileSync(join(import.meta.dirname, '../../fixtures/postacert.dtd'), 'utf8');
  const models = new Map<string, RegExp>();
  for (const [, name = '', model = ''] of dtd.matchAll(/<!ELEMENT\s+([\w-]+)\s+(\([^)]*\)|EMPTY)\s*>/g)) {
    const isLeaf = model === 'EMPTY' || model.includes('#PCDATA');
    const children = model
      .slice(1, -1)
      .split(',')
      .map((one) => one.trim().replace(/^([\w-]+)([?*+]?)$/, '(?:$1 )$2'));
    models.set(name, isLeaf ? /^$/ : new RegExp(`^${children.join('')}$`));
  }
  const values = new Map<string, readonly string[]>();
  for (const [, element = '', attributes = ''] of dtd.matchAll(/<!ATTLIST\s+([\w-]+)\s([^>]*)>/g)) {
    for (const [, attribute = '', list = ''] of attributes.matchAll(/([\w-]+)\s+\(([^)]*)\)/g))
      values.set(
        `${element} ${attribute}`,
        list.split('|').map((value) => value.trim()),
      );
  }
  return { models, values };
}

/** What an XML validator would say, for files as regular as ours. */
function validate(xml: string, { models, values }: ReturnType<typeof readDtd>): void {
  const stack: { name: string; children: string }[] = [{ name: '', children: '' }];
  for (const [, close, name = '', attributes = '', empty] of xml.matchAll(
    /<(\/?)([\w-]+)((?:\s[\w-]+="[^"]*")*)(\/?)>/g,
  )) {
    if (close === '/') {
      const done = stack.pop();
      assert.equal(done?.name, name);
      assert.match(done?.children ?? '', models.get(name) ?? /^never$/, name);
      continue;
    }
    assert.ok(models.has(name), name);
    for (const [, attribute = '', value = ''] of attributes.matchAll(/([\w-]+)="([^"]*)"/g)) {
      const allowed = values.get(`${name} ${attribute}`);
      if (allowed !== undefined) assert.ok(allowed.includes(value), `${name} ${attribute}="${value}"`);
    }
    const parent = stack.at(-1);
    if (parent !== undefined) parent.children += `${name} `;
    if (empty !== '/') stack.push({ name, children: '' });
  }
  assert.equal(stack.length, 1);
}

test('every type, error and option validates against the DTD of RFC 6109 §4.4', () => {
  const dtd = readDtd();
  assert.deepEqual([...dtd.models.keys()].length, 17);
  assert.deepEqual([...certificationTypes].sort(), [...(dtd.values.get('postacert tipo') ?? [])].sort());
  assert.deepEqual([...certificationErrors].sort(), [...(dtd.values.get('postacert errore') ?? [])].sort());
  for (const type of certificationTypes) {
    for (const error of certificationErrors) {
      validate(write({ type, error, extendedError: 'x', takenInCharge: ['b@y.it', 'd@y.it'] }), dtd);
      validate(write({ type, error, receiptKind: undefined, delivery: undefined, msgid: undefined }), dtd);
    }
  }
  for (const wrong of [
    write().replace(/ *<risposte>.*\n/, ''),
    write().replace('tipo="completa"', 'tipo="lunga"'),
    write().replace(/( *<ricevuta.*\n)( *<consegna>.*\n)/, '$2$1'),
  ])
    assert.throws(() => validate(wrong, dtd), assert.AssertionError);
});

/** Anything JavaScript can hold in a string: unassigned code points and lone surrogates too. */
const anyText = fc.string({
  unit: fc.integer({ max: 0x10ffff, min: 0 }).map((code) => String.fromCodePoint(code)),
});
const hostile = fc.oneof(
  anyText,
  fc.stringMatching(/^[\]>&<"'\r\n\t;#x0-9a-f ]{0,30}$/),
  fc.constantFrom('</oggetto>', '<![CDATA[x]]>', '&lt;', '&#13;', '<!-- x -->', loneSurrogate, '\r\n'),
);
/** What stands between other values has no white space of its own at its ends. */
const trimmedText = hostile.map((text) => `.${text}.`);
const representable = (text: string) =>
  text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '');

test('what is written is read back, for any text', () => {
  const record = fc.record({
    type: fc.constantFrom(...certificationTypes),
    error: fc.constantFrom(...certificationErrors),
    sender: trimmedText,
    recipients: fc.array(fc.record({ address: trimmedText, certified: fc.boolean() }), { minLength: 1 }),
    replyTo: trimmedText,
    subject: hostile,
    provider: trimmedText,
    time: fc.constant(minimal.time),
    identificativo: trimmedText,
    msgid: fc.option(trimmedText, { nil: undefined }),
    receiptKind: fc.option(fc.constantFrom(...receiptKinds), { nil: undefined }),
    delivery: fc.option(trimmedText, { nil: undefined }),
    takenInCharge: fc.option(fc.array(trimmedText, { minLength: 1 }), { nil: undefined }),
    extendedError: fc.option(trimmedText, { nil: undefined }),
  });
  fc.assert(
    fc.property(record, (data) => {
      const expected = JSON.parse(JSON.stringify(data), (_, value) =>
        typeof value === 'string' ? representable(value) : value,
      );
      const back = parseCertificationData(buildCertificationData(data));
      assert.deepEqual(JSON.parse(JSON.stringify(back)), expected);
    }),
    { numRuns: 300 },
  );
});

test('the facts of a certification; the sender stands for an empty risposte', () => {
  assert.deepEqual(readFacts(read(write({ replyTo: '' }))), {
    identificativo: 'id.1@x.it',
    msgid: '<m@pc>',
    sender: 'a@x.it',
    recipients: minimal.recipients,
    replyTo: 'a@x.it',
    subject: 'Oggetto',
  });
});

const lenient: [what: string, change: (xml: string) => string, expected: Partial<CertificationData>][] = [
  ['CRLF and blank lines', (xml) => `\r\n${xml.replaceAll('\n', '\r\n')}\r\n\r\n`, {}],
  ['a byte order mark', (xml) => `\ufeff${xml}`, {}],
  ['an unescaped msgid', (xml) => xml.replace('&lt;m@pc&gt;', '<m@pc>'), {}],
  ['an unescaped msgid like a tag', (xml) => xml.replace('&lt;m@pc&gt;', '<data>'), { msgid: '<data>' }],
  ['CDATA', (xml) => xml.replace('>Oggetto<', '><![CDATA[a<b]]>&amp;c<'), { subject: 'a<b&c' }],
  ['comments', (xml) => xml.replace('>Oggetto<', '>Og<!-- x -->getto<!-- y<'), { subject: 'Oggetto<!-- y' }],
  ['white space around values', (xml) => xml.replace('>id.1@x.it<', '>\n  id.1@x.it\n  <'), {}],
  ['angle brackets around the identifier', (xml) => xml.replace('>id.1@x.it<', '>&lt;id.1@x.it&gt;<'), {}],
  ['empty risposte', (xml) => xml.replace('<risposte>a@x.it</risposte>', '<risposte/>'), { replyTo: '' }],
  ['no risposte', (xml) => xml.replace('<risposte>a@x.it</risposte>', ''), { replyTo: '' }],
  ['no oggetto', (xml) => xml.replace('<oggetto>Oggetto</oggetto>', ''), { subject: '' }],
  ['tipo left to its default', (xml) => xml.replace(' tipo="certificato"', ''), {}],
  ['errore left to its default', (xml) => xml.replace(' errore="nessuno"', ''), {}],
  ['an unknown errore', (xml) => xml.replace('"nessuno"', '"boh"'), { error: 'altro' }],
  ['other quotes and blanks', (xml) => xml.replace('tipo="completa"/', "tipo = 'completa' /"), {}],
  ['a receipt element with an end tag', (xml) => xml.replace('"completa"/>', '"completa"></ricevuta>'), {}],
  ['elements of other providers', (xml) => xml.replace('<dati>', '<dati><extra a="b">c<d/></extra>'), {}],
  ['a document type without declarations', (xml) => xml.replace('?>', '?><!DOCTYPE postacert>'), {}],
  [
    'decimal references',
    (xml) => xml.replace('>Oggetto<', '>&#232;&#x1F600;&nbsp;&<'),
    { subject: 'è😀&nbsp;&' },
  ],
];

for (const [what, change, expected] of lenient) {
  test(`a reader takes ${what}`, () => {
    assert.deepEqual(read(change(write())), { ...minimal, ...expected });
  });
}

test('a reader takes the other character set that is met', () => {
  const xml = write({ subject: 'è' }).replace('UTF-8', 'ISO-8859-1');
  assert.equal(parseCertificationData(Buffer.from(xml, 'latin1')).subject, 'è');
});

const wrong: [what: string, change: (xml: string) => string][] = [
  ['nothing', () => ''],
  ['another root', (xml) => xml.replaceAll('postacert', 'altro')],
  ['two roots', (xml) => xml + xml.slice(xml.indexOf('<postacert'))],
  ['an unknown tipo', (xml) => xml.replace('avvenuta-consegna', 'avvenuta')],
  ['no tipo', (xml) => xml.replace('tipo="avvenuta-consegna" ', '')],
  ['no sender', (xml) => xml.replace('<mittente>a@x.it</mittente>', '')],
  ['two senders', (xml) => xml.replace('<risposte>', '<mittente>x@y.it</mittente><risposte>')],
  ['no recipients', (xml) => xml.replace(/ *<destinatari.*\n/g, '')],
  ['no identifier', (xml) => xml.replace(/<identificativo>.*<\/identificativo>/, '')],
  ['an empty identifier', (xml) => xml.replace('>id.1@x.it<', '> <')],
  ['two deliveries', (xml) => xml.replace('</consegna>', '</consegna><consegna>x@y.it</consegna>')],
  ['no time', (xml) => xml.replace('<ora>10:11:12</ora>', '')],
  ['a missing end', (xml) => xml.replace('</dati>', '')],
  ['half the file', (xml) => xml.slice(0, xml.length / 2)],
  ['crossed elements', (xml) => xml.replace('</intestazione>', '</dati>')],
  ['entity declarations', (xml) => xml.replace('?>', '?><!DOCTYPE p [<!ENTITY a "b">]>')],
  ['a comment without end', (xml) => xml.replace('<dati>', '<!-- <dati>')],
];

for (const [what, change] of wrong) {
  test(`a reader refuses ${what}`, () => {
    assert.throws(() => read(change(write())), PecFormatError);
  });
}
