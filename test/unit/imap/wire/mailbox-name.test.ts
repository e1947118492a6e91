import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  decodeMailboxName,
  decodeModifiedUtf7,
  encodeMailboxName,
  wireMailboxName,
} from '../../../../src/imap/wire/mailbox-name.ts';
import { SyntaxProblem } from '../../../../src/imap/wire/syntax.ts';

describe('modified UTF-7 (RFC 3501 §5.1.3)', () => {
  it('encodes and decodes', () => {
    // The third is the RFC's own example.
    for (const [name, wire] of [
      ['INBOX', 'INBOX'],
      ['Città', 'Citt&AOA-'],
      ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
      ['R&D', 'R&-D'],
      ['&&', '&-&-'],
      ['😀', '&2D3eAA-'],
      ['a+b/c', 'a+b/c'],
    ] as const) {
      assert.equal(encodeMailboxName(name), wire);
      assert.equal(decodeModifiedUtf7(wire), name);
    }
  });

  it('sees what is malformed', () => {
    // The second holds half a surrogate pair, the last an odd number of bytes.
    for (const wire of ['a&b', '&2D0-', '&A-', '&*-', '&AOA'])
      assert.equal(decodeModifiedUtf7(wire), undefined, wire);
  });
});

describe('names as clients write them', () => {
  it('knows INBOX in any case, also above other levels', () => {
    assert.equal(decodeMailboxName('iNbOx', false), 'INBOX');
    assert.equal(decodeMailboxName('inbox/Uno', false), 'INBOX/Uno');
    assert.equal(decodeMailboxName('inboxes', false), 'inboxes');
  });

  it('takes a lone & and raw UTF-8 as people mean them', () => {
    assert.equal(decodeMailboxName('R&D', false), 'R&D');
    assert.equal(decodeMailboxName(Buffer.from('Città').toString('latin1'), false), 'Città');
    assert.equal(decodeMailboxName('Citt\xe0', false), 'Città');
  });

  it('gives & no meaning once UTF-8 is on', () => {
    assert.equal(decodeMailboxName('Citt&AOA-', true), 'Citt&AOA-');
    assert.equal(wireMailboxName('Città', true), Buffer.from('Città').toString('latin1'));
  });

  it('composes characters (NFC)', () => {
    assert.equal(decodeMailboxName('Citta&AwA-', false), 'Città');
  });

  it('refuses control characters, also encoded ones', () => {
    assert.throws(() => decodeMailboxName('a\tb', false), SyntaxProblem);
    assert.throws(() => decodeMailboxName('a&AAo-b', false), SyntaxProblem);
  });
});
