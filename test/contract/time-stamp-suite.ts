/** What every time-stamp authority must do, wherever its stamps come from. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it, type TestContext } from 'node:test';
import { sha256Imprint } from '../../src/tsa/message-imprint.ts';
import type { TimeStampAuthority } from '../../src/tsa/time-stamp.ts';
import { verifyTimeStamp } from '../../src/tsa/verify-time-stamp.ts';
import { stampedAt, stampTrust } from '../unit/tsa/stamper.ts';

/** Runs the suite over one implementation; its clock says `stampedAt`. */
export function testAuthority(
  name: string,
  open: (t: TestContext) => Promise<TimeStampAuthority> | TimeStampAuthority,
): void {
  describe(`time-stamp authority: ${name}`, () => {
    it('stamps any SHA-256 digest with a token that verifies under its anchors', async (t) => {
      const authority = await open(t);
      for (const digest of [Buffer.alloc(32), Buffer.alloc(32, 0xff), randomBytes(32)]) {
        const token = await authority.stamp(digest);
        const imprint = sha256Imprint(digest);
        const verdict = verifyTimeStamp({ token, imprint, trust: stampTrust, now: stampedAt });
        assert.deepEqual(verdict.problems, []);
        assert.ok(verdict.ok && verdict.time === stampedAt && verdict.chain.length === 3);
      }
    });

    it('puts its certificates into the token, so that the token can be checked alone', async (t) => {
      const digest = randomBytes(32);
      const token = await (await open(t)).stamp(digest);
      const trust = { anchors: stampTrust.anchors, intermediates: [], revocationLists: [] };
      assert.ok(verifyTimeStamp({ token, imprint: sha256Imprint(digest), trust }).ok);
    });

    it('stamps many at a time without mixing them', async (t) => {
      const authority = await open(t);
      const digests = Array.from({ length: 8 }, () => randomBytes(32));
      const tokens = await Promise.all(digests.map((digest) => authority.stamp(digest)));
      for (const [index, token] of tokens.entries()) {
        const imprint = sha256Imprint(digests[index] ?? Buffer.alloc(32));
        assert.ok(verifyTimeStamp({ token, imprint, trust: stampTrust }).ok);
      }
    });

    it('refuses what is no SHA-256 digest', async (t) => {
      const authority = await open(t);
      await assert.rejects(async () => authority.stamp(Buffer.alloc(20)), RangeError);
    });
  });
}
