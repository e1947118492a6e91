import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import fc from 'fast-check';
import { FileNames, FilePaths, toFileName } from '../../../src/moving/export/file-names.ts';
import { MboxQuoting } from '../../../src/moving/export/mbox-quoting.ts';
import { MessageList } from '../../../src/moving/export/message-list.ts';
import { ZipWriter } from '../../../src/moving/export/zip-writer.ts';

function quote(bytes: Buffer, sizes: readonly number[]): Buffer {
  const quoting = new MboxQuoting();
  const parts: Uint8Array[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    parts.push(Buffer.from(quoting.push(bytes.subarray(at, at + size))));
    at += size;
  }
  return Buffer.concat([...parts, quoting.end()]);
}

const unquote = (text: string) => text.replace(/^>(>*From )/gm, '$1');

test('mbox quoting can be taken off again, however the bytes are cut', () => {
  const pieces = fc.constantFrom(
    'From ',
    'From',
    'Fro',
    'F',
    '>',
    '>>',
    '\n',
    '\r\n',
    'x',
    ' ',
    'rom ',
    'From x',
  );
  const text = fc.array(pieces, { maxLength: 30 }).map((parts) => parts.join(''));
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(text, sizes, (original, cuts) => {
      const quoted = quote(Buffer.from(original), cuts).toString();
      assert.doesNotMatch(quoted, /^From /m);
      const whole = original.endsWith('\n') || original === '' ? original : `${original}\n`;
      assert.equal(unquote(quoted), whole);
    }),
    { numRuns: 500 },
  );
});

test('a line of many quotes costs no more than its length', () => {
  const line = Buffer.alloc(3_000_000, '>');
  const quoted = quote(Buffer.concat([line, Buffer.from('From x\n')]), [4096]);
  assert.equal(quoted.length, line.length + 8);
});

test('file names are ones that every system takes, and are told apart', () => {
  const reserved: Readonly<Record<string, string>> = {
    'a/b': 'a_b',
    '..': '__',
    '.hidden': '_hidden',
    'end.': 'end_',
    'CON.txt': '_CON.txt',
    'q?u:o"t*e|<x>\\': 'q_u_o_t_e__x__',
    'a\u0000b': 'a_b',
    Città: 'Città',
  };
  for (const [text, name] of Object.entries(reserved)) assert.equal(toFileName(text), name);
  assert.ok(Buffer.byteLength(toFileName('è'.repeat(500))) <= 120);
  const names = new FileNames(['messages.csv']);
  assert.deepEqual(
    ['A', 'a', 'a?', 'a_', 'A', 'Messages.csv'].map((text) => names.nameOf(text)),
    ['A', 'a~2', 'a_', 'a_~2', 'A', 'Messages.csv~2'],
  );
  const paths = new FilePaths([]);
  assert.deepEqual(paths.levelsOf('x/Y'), ['x', 'Y']);
  assert.deepEqual(paths.levelsOf('X/y'), ['X~2', 'y']);
  assert.deepEqual(paths.levelsOf('x/y'), ['x', 'y~2']);
});

test('no folder name leaves the export, whatever it is', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 80 }), (units) => {
      const text = String.fromCharCode(...units);
      const name = toFileName(text);
      assert.ok(name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name), name);
    }),
  );
});

test('cells of the list are quoted as RFC 4180 wants it', () => {
  const list = new MessageList();
  const message = { uid: 1, flags: ['\\Seen'], size: 3, internalDate: 0, savedAt: 0, contentId: 1 };
  list.add({ folder: 'a,"b"', message, file: 'x', sha256: new Uint8Array(2), problem: undefined });
  assert.equal(
    Buffer.from(list.toBytes()).toString(),
    'folder,uid,file,size,internal date,flags,sha256,problem\r\n' +
      '"a,""b""",1,x,3,1970-01-01T00:00:00.000Z,\\Seen,0000,\r\n',
  );
});

interface End {
  readonly count: number;
  readonly start: number;
}

/** Entry count and start of the central directory, as the ends of the archive say, Zip64 included. */
function readEnd(tail: Buffer): End {
  const end = tail.length - 22;
  assert.equal(tail.readUInt32LE(end), 0x06054b50);
  if (tail.readUInt16LE(end + 10) !== 0xffff && tail.readUInt32LE(end + 16) !== 0xffffffff)
    return { count: tail.readUInt16LE(end + 10), start: tail.readUInt32LE(end + 16) };
  const record = end - 20 - 56;
  assert.equal(tail.readUInt32LE(record), 0x06064b50);
  assert.equal(tail.readUInt32LE(end - 20), 0x07064b50);
  return {
    count: Number(tail.readBigUInt64LE(record + 32)),
    start: Number(tail.readBigUInt64LE(record + 48)),
  };
}

test('an archive beyond 4 GiB says so in Zip64', async () => {
  let written = 0;
  let tail = Buffer.alloc(0);
  const zip = new ZipWriter(async (bytes) => {
    written += bytes.length;
    if (bytes.length < 100_000) tail = Buffer.concat([tail, bytes]).subarray(-1000);
  });
  const piece = Buffer.alloc(64 * 1024 * 1024);
  const pieces = Array.from({ length: 66 }, () => piece);
  const size = piece.length * pieces.length;
  await zip.add({ name: 'large', at: 0, size, crc32: 0 }, pieces);
  const second = written;
  await zip.add({ name: 'after', at: 0, size: 1, crc32: crc32('x') }, [Buffer.from('x')]);
  const start = written;
  await zip.finish();
  assert.deepEqual(readEnd(tail), { count: 2, start });
  assert.ok(tail.includes(Buffer.from(BigUint64Array.of(BigInt(second)).buffer)));
  assert.ok(tail.includes(Buffer.from(BigUint64Array.of(BigInt(size)).buffer)));
});

test('an entry whose bytes break off is not listed, and the archive goes on', async () => {
  const parts: Uint8Array[] = [];
  const zip = new ZipWriter(async (bytes) => void parts.push(bytes));
  const broken = async function* () {
    yield Buffer.from('half');
    throw new Error('the disk is broken');
  };
  await assert.rejects(zip.add({ name: 'broken.eml', at: 0, size: 8, crc32: 0 }, broken()), /disk/);
  await assert.rejects(zip.add({ name: 'short.eml', at: 0, size: 8, crc32: 0 }, [Buffer.from('1')]), /not 8/);
  await zip.add({ name: 'good.eml', at: 0, size: 2, crc32: crc32('ok') }, [Buffer.from('ok')]);
  await zip.finish();
  const { count, start } = readEnd(Buffer.concat(parts));
  assert.equal(count, 1);
  assert.ok(!Buffer.concat(parts).subarray(start).includes('broken'));
});
