import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { scanMessage } from '../../../src/mime/part-scanner.ts';
import {
  ContentInspector,
  checkAttachments,
  describeWarnings,
  defaultForbiddenExtensions as extensions,
  findForbiddenNames,
  findPartsToInspect,
  inspectContent,
  isForbiddenName,
  readZipDirectory,
} from '../../../src/pec/attachment-rules.ts';

interface Member {
  readonly name: string;
  readonly content: Buffer;
  /** What deflating the content gives, where it is known. */
  readonly deflated?: Buffer;
  readonly stored?: boolean;
  readonly encrypted?: boolean;
}

/** A ZIP archive as APPNOTE describes it, made by hand: no library writes the odd ones. */
function zip(members: readonly Member[], before = Buffer.alloc(0)): Buffer {
  const locals: Buffer[] = [before];
  const central: Buffer[] = [];
  let offset = before.length;
  for (const { name, content, deflated, stored = false, encrypted = false } of members) {
    const data = stored ? content : (deflated ?? deflateRawSync(content));
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(encrypted ? 1 : 0, 2);
    common.writeUInt16LE(stored ? 0 : 8, 4);
    common.writeUInt32LE(data.length, 14);
    common.writeUInt32LE(content.length, 18);
    common.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), common, Buffer.from(name), data]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    central.push(
      Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 0]), common, rest, Buffer.from(name)]),
    );
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(members.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

function tar(members: readonly Member[]): Buffer {
  const blocks = members.flatMap(({ name, content }) => {
    const header = Buffer.alloc(512);
    header.write(name);
    header.write(content.length.toString(8).padStart(11, '0'), 124);
    header.write('0', 156);
    header.write('ustar', 257);
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function rar4(names: readonly string[], headFlags = 0): Buffer {
  const block = (type: number, flags: number, body: Buffer) => {
    const head = Buffer.alloc(7);
    head[2] = type;
    head.writeUInt16LE(flags, 3);
    head.writeUInt16LE(7 + body.length, 5);
    return Buffer.concat([head, body]);
  };
  const files = names.map((name) => {
    const body = Buffer.alloc(25);
    body.writeUInt16LE(name.length, 19);
    return block(0x74, 0, Buffer.concat([body, Buffer.from(name)]));
  });
  const main = block(0x73, headFlags, Buffer.alloc(6));
  return Buffer.concat([Buffer.from('Rar!\x1a\x07\0', 'latin1'), main, ...files]);
}

function rar5(name: string, encrypted = false): Buffer {
  const extra = encrypted ? [2, 1, 0] : [];
  const body = [2, encrypted ? 1 : 0, ...(encrypted ? [extra.length] : [])];
  const file = [0, 0, 0, 0, 1, name.length, ...Buffer.from(name), ...extra];
  const head = Buffer.from([...body, ...file]);
  return Buffer.concat([
    Buffer.from('Rar!\x1a\x07\x01\0', 'latin1'),
    Buffer.from([0, 0, 0, 0, head.length]),
    head,
  ]);
}

const program = Buffer.concat([Buffer.from('MZ\x90\0\x03\0', 'latin1'), Buffer.alloc(200)]);
const text = Buffer.from('testo innocuo\n');
const inspect = (name: string, bytes: Uint8Array) => inspectContent({ name, bytes, extensions });

const names: [name: string, forbidden: boolean][] = [
  ['programma.exe', true],
  ['PROGRAMMA.EXE', true],
  ['fattura.pdf.exe', true],
  ['fattura.exe.pdf', false],
  ['fattura.exe.', true],
  ['fattura.exe . ', true],
  ['cartella\\fattura.scr', true],
  ['/tmp/fattura.js', true],
  ['fattura.exe\0.pdf', true],
  ['fattura.pdf\0.exe', true],
  ['fattura.exe::$DATA', true],
  ['fattura.exe.p7m', true],
  ['fattura.xml.p7m', false],
  ['fattura.exe.p7m.tsd', true],
  // The override makes it look like "fattura_exe.pdf".
  ['fattura_\u202efdp.exe', true],
  ['fattura.e\u200bxe', true],
  ['fattura．ｅｘｅ', true],
  ['exe', false],
  ['.exe', true],
  ['relazione.docx', false],
  ['', false],
  ['.', false],
];

for (const [name, forbidden] of names) {
  test(`name ${JSON.stringify(name)} is ${forbidden ? 'forbidden' : 'allowed'}`, () => {
    assert.equal(isForbiddenName(name, extensions), forbidden);
  });
}

test('all extensions of the rule are in the list, and only those of the list are forbidden', () => {
  assert.equal(extensions.length, 58);
  assert.equal(isForbiddenName('a.exe', ['bat']), false);
  assert.deepEqual(inspectContent({ name: 'a.txt', bytes: program, extensions: ['bat'] }).forbidden, []);
});

const renamed: [what: string, head: Buffer][] = [
  ['program', program],
  ['shortcut', Buffer.from('4c0000000114020000000000c000000000000046', 'hex')],
  ['compiled help', Buffer.from('ITSF\x03\0\0\0\x60', 'latin1')],
  ['class file', Buffer.from('cafebabe00000041002b', 'hex')],
  ['registry file', Buffer.from('\ufeffWindows Registry Editor Version 5.00\r\n', 'utf16le')],
  ['internet shortcut', Buffer.from('[InternetShortcut]\r\nURL=file://x\r\n')],
  ['mail store', Buffer.from('!BDN0000')],
];

for (const [what, head] of renamed) {
  test(`a renamed ${what} is found by its content`, () => {
    assert.deepEqual(inspect('fattura.pdf', head).forbidden, ['fattura.pdf']);
  });
}

test('what only looks like a program is left alone', () => {
  assert.deepEqual(
    inspect('note.txt', Buffer.from('MZ sono le mie iniziali, e scrivo lettere.')).forbidden,
    [],
  );
  // A universal binary of macOS begins like a class file.
  assert.deepEqual(inspect('x', Buffer.from('cafebabe0000000200000007', 'hex')).forbidden, []);
});

test('an archive: forbidden names, renamed programs, nested archives of each kind', () => {
  const inner = zip([{ name: 'dentro/Script.VBS', content: text }]);
  const archive = zip([
    { name: 'ok.txt', content: text },
    { name: 'foto.jpg', content: program },
    { name: 'inner.zip', content: inner, stored: true },
    { name: 'nome.dat', content: gzipSync(tar([{ name: 'x.bat', content: text }])) },
    { name: 'altro.rar', content: rar4(['y.cmd', 'z.txt']) },
    { name: 'nuovo.rar', content: rar5('w.pif') },
  ]);
  const report = inspect('documenti.zip', archive);
  assert.deepEqual(report, {
    forbidden: [
      'documenti.zip/foto.jpg',
      'documenti.zip/inner.zip/dentro/Script.VBS',
      'documenti.zip/nome.dat/x.bat',
      'documenti.zip/altro.rar/y.cmd',
      'documenti.zip/nuovo.rar/w.pif',
    ],
    encrypted: [],
    macros: [],
    unread: false,
  });
});

test('gzip: the name under .gz, and .tgz', () => {
  assert.deepEqual(inspect('a.exe.gz', gzipSync(text)).forbidden, ['a.exe']);
  const packed = gzipSync(tar([{ name: 'dir/x.lnk', content: text }]));
  assert.deepEqual(inspect('a.tgz', packed).forbidden, ['a.tar/dir/x.lnk']);
});

test('encrypted archives and macro documents are warned of, not refused', () => {
  const encrypted = inspect('segreto.zip', zip([{ name: 'a.txt', content: text, encrypted: true }]));
  assert.deepEqual([encrypted.encrypted, encrypted.forbidden], [['segreto.zip'], []]);
  assert.deepEqual(inspect('s.rar', rar4([], 0x80)).encrypted, ['s.rar']);
  assert.deepEqual(inspect('s.rar', rar5('a.txt', true)).encrypted, ['s.rar']);
  const macros = inspect('modulo.docm', zip([{ name: 'word/vbaProject.bin', content: text }]));
  assert.deepEqual(macros.macros, ['modulo.docm']);
  const old = Buffer.concat([
    Buffer.from('d0cf11e0a1b11ae1', 'hex'),
    Buffer.alloc(600),
    Buffer.from('_VBA_PROJECT', 'utf16le'),
  ]);
  assert.deepEqual(inspect('vecchio.doc', old).macros, ['vecchio.doc']);
  const warnings = describeWarnings([encrypted, macros]);
  assert.match(warnings[0]?.italian ?? '', /archivi cifrati.*\(segreto\.zip\)/);
  assert.match(warnings[1]?.english ?? '', /macros \(modulo\.docm\)/);
  assert.deepEqual(describeWarnings([inspect('a.txt', text)]), []);
});

test('a jar is one under any name', () => {
  const jar = zip([{ name: 'META-INF/MANIFEST.MF', content: text }]);
  assert.deepEqual(inspect('libreria.zip', jar).forbidden, ['libreria.zip']);
});

test('an enclosed message in any coding: its attachments by name and content, to any depth', () => {
  const innermost = zip([{ name: 'a.hta', content: text }]);
  const message = Buffer.from(
    [
      'From: a@b.it',
      'Content-Type: multipart/mixed; boundary=x',
      '',
      '--x',
      'Content-Type: application/zip; name="b.zip"',
      'Content-Transfer-Encoding: base64',
      '',
      innermost.toString('base64'),
      '--x--',
      '',
    ].join('\r\n'),
  );
  const outer = zip([{ name: 'posta.eml', content: message }]);
  assert.deepEqual(inspect('allegati.zip', outer).forbidden, ['allegati.zip/posta.eml/b.zip/a.hta']);
});

test('names in the part tree, in enclosed PECs too, and which parts to look into', () => {
  const source = Buffer.from(
    [
      'Content-Type: multipart/mixed; boundary=x',
      '',
      '--x',
      'Content-Type: text/plain',
      '',
      'testo',
      '--x',
      'Content-Type: application/pdf; name="innocuo.pdf"',
      'Content-Disposition: attachment; filename="vero.exe"',
      'Content-Transfer-Encoding: base64',
      '',
      'AAAA',
      '--x',
      'Content-Type: message/rfc822; name=postacert.eml',
      '',
      'Content-Type: image/png; name="=?utf-8?Q?foto=2Escr?="',
      '',
      'x',
      '--x--',
      '',
    ].join('\r\n'),
  );
  const tree = scanMessage(source);
  assert.deepEqual(findForbiddenNames(tree, extensions), ['vero.exe', 'foto.scr']);
  const parts = findPartsToInspect(tree);
  assert.deepEqual(
    parts.map(({ start, end, transferEncoding }) => [
      source.toString('latin1', start, end),
      transferEncoding,
    ]),
    [
      ['AAAA', 'base64'],
      ['x', '7bit'],
    ],
  );
});

test('the finding names some of the files and counts the rest', () => {
  assert.deepEqual(checkAttachments([], [inspect('a.txt', text)]), []);
  const many = Array.from({ length: 7 }, (_, i) => `f${i}.exe`);
  const [finding] = checkAttachments(many, [inspect('f0.exe', text)]);
  assert.equal(finding?.code, 'forbidden-attachment');
  assert.match(finding?.italian ?? '', /\(f0\.exe, f1\.exe, f2\.exe, f3\.exe, f4\.exe e altri 2\)/);
  assert.match(finding?.english ?? '', /and 2 more/);
});

test('a self-extracting archive: the directory is found behind other bytes', () => {
  const archive = zip([{ name: 'a.txt', content: text }], program);
  assert.deepEqual(
    readZipDirectory(archive)?.map(({ name }) => name),
    ['a.txt'],
  );
});

test('only the last bytes of a big archive are needed for its names', () => {
  const archive = zip([
    { name: 'grande.bin', content: Buffer.alloc(5000, 7), stored: true },
    { name: 'x.exe', content: text },
  ]);
  const tail = archive.subarray(-200);
  assert.deepEqual(
    readZipDirectory(tail, archive.length)?.map(({ name }) => name),
    ['grande.bin', 'x.exe'],
  );
  assert.equal(readZipDirectory(archive.subarray(-30), archive.length), undefined);
});

test('content in chunks gives the same report; beyond the held size the names alone', () => {
  const archive = zip([{ name: 'a.txt', content: program }]);
  const inspector = new ContentInspector('b.zip', extensions);
  for (const byte of archive) inspector.push(Uint8Array.of(byte));
  assert.deepEqual(inspector.end(), inspect('b.zip', archive));

  const filler = Buffer.alloc(1024 * 1024, 1);
  const head = Buffer.from('PK\x03\x04');
  const big = new ContentInspector('grande.zip', extensions);
  big.push(head);
  for (let i = 0; i < 20; i++) big.push(filler);
  big.push(zip([{ name: 'x.exe', content: text }]));
  assert.deepEqual(big.end(), {
    forbidden: ['grande.zip/x.exe'],
    encrypted: [],
    macros: [],
    unread: true,
  });
});

test('bombs end: nested depth, size, number', () => {
  let nested: Buffer = text;
  for (let i = 0; i < 20; i++) nested = zip([{ name: 'n.zip', content: nested, stored: true }]);
  assert.equal(inspect('n.zip', nested).unread, true);
  const zeros = gzipSync(Buffer.alloc(100 * 1024 * 1024), { level: 1 });
  assert.equal(inspect('zero.gz', zeros).unread, true);
  const heavy = deflateRawSync(Buffer.alloc(500 * 1024));
  const many = zip(Array.from({ length: 500 }, (_, i) => ({ name: `${i}`, content: heavy, stored: true })));
  assert.equal(inspect('molti.zip', many).unread, false);
  const content = Buffer.alloc(200_000);
  const deflated = deflateRawSync(content);
  const bomb = zip(Array.from({ length: 500 }, (_, i) => ({ name: `${i}`, content, deflated })));
  assert.equal(inspect('bomba.zip', bomb).unread, true);
});
