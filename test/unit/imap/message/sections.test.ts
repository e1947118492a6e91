import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { locateSection, type SectionText } from '../../../../src/imap/message/sections.ts';
import { Arguments } from '../../../../src/imap/wire/arguments.ts';
import { readFetchItems } from '../../../../src/imap/wire/fetch-items.ts';
import { SyntaxProblem } from '../../../../src/imap/wire/syntax.ts';
import { scanMessage } from '../../../../src/mime/part-scanner.ts';
import { readMessage } from '../../../support/imap-transcript.ts';

const pec = readMessage('pec.eml');
const tree = scanMessage(pec);

function section(path: string, text?: SectionText): string | undefined {
  const numbers = path === '' ? [] : path.split('.').map(Number);
  const span = locateSection(tree, { path: numbers, text, fields: undefined });
  return span && pec.subarray(span.start, span.end).toString('latin1');
}

describe('sections', () => {
  it('covers the message: header and text are the whole', () => {
    assert.equal(`${section('', 'HEADER')}${section('', 'TEXT')}`, pec.toString('latin1'));
    assert.equal(section(''), pec.toString('latin1'));
    assert.equal(`${section('1.3', 'HEADER')}${section('1.3', 'TEXT')}`, section('1.3'));
  });

  it('finds the original of a PEC, and the message in it', () => {
    assert.match(section('1.3') ?? '', /^From: mario\.rossi@alfa\.test\r\n/);
    assert.equal(section('1.3.2.1'), 'Dentro al dentro.');
    assert.equal(section('1.3.2', 'TEXT'), 'Dentro al dentro.');
  });

  it('finds nothing where nothing is', () => {
    for (const path of ['3', '1.4', '1.2.1', '1.1.1.1', '1.3.2.1.1', '1.3.2.2', '2.1']) {
      assert.equal(section(path), undefined, path);
    }
    for (const path of ['1', '1.1', '1.2', '1.3.1']) assert.equal(section(path, 'HEADER'), undefined, path);
  });

  it('takes a message as the only part of a message', () => {
    const bytes = Buffer.from(
      'Content-Type: message/rfc822\r\n\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nfondo',
    );
    const root = scanMessage(bytes);
    const at = (path: number[], text?: SectionText) => {
      const span = locateSection(root, { path, text, fields: undefined });
      return span && bytes.subarray(span.start, span.end).toString();
    };
    assert.equal(at([1], 'HEADER'), 'Content-Type: message/rfc822\r\n\r\n');
    assert.equal(at([1, 1], 'HEADER'), 'Subject: x\r\n\r\n');
    assert.equal(at([1, 1, 1]), 'fondo');
    assert.equal(at([1, 1, 1, 1]), undefined);
  });
});

describe('the grammar of FETCH items', () => {
  const read = (text: string) => readFetchItems(new Arguments([text]));

  it('reads sections, partials and old names', () => {
    const labels = (text: string) =>
      read(text).map((item) => (item.kind === 'word' ? item.name : item.label));
    assert.deepEqual(labels('(uid body.peek[1.2.mime] BODY[]<5.10> rfc822.text)'), [
      'UID',
      'BODY[1.2.MIME]',
      'BODY[]<5>',
      'RFC822.TEXT',
    ]);
    assert.deepEqual(labels('BODY[2.header.fields.not (From "a b")]'), [
      'BODY[2.HEADER.FIELDS.NOT (From "a b")]',
    ]);
    assert.deepEqual(labels('(BINARY[1]<0.5> BINARY.SIZE[1.2])'), ['BINARY[1]<0>', 'BINARY.SIZE[1.2]']);
    assert.deepEqual(labels('fast'), ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE']);
  });

  it('refuses what is no item', () => {
    for (const text of [
      'BODY[0]',
      'BODY[1.]',
      'BODY[.1]',
      'BODY[1.0]',
      'BODY[MIME]',
      'BODY[1.FOO]',
      'BODY[TEXT',
      'BODY[]<5>',
      'BODY[]<5.0>',
      'FLAGS[1]',
      'BINARY[1.MIME]',
      '',
    ]) {
      assert.throws(() => read(text), SyntaxProblem, text);
    }
  });
});
