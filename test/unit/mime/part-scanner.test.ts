import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fromLatin1 } from '../../../src/lib/bytes.ts';
import type { MessagePart } from '../../../src/mime/message-part.ts';
import { PartScanner, scanMessage } from '../../../src/mime/part-scanner.ts';

/** The tree as text: type, header, body and lines of each part, children indented, an enclosed message marked. */
function outline(text: string, part: MessagePart = scan(text), indent = ''): string[] {
  const show = (from: number, to: number) => JSON.stringify(text.slice(from, to));
  const own = `${indent}${part.type}/${part.subtype} ${show(part.headerStart, part.bodyStart)} ${show(part.bodyStart, part.bodyEnd)} ${part.lines}${part.truncated ? ' truncated' : ''}`;
  const children = part.children.flatMap((child) => outline(text, child, `${indent}  `));
  return [own, ...children, ...(part.message ? outline(text, part.message, `${indent}> `) : [])];
}

/** Scanned whole and a byte at a time: always the same. */
function scan(text: string): MessagePart {
  const bytes = fromLatin1(text);
  const whole = scanMessage(bytes);
  const scanner = new PartScanner();
  for (const byte of bytes) scanner.push(Uint8Array.of(byte));
  assert.deepEqual(scanner.end(), whole);
  return whole;
}

const crlf = (...lines: readonly string[]) => lines.join('\r\n');
const leaves = (text: string) => outline(text).slice(1);

test('a plain message', () => {
  assert.deepEqual(outline('Subject: x\r\n\r\none\r\ntwo\r\n'), [
    'text/plain "Subject: x\\r\\n\\r\\n" "one\\r\\ntwo\\r\\n" 2',
  ]);
  assert.deepEqual(outline('\r\none\r\ntwo'), ['text/plain "\\r\\n" "one\\r\\ntwo" 2']);
});

test('no body, no header, nothing', () => {
  assert.deepEqual(outline('A: b\r\n\r\n'), ['text/plain "A: b\\r\\n\\r\\n" "" 0']);
  assert.deepEqual(outline('A: b\r\n'), ['text/plain "A: b\\r\\n" "" 0']);
  assert.deepEqual(outline('A: b'), ['text/plain "A: b" "" 0']);
  assert.deepEqual(outline(''), ['text/plain "" "" 0']);
});

test('preamble and epilogue belong to no part; the CRLF before a boundary to the boundary', () => {
  const text = crlf(
    'Content-Type: multipart/mixed; boundary=b',
    '',
    'preamble',
    '--b',
    'Content-Type: text/html',
    '',
    'one',
    '',
    '--b  ',
    '',
    'two',
    '--b--',
    'epilogue',
    '--b',
    'still epilogue',
  );
  const [root, ...parts] = outline(text);
  assert.ok(root?.endsWith('still epilogue" 13'));
  assert.deepEqual(parts, [
    '  text/html "Content-Type: text/html\\r\\n\\r\\n" "one\\r\\n" 1',
    '  text/plain "\\r\\n" "two" 1',
  ]);
});

test('parts without header, body, or anything: the blank line too may belong to the boundary', () => {
  const text = crlf(
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    '--b',
    '',
    '--b',
    'X: y',
    '--b',
    'X: y',
    '',
    '--b',
    '',
    '',
    '--b--',
    '',
  );
  assert.deepEqual(leaves(text), [
    '  text/plain "" "" 0',
    '  text/plain "" "" 0',
    '  text/plain "X: y" "" 0',
    '  text/plain "X: y\\r\\n" "" 0',
    '  text/plain "\\r\\n" "" 0',
  ]);
});

test('the last boundary may lack its line end, the message its last boundary', () => {
  const head = crlf('Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'one');
  assert.deepEqual(leaves(`${head}\r\n--b--`), ['  text/plain "\\r\\n" "one" 1']);
  assert.deepEqual(leaves(`${head}\r\n--b`), ['  text/plain "\\r\\n" "one" 1', '  text/plain "" "" 0']);
  assert.deepEqual(leaves(`${head}\r\n`), ['  text/plain "\\r\\n" "one\\r\\n" 1']);
  assert.deepEqual(leaves(`${head}\r\n--b-`), ['  text/plain "\\r\\n" "one\\r\\n--b-" 2']);
  assert.deepEqual(leaves(`${head}\r\n-`), ['  text/plain "\\r\\n" "one\\r\\n-" 2']);
});

test('LF alone, and LF mixed with CRLF', () => {
  const text =
    'Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\r\n\r\ntwo\r\n--b\n\nthree\n\n--b--\n';
  assert.deepEqual(leaves(text), [
    '  text/plain "\\n" "one" 1',
    '  text/plain "\\r\\n" "two" 1',
    '  text/plain "\\n" "three\\n" 1',
  ]);
});

test('a bare CR ends no line and begins no boundary', () => {
  const text = crlf('Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'a\r--b--\rb', '--b--', '');
  assert.deepEqual(leaves(text), ['  text/plain "\\r\\n" "a\\r--b--\\rb" 1']);
});

test('only the whole line is a boundary', () => {
  const text = crlf(
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    '',
    ' --b',
    '--bb',
    '--b-',
    '--b--x',
    '--B',
    '-- b',
    '--',
    '----',
    '---b',
    '--b--',
  );
  assert.equal(scan(text).children.length, 1);
  assert.equal(scan(text).children[0]?.lines, 9);
});

test('a boundary that is the beginning of another, both ways', () => {
  for (const [outer, inner] of [
    ['b', 'bb'],
    ['bb', 'b'],
    ['b', 'b--'],
    ['b', 'b-'],
  ] as const) {
    const text = crlf(
      `Content-Type: multipart/mixed; boundary="${outer}"`,
      '',
      `--${outer}`,
      `Content-Type: multipart/alternative; boundary="${inner}"`,
      '',
      `--${inner}`,
      '',
      'one',
      `--${inner}`,
      '',
      'two',
      `--${inner}--`,
      `--${outer}`,
      '',
      'three',
      `--${outer}--`,
    );
    const [root, ...parts] = outline(text);
    assert.ok(root?.startsWith('multipart/mixed'));
    assert.deepEqual(parts.slice(1), [
      '    text/plain "\\r\\n" "one" 1',
      '    text/plain "\\r\\n" "two" 1',
      '  text/plain "\\r\\n" "three" 1',
    ]);
  }
});

test('an outer boundary ends inner multiparts that were never closed', () => {
  const text = crlf(
    'Content-Type: multipart/mixed; boundary=o',
    '',
    '--o',
    'Content-Type: multipart/mixed; boundary=i',
    '',
    '--i',
    '',
    'one',
    '--o',
    '',
    '--i',
    'two',
    '--o--',
  );
  assert.deepEqual(leaves(text), [
    '  multipart/mixed "Content-Type: multipart/mixed; boundary=i\\r\\n\\r\\n" "--i\\r\\n\\r\\none" 3',
    '    text/plain "\\r\\n" "one" 1',
    '  text/plain "\\r\\n" "--i\\r\\ntwo" 2',
  ]);
});

test('the same boundary inside and outside means the innermost until that is closed', () => {
  const inside = ['Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'one', '--b--'];
  const text = crlf(
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    ...inside,
    '--b',
    '',
    'two',
    '--b--',
  );
  const tree = scan(text);
  assert.deepEqual(
    tree.children.map((part) => [part.subtype, part.children.length]),
    [
      ['mixed', 1],
      ['plain', 0],
    ],
  );
});

test('an enclosed message in a multipart in an enclosed message: all offsets count from the first byte', () => {
  const deepest = crlf('Subject: deepest', 'Content-Type: text/html', '', 'deep', 'text');
  const middle = crlf(
    'Subject: middle',
    'Content-Type: multipart/mixed; boundary=m',
    '',
    '--m',
    'Content-Type: message/rfc822',
    '',
    deepest,
    '--m--',
    'after',
  );
  const text = crlf(
    'Content-Type: multipart/mixed; boundary=o',
    '',
    '--o',
    'Content-Type: message/rfc822; name=postacert.eml',
    '',
    middle,
    '--o--',
    '',
  );
  const enclosed = scan(text).children[0]?.message;
  assert.equal(text.slice(enclosed?.headerStart, enclosed?.bodyEnd), middle);
  assert.equal(enclosed?.headerStart, text.indexOf('Subject: middle'));
  const inner = enclosed?.children[0]?.message;
  assert.equal(text.slice(inner?.headerStart, inner?.bodyEnd), deepest);
  assert.equal(text.slice(inner?.bodyStart, inner?.bodyEnd), 'deep\r\ntext');
  assert.deepEqual([inner?.lines, enclosed?.children[0]?.lines, enclosed?.lines], [2, 5, 10]);
});

test('enclosed messages that end too early', () => {
  const at = (...lines: readonly string[]) =>
    leaves(crlf('Content-Type: multipart/digest; boundary=b', '', '--b', ...lines, '--b--', ''));
  assert.deepEqual(at('', 'Subject: x'), [
    '  message/rfc822 "\\r\\n" "Subject: x" 1',
    '  > text/plain "Subject: x" "" 0',
  ]);
  assert.deepEqual(at('', ''), ['  message/rfc822 "\\r\\n" "" 0', '  > text/plain "" "" 0']);
  assert.deepEqual(at(''), ['  message/rfc822 "" "" 0', '  > text/plain "" "" 0']);
  assert.deepEqual(at('X: y'), ['  message/rfc822 "X: y" "" 0', '  > text/plain "" "" 0']);
  assert.deepEqual(leaves('Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\nx'), [
    '> text/plain "A: b\\r\\n\\r\\n" "x" 1',
  ]);
});

describe('types and encodings', () => {
  const typeOf = (header: string) => {
    const part = scan(`${header}\r\n\r\nbody`);
    return `${part.type}/${part.subtype} ${part.transferEncoding}`;
  };

  test('defaults, also for broken fields', () => {
    assert.equal(typeOf('A: b'), 'text/plain 7bit');
    assert.equal(typeOf('Content-Type: text'), 'text/plain 7bit');
    assert.equal(typeOf('content-type: IMAGE/Png\r\nCONTENT-TRANSFER-ENCODING: Base64'), 'image/png base64');
  });

  test('the first of two fields counts', () => {
    assert.equal(typeOf('Content-Type: text/html\r\nContent-Type: image/png'), 'text/html 7bit');
  });

  test('in a digest only a missing type means a message', () => {
    const text = crlf(
      'Content-Type: multipart/digest; boundary=b',
      '',
      '--b',
      '',
      'A: b',
      '',
      'x',
      '--b',
      'Content-Type: broken',
      '',
      'x',
      '--b--',
    );
    assert.deepEqual(
      scan(text).children.map((part) => [part.type, part.message?.fields]),
      [
        ['message', [['A', ' b']]],
        ['text', undefined],
      ],
    );
  });

  test('a message in base64 shows nothing of its inside; an unknown encoding hides nothing', () => {
    const enclosing = (encoding: string) =>
      scan(`Content-Type: message/rfc822\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\nA: b\r\n\r\nx`);
    for (const encoding of ['base64', 'quoted-printable'])
      assert.equal(enclosing(encoding).message, undefined);
    for (const encoding of ['7bit', '8bit', 'binary', '7-bit', 'nonsense'])
      assert.equal(enclosing(encoding).message?.fields.length, 1, encoding);
  });

  test('a multipart without a boundary has no parts', () => {
    for (const type of ['multipart/mixed', 'multipart/mixed; boundary=""', 'multipart/mixed; boundary=" "'])
      assert.deepEqual(scan(`Content-Type: ${type}\r\n\r\n--\r\n\r\nx\r\n----\r\n`).children, []);
  });

  test('a multipart shows its parts whatever encoding it claims', () => {
    const text = crlf(
      'Content-Type: multipart/mixed; boundary=b',
      'Content-Transfer-Encoding: base64',
      '',
      '--b',
      '',
      'x',
    );
    assert.equal(scan(text).children.length, 1);
  });

  test('boundaries that need decoding', () => {
    for (const [parameter, line] of [
      ['boundary="a b"', '--a b'],
      ['boundary="a\\"b"', '--a"b'],
      ["boundary*=us-ascii''a%20b", '--a b'],
      ['boundary*0=a; boundary*1=b', '--ab'],
      ['boundary="\xc3\xa8"', '--\xc3\xa8'],
      ['boundary="\xe8"', '--\xe8'],
      ['boundary="padded  "', '--padded'],
    ] as const)
      assert.equal(
        scan(`Content-Type: multipart/mixed; ${parameter}\r\n\r\n${line}\r\n\r\nx`).children.length,
        1,
        parameter,
      );
  });
});

test('fields keep their order, folding and 8-bit bytes', () => {
  assert.deepEqual(scan('A: b\r\n c\r\nbroken\r\nd:\xe8\r\n\r\n').fields, [
    ['A', ' b\r\n c'],
    ['', 'broken'],
    ['d', '\xe8'],
  ]);
});

test('the tree is plain JSON', () => {
  const tree = scan(
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: inline\r\n\r\nx',
  );
  assert.deepEqual(JSON.parse(JSON.stringify(tree)).children[0].disposition, {
    type: 'inline',
    parameters: {},
  });
});
