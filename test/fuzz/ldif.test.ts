/** LDIF from anywhere: refused with a line or read, and what is written is read back, whatever the values. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { IndexError } from '../../src/provider-index/index-error.ts';
import { buildIndex, parseIndex } from '../../src/provider-index/index-ldif.ts';
import { buildLdif, LdifError, parseLdif, textOf } from '../../src/provider-index/ldif.ts';
import { alfa, alfaSecondary, beta } from '../unit/provider-index/providers.ts';

const runs = Number(process.env.FUZZ_RUNS ?? 300);
const index = Buffer.from(buildIndex([alfa, alfaSecondary, beta]));
const piece = fc.constantFrom(
  'dn: o=a',
  '\n',
  '\r\n',
  ' ',
  'o:',
  ':: AQI=',
  ':<',
  '#',
  ';binary',
  'è',
  '\0',
  'version: 1',
);

describe('LDIF', () => {
  it('is read or refused with its line, never anything else', () => {
    const text = fc
      .array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 30 })
      .map((all) => all.join(''));
    fc.assert(
      fc.property(
        fc.oneof(
          text.map((each) => Buffer.from(each)),
          fc.uint8Array({ maxLength: 200 }),
        ),
        (bytes) => {
          try {
            parseLdif(bytes);
          } catch (error) {
            assert.ok(error instanceof LdifError && error.line >= 1, String(error));
          }
        },
      ),
      { numRuns: runs },
    );
  });

  it('gives back every value that was written', () => {
    const value = fc.oneof(fc.string(), fc.string({ unit: 'binary', maxLength: 200 }));
    fc.assert(
      fc.property(
        fc.array(
          value.filter((each) => each.isWellFormed()),
          { minLength: 1 },
        ),
        (values) => {
          const [dn = ''] = values;
          const attributes = values.map((each) => ({ name: 'description', value: each }));
          const [record] = parseLdif(buildLdif([{ dn, attributes }]));
          assert.equal(record?.dn, dn);
          assert.deepEqual(record?.attributes.map(textOf), values);
        },
      ),
      { numRuns: runs },
    );
  });

  it('of an index with a few bytes changed is read whole or refused whole', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(index.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        (changes) => {
          const changed = Buffer.from(index);
          for (const [at, byte] of changes) changed[at] = byte;
          try {
            for (const { certificates, certificateHashes, managedDomains } of parseIndex(changed).providers)
              assert.ok(certificates.length === certificateHashes.length && managedDomains.length > 0);
          } catch (error) {
            assert.ok(error instanceof IndexError, String(error));
          }
        },
      ),
      { numRuns: runs },
    );
  });
});
