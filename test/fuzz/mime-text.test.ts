/**
 * Properties of the readers and writers of headers, addresses, encodings and lines: readers never throw,
 * offsets are exact, what is written is read back.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { concatBytes, fromLatin1, latin1 } from '../../src/lib/bytes.ts';
import {
  domainOf,
  isAddress,
  normalizeAddress,
  parseAddressList,
  sameAddress,
} from '../../src/mime/address.ts';
import { encodeAddressField } from '../../src/mime/address-field.ts';
import { LineGate } from '../../src/mime/canonical.ts';
import { buildMultipart } from '../../src/mime/compose.ts';
import {
  parseContentDisposition,
  parseContentType,
  parseTransferEncoding,
} from '../../src/mime/content-type.ts';
import { decodeHeaderText, encodeHeaderText } from '../../src/mime/encoded-word.ts';
import { parseHeaderBlock, unfold } from '../../src/mime/header.ts';
import { scanMessage } from '../../src/mime/part-scanner.ts';
import {
  decodeTransfer,
  encodeBase64Lines,
  encodeQuotedPrintable,
  TransferDecoder,
} from '../../src/mime/transfer.ts';

const numRuns = Number(process.env.FUZZ_RUNS ?? 1000);

/** Text made of the pieces that readers look for, so that random strings come near them. */
function spiced(...pieces: readonly string[]): fc.Arbitrary<string> {
  const any = fc.string({ unit: 'binary', maxLength: 4 }).map((text) => latin1(Buffer.from(text, 'utf8')));
  return fc
    .array(fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...pieces) }, any))
    .map((all) => all.join(''));
}

const headerText = spiced(
  'A',
  ':',
  ' ',
  '\t',
  '\r\n',
  '\r\n',
  '\n',
  '\r',
  'To: x',
  'Subject:',
  '\r\n ',
  '\0',
  '\xe8',
);
const addressText = spiced(
  ...[
    'a@b.it',
    '<',
    '>',
    '"',
    '\\',
    '(',
    ')',
    ',',
    ';',
    ':',
    '[',
    ']',
    '@',
    '.',
    ' ',
    '\r\n ',
    '=?utf-8?Q?',
    '?=',
  ],
);
const valueText = spiced(
  ...[
    'text/plain',
    ';',
    '=',
    '"',
    '\\',
    '(',
    ')',
    "*0*=utf-8''",
    '*1=',
    'name',
    'boundary',
    '%41',
    ' ',
    '\r\n ',
  ],
);
const wordText = spiced(
  '=?',
  '?=',
  '?',
  '=?utf-8?Q?',
  '=?iso-2022-jp?B?',
  '=C3',
  '=A8',
  'w6g=',
  '_',
  ' ',
  '\r\n ',
);
const unicode = fc.string({ unit: 'binary', maxLength: 200 });
const bytes = fc.uint8Array({ maxLength: 300 });
const cuts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 });

function* chunksOf(whole: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, i = 0; at < whole.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield whole.subarray(at, at + size);
    at += size;
  }
}

describe('headers', () => {
  test('the fields end to end and the blank line are the header, byte for byte', () => {
    fc.assert(
      fc.property(headerText, (text) => {
        const block = parseHeaderBlock(fromLatin1(text));
        let at = 0;
        for (const field of block.fields) {
          assert.equal(field.start, at);
          assert.ok(field.end > field.start);
          const written = text.slice(field.start, field.end).replace(/\r?\n$/, '');
          assert.ok(written.startsWith(field.name) && written.endsWith(field.value));
          at = field.end;
        }
        assert.ok(['', '\n', '\r\n'].includes(text.slice(at, block.bodyStart)));
        assert.ok(at < block.bodyStart || block.bodyStart === text.length);
        assert.ok(block.problems.length <= block.fields.length * 4 + 1);
      }),
      { numRuns },
    );
  });

  test('unfolded values stand on one line', () => {
    fc.assert(
      fc.property(headerText, (text) => {
        for (const field of parseHeaderBlock(fromLatin1(text)).fields)
          assert.ok(!unfold(field.value).includes('\n'));
      }),
      { numRuns },
    );
  });
});

describe('header text', () => {
  test('reading never throws and lets no control character out', () => {
    fc.assert(
      fc.property(wordText, (text) => {
        assert.doesNotMatch(decodeHeaderText(text), /[\0-\x1f\x7f]/);
      }),
      { numRuns },
    );
  });

  test('what is written is read back, in lines that any server takes', () => {
    fc.assert(
      fc.property(
        fc.oneof(unicode, wordText),
        fc.constantFrom('Subject', 'X-Riferimento-Message-ID'),
        (text, name) => {
          const field = encodeHeaderText(name, text);
          const block = parseHeaderBlock(fromLatin1(`${field}\r\n`));
          assert.deepEqual([block.fields.length, block.problems], [1, []]);
          assert.match(field, /^[ -~\r\n]*\r\n$/);
          for (const line of field.slice(0, -2).split('\r\n'))
            assert.ok(line.length <= 998 && /[^ ]/.test(line));
          const clean = text
            .toWellFormed()
            .replace(/[\0-\x1f\x7f]/g, ' ')
            .replace(/^ +| +$/g, '');
          assert.equal(decodeHeaderText(block.fields[0]?.value ?? ''), clean);
        },
      ),
      { numRuns },
    );
  });
});

describe('addresses', () => {
  test('reading never throws; what it gives is well formed', () => {
    fc.assert(
      fc.property(addressText, (text) => {
        const { addresses, groups, problems } = parseAddressList(text);
        for (const { address, local, domain, display } of addresses) {
          assert.ok(local !== undefined && domain !== '' && address.endsWith(`@${domain}`));
          assert.doesNotMatch(`${address}${display}`, /[\0-\x1f\x7f]/);
          assert.doesNotMatch(domain, /[\s<>,;@"()]/);
        }
        for (const { first, count } of groups) assert.ok(first >= 0 && first + count <= addresses.length);
        assert.ok(problems.length <= 20);
      }),
      { numRuns },
    );
  });

  test('every address read can be written and read again', () => {
    fc.assert(
      fc.property(addressText, (text) => {
        for (const { address, display } of parseAddressList(text).addresses) {
          if (/[^\0-\x7f]/.test(address)) continue;
          const [again] = parseAddressList(
            encodeAddressField('To', [{ display, address }]).slice(3),
          ).addresses;
          assert.deepEqual([again?.address, again?.display], [address, display || undefined]);
        }
      }),
      { numRuns },
    );
  });

  test('names of any text come back from a field of several addresses', () => {
    const named = fc.record({
      display: unicode,
      address: fc.constantFrom('a@b.it', '"c d"@e.it', 'f@[127.0.0.1]'),
    });
    fc.assert(
      fc.property(fc.array(named, { minLength: 1, maxLength: 4 }), (list) => {
        const field = encodeAddressField('To', list);
        const block = parseHeaderBlock(fromLatin1(`${field}\r\n`));
        const { addresses, problems } = parseAddressList(block.fields[0]?.value ?? '');
        assert.deepEqual([block.fields.length, problems], [1, []]);
        const clean = (text: string) =>
          text
            .toWellFormed()
            .replace(/[\0-\x20\x7f]+/g, ' ')
            .replace(/^ | $/g, '');
        assert.deepEqual(
          addresses.map(({ display, address }) => [clean(display ?? ''), address]),
          list.map(({ display, address }) => [clean(display), address]),
        );
      }),
      { numRuns },
    );
  });

  test('the strict reader takes only what the lenient one reads the same', () => {
    const addressLike = fc.oneof(
      addressText,
      fc.emailAddress(),
      fc.tuple(fc.string(), fc.domain()).map((p) => p.join('@')),
    );
    fc.assert(
      fc.property(addressLike, (text) => {
        const normal = normalizeAddress(text);
        assert.equal(normalizeAddress(normal), normal);
        assert.ok(sameAddress(text, normal));
        assert.equal(domainOf(text), domainOf(normal));
        if (!isAddress(text)) return;
        const { addresses, problems } = parseAddressList(text);
        assert.deepEqual([addresses.length, problems], [1, []]);
        assert.ok(sameAddress(addresses[0]?.address ?? '', text));
      }),
      { numRuns },
    );
  });
});

test('content types, dispositions and encodings are read whatever they hold', () => {
  fc.assert(
    fc.property(valueText, (text) => {
      const values = Object.values(parseContentType(`x/y;${text}`)?.parameters ?? {});
      assert.ok(values.every((value) => typeof value === 'string'));
      assert.equal(parseContentType(`x/y;${text}`)?.type, 'x');
      assert.doesNotMatch(parseContentType(text)?.subtype ?? '', /[\s;]/);
      assert.doesNotMatch(parseContentDisposition(text)?.type ?? '', /[\s;]/);
      assert.match(parseTransferEncoding(text), /^\S+$/);
    }),
    { numRuns },
  );
});

describe('transfer encodings', () => {
  test('base64 gives the bytes back', () => {
    fc.assert(
      fc.property(bytes, (data) => {
        const encoded = encodeBase64Lines(data);
        assert.deepEqual(Buffer.from(decodeTransfer('base64', fromLatin1(encoded))), Buffer.from(data));
        assert.match(encoded, /^(?:[A-Za-z0-9+/=]{1,76}\r\n)*$/);
      }),
      { numRuns },
    );
  });

  test('quoted-printable gives the text back, its lines ended by CRLF', () => {
    const text = fc.oneof(
      bytes.map(latin1),
      spiced('.', ' ', '\t', '\n', '\r\n', 'From ', '=', '\xe8', 'x'.repeat(70)),
    );
    fc.assert(
      fc.property(text, (data) => {
        const encoded = encodeQuotedPrintable(fromLatin1(data));
        assert.equal(
          latin1(decodeTransfer('quoted-printable', fromLatin1(encoded))),
          data.replace(/\r?\n/g, '\r\n'),
        );
        for (const line of encoded.split('\r\n'))
          assert.match(line, /^(?!From |\.)(?:[ -~\t]{0,76})(?<![ \t])$/);
      }),
      { numRuns },
    );
  });

  test('chunks do not matter, nor does what is in them', () => {
    const encoded = fc.oneof(
      bytes,
      spiced('=', '=4', '=3D', '=\r\n', ' ', '\t', '\r', '\n', 'YQ==', 'YWI').map(fromLatin1),
    );
    fc.assert(
      fc.property(
        encoded,
        cuts,
        fc.constantFrom('base64', 'quoted-printable', '8bit'),
        (data, sizes, encoding) => {
          const decoder = new TransferDecoder(encoding);
          // Copied: a decoder may hand out what it was given.
          const pieces = [...chunksOf(data, sizes)].map((chunk) => Buffer.from(decoder.push(chunk)));
          const whole = concatBytes([...pieces, decoder.end()]);
          assert.deepEqual(Buffer.from(whole), Buffer.from(decodeTransfer(encoding, data)));
        },
      ),
      { numRuns },
    );
  });
});

test('the line gate finds what a search over the whole finds', () => {
  const text = spiced('\r\n', '\r\n', '\r', '\n', '\0', 'a', '\x80');
  fc.assert(
    fc.property(text, cuts, (data, sizes) => {
      const gate = new LineGate();
      for (const chunk of chunksOf(fromLatin1(data), sizes)) gate.push(chunk);
      gate.end();
      const first = data.search(/\r(?!\n)|(?<!\r)\n|\0/);
      assert.equal(gate.problem?.offset ?? -1, first);
      const kinds: Record<string, string> = { '\r': 'bare-cr', '\n': 'bare-lf', '\0': 'nul' };
      if (first >= 0) assert.equal(gate.problem?.kind, kinds[data.charAt(first)]);
      assert.equal(gate.eightBit, /[\x80-\xff]/.test(data));
      assert.equal(gate.size, data.length);
      const lengths = data.split(/\r?\n/).map((line) => line.length);
      assert.equal(gate.longestLine, Math.max(...lengths));
    }),
    { numRuns },
  );
});

test('a multipart holds exactly the parts it was made of', () => {
  const part = bytes.map((body) => concatBytes([fromLatin1('A: b\r\n\r\n'), body]));
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1, maxLength: 4 }),
      fc.option(fc.constant('preamble')),
      (parts, preamble) => {
        const whole = concatBytes(
          buildMultipart({
            subtype: 'mixed',
            boundary: 'boundary=_1',
            parts: parts.map((each) => [each]),
            ...(preamble === null ? {} : { preamble }),
          }) as Uint8Array[],
        );
        assert.deepEqual(
          scanMessage(whole).children.map((child) => latin1(whole, child.headerStart, child.bodyEnd)),
          parts.map((each) => latin1(each)),
        );
      },
    ),
    { numRuns },
  );
});
