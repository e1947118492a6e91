import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { parseHeaderBlock } from '../../../../src/mime/header.ts';
import { scanMessage } from '../../../../src/mime/part-scanner.ts';

const piece = fc.constantFrom(
  '\r\n',
  '\n',
  '\r',
  'A: b',
  ' ',
  '\t',
  ':',
  'x',
  '\0',
  'Content-Type: message/rfc822',
);

it('finds the end of a header in the bytes where the part tree has it', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const bytes = Buffer.from(pieces.join(''), 'latin1');
      const { headerStart, bodyStart } = scanMessage(bytes);
      assert.deepEqual([headerStart, bodyStart], [0, parseHeaderBlock(bytes).bodyStart]);
    }),
    { numRuns: 2000 },
  );
});
