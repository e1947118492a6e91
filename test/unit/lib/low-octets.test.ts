import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LowOctets } from '../../../src/lib/low-octets.ts';

/** Octets at both edges of what is looked for, and those whose highest bit is set. */
const octet = fc.constantFrom(
  0x0e,
  0x0f,
  0x20,
  0x41,
  0x7f,
  0x80,
  0x8d,
  0x8e,
  0xff,
  0x0d,
  0x0a,
  0x09,
  0x01,
  0,
);

test('finds each octet up to CR, wherever the chunk begins in memory and wherever the search does', () => {
  const property = fc.property(fc.array(octet, { maxLength: 40 }), fc.nat({ max: 5 }), (octets, before) => {
    const memory = Buffer.alloc(before + octets.length + 5, '\n');
    memory.set(octets, before);
    const low = new LowOctets(memory.subarray(before, before + octets.length));
    for (let at = 0; at <= octets.length; at++) {
      const rest = octets.slice(at).findIndex((each) => each <= 0x0d);
      assert.equal(low.find(at), rest === -1 ? octets.length : at + rest);
    }
  });
  fc.assert(property, { numRuns: 300 });
});

test('every octet by itself', () => {
  for (let each = 0; each < 256; each++) {
    for (let place = 0; place < 4; place++) {
      const chunk = Buffer.alloc(12, 'x');
      chunk[4 + place] = each;
      assert.equal(new LowOctets(chunk).find(0), each <= 0x0d ? 4 + place : 12);
    }
  }
});
