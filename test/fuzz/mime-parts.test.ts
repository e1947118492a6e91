/**
 * The part scanner against arbitrary messages: any cut into chunks gives the same tree, the tree is the one a
 * plain recursive reader finds, and every part lies within the part around it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fromLatin1, latin1 } from '../../src/lib/bytes.ts';
import { parseContentType, parseTransferEncoding } from '../../src/mime/content-type.ts';
import { firstField, parseHeaderBlock } from '../../src/mime/header.ts';
import type { MessagePart } from '../../src/mime/message-part.ts';
import { PartScanner, scanMessage } from '../../src/mime/part-scanner.ts';
import { walkParts } from '../../src/mime/part-walk.ts';
import type { ScanLimits } from '../../src/mime/scan-limits.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 1500);

const line = fc.constantFrom(
  ...[
    '',
    '',
    '',
    '--a',
    '--a',
    '--b',
    '--b',
    '--a--',
    '--b--',
    '--ab',
    '--ab--',
    '--a ',
    '--a--\t',
    '--',
    '-',
    '----',
  ],
  ...['Content-Type: multipart/mixed; boundary=a', 'Content-Type: multipart/mixed; boundary=b'],
  ...['Content-Type: multipart/mixed; boundary=ab', 'Content-Type: multipart/digest; boundary=b'],
  ...['Content-Type: multipart/mixed', 'Content-Type: message/rfc822', 'Content-Type: message/rfc822'],
  ...['Content-Transfer-Encoding: base64', 'A: b', ' folded', 'text', '\xff\0'],
);
const ending = fc.constantFrom('\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '');
const noise = fc.array(fc.tuple(line, ending), { maxLength: 4 }).map((lines) => lines.flat().join(''));
const boundary = fc.constantFrom('a', 'b', 'ab');

/** Messages that are mostly as they should be, with noise in every place. */
const { entity } = fc.letrec<{ entity: string }>((tie) => ({
  entity: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(noise, noise).map(([header, body]) => `${header}\r\n${body}`),
    fc
      .tuple(noise, tie('entity'))
      .map(([header, inner]) => `Content-Type: message/rfc822\r\n${header}\r\n${inner}`),
    fc
      .tuple(boundary, noise, fc.array(tie('entity'), { maxLength: 3 }), noise)
      .map(([name, header, parts, epilogue]) =>
        [
          `Content-Type: multipart/mixed; boundary=${name}\r\n${header}\r\n`,
          ...parts.map((part) => `--${name}\r\n${part}\r\n`),
          `--${name}--\r\n${epilogue}`,
        ].join(''),
      ),
  ),
}));
const message = fc
  .oneof(
    entity,
    entity,
    fc.array(fc.tuple(line, ending), { maxLength: 60, size: 'max' }).map((lines) => lines.flat().join('')),
  )
  .map(fromLatin1);

function scanInChunks(
  bytes: Uint8Array,
  sizes: readonly number[],
  limits?: Partial<ScanLimits>,
): MessagePart {
  const scanner = new PartScanner(limits);
  // One buffer for all chunks: the scanner must have copied what it still needs.
  const shared = new Uint8Array(64);
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    const chunk = bytes.subarray(at, at + size);
    shared.set(chunk);
    scanner.push(shared.subarray(0, chunk.length));
    at += size;
  }
  return scanner.end();
}

const chunkSizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 5 });

test('chunks do not matter', () => {
  const limits = fc.record(
    {
      depth: fc.integer({ min: 1, max: 4 }),
      parts: fc.integer({ min: 1, max: 5 }),
      headerBytes: fc.nat(80),
      fields: fc.nat(3),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(message, chunkSizes, limits, (bytes, sizes, limit) => {
      assert.deepEqual(scanInChunks(bytes, sizes, limit), scanMessage(bytes, limit));
    }),
    { numRuns },
  );
});

test('every part lies in order within the part around it', () => {
  const check = (part: MessagePart, end: number) => {
    assert.ok(part.headerStart <= part.bodyStart && part.bodyStart <= part.bodyEnd && part.bodyEnd <= end);
    let from = part.bodyStart;
    for (const child of part.children) {
      assert.ok(child.headerStart >= from);
      check(child, part.bodyEnd);
      from = child.bodyEnd;
    }
    if (part.message === undefined) return;
    assert.deepEqual([part.message.headerStart, part.message.bodyEnd], [part.bodyStart, part.bodyEnd]);
    check(part.message, part.bodyEnd);
  };
  fc.assert(
    fc.property(message, (bytes) => {
      const tree = scanMessage(bytes);
      assert.deepEqual([tree.headerStart, tree.bodyEnd], [0, bytes.length]);
      check(tree, bytes.length);
    }),
    { numRuns },
  );
});

test('headers and line counts are those of the bytes they stand for', () => {
  fc.assert(
    fc.property(message, (bytes) => {
      for (const part of walkParts(scanMessage(bytes))) {
        const block = parseHeaderBlock(bytes.subarray(part.headerStart, part.bodyStart));
        assert.deepEqual(
          part.fields,
          block.fields.map((field) => [field.name, field.value]),
        );
        const body = latin1(bytes, part.bodyStart, part.bodyEnd);
        assert.equal(part.lines, body.split('\n').length - (body === '' || body.endsWith('\n') ? 1 : 0));
      }
    }),
    { numRuns },
  );
});

interface Line {
  readonly start: number;
  readonly text: string;
  readonly ending: number;
}

interface Plain {
  readonly type: string;
  readonly from: number;
  readonly body: number;
  readonly to: number;
  readonly children: readonly Plain[];
  readonly message: Plain | undefined;
}

/** The same rules once more, as a recursive reader over a list of lines. */
class PlainReader {
  readonly #lines: Line[] = [];
  readonly #size: number;
  readonly #bytes: Uint8Array;
  readonly #waiting: { boundary: string; level: number }[] = [];
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#size = bytes.length;
    let start = 0;
    for (const whole of latin1(bytes).split(/(?<=\n)/)) {
      const text = whole.replace(/\r?\n$/, '');
      if (whole !== '') this.#lines.push({ start, text, ending: whole.length - text.length });
      start += whole.length;
    }
  }

  read(digest = false, level = 0): Plain {
    const from = this.#here();
    while (this.#goesOn() && this.#lines[this.#at]?.text !== '') this.#at++;
    const blank = this.#lines[this.#at];
    const hasBlank = this.#goesOn() && blank !== undefined && blank.ending > 0;
    if (hasBlank) this.#at++;
    const body = hasBlank ? this.#here() : Number.POSITIVE_INFINITY;
    const header = parseHeaderBlock(this.#bytes.subarray(from, Math.min(body, this.#end())));
    const value = firstField(header, 'content-type')?.value;
    const given = parseContentType(value ?? (digest ? 'message/rfc822' : 'text/plain'));
    const type = `${given?.type ?? 'text'}/${given?.subtype ?? 'plain'}`;
    const opaque = parseTransferEncoding(firstField(header, 'content-transfer-encoding')?.value) === 'base64';
    const boundary = type.startsWith('multipart/') ? (given?.parameters.boundary ?? '') : '';
    const children =
      boundary !== '' && hasBlank ? this.#readChildren(boundary, type.endsWith('/digest'), level) : [];
    let message: Plain | undefined;
    if (type === 'message/rfc822' && !opaque) message = hasBlank ? this.read(false, level + 1) : undefined;
    while (this.#goesOn()) this.#at++;
    const to = this.#end();
    if (type === 'message/rfc822' && !opaque && message === undefined)
      message = { type: 'text/plain', from: to, body: to, to, children: [], message: undefined };
    return { type, from: Math.min(from, to), body: Math.min(body, to), to, children, message };
  }

  #readChildren(boundary: string, digest: boolean, level: number): Plain[] {
    const children: Plain[] = [];
    this.#waiting.push({ boundary, level });
    for (;;) {
      while (this.#goesOn()) this.#at++;
      const stop = this.#stop();
      if (stop?.level !== level) break;
      this.#at++;
      if (stop.closes) break;
      children.push(this.read(digest, level + 1));
    }
    this.#waiting.splice(
      this.#waiting.findLastIndex((each) => each.level === level),
      1,
    );
    return children;
  }

  #here(): number {
    return this.#lines[this.#at]?.start ?? this.#size;
  }

  #goesOn(): boolean {
    return this.#at < this.#lines.length && this.#stop() === undefined;
  }

  /** The multipart that the current line is a boundary of. */
  #stop(): { level: number; closes: boolean } | undefined {
    const text = this.#lines[this.#at]?.text.replace(/[ \t\r]+$/, '') ?? '';
    if (!text.startsWith('--')) return undefined;
    const find = (wanted: string) => this.#waiting.findLast(({ boundary }) => `--${boundary}` === wanted);
    const opens = find(text);
    if (opens !== undefined) return { level: opens.level, closes: false };
    const closes = text.endsWith('--') ? find(text.slice(0, -2)) : undefined;
    return closes && { level: closes.level, closes: true };
  }

  #end(): number {
    return this.#at < this.#lines.length
      ? this.#here() - (this.#lines[this.#at - 1]?.ending ?? 0)
      : this.#size;
  }
}

function simplify(part: MessagePart): Plain {
  const { headerStart: from, bodyStart: body, bodyEnd: to } = part;
  const message = part.message && simplify(part.message);
  return {
    type: `${part.type}/${part.subtype}`,
    from,
    body,
    to,
    children: part.children.map(simplify),
    message,
  };
}

test('a plain recursive reader finds the same tree', () => {
  fc.assert(
    fc.property(message, (bytes) => {
      assert.deepEqual(simplify(scanMessage(bytes)), new PlainReader(bytes).read());
    }),
    { numRuns },
  );
});
