/** What every source of the provider index must do, and what the index over it then does. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createPemSigner } from '../../src/keys/pem.ts';
import { decodePem } from '../../src/lib/pem.ts';
import { openDailyCopies } from '../../src/provider-index/daily-copies.ts';
import { IndexError } from '../../src/provider-index/index-error.ts';
import { buildIndex } from '../../src/provider-index/index-ldif.ts';
import type { IndexSource } from '../../src/provider-index/index-source.ts';
import type { IndexedProvider } from '../../src/provider-index/provider-index.ts';
import { openRefreshingIndex } from '../../src/provider-index/refreshing-index.ts';
import { buildSignedLdif } from '../../src/provider-index/signed-ldif.ts';
import { livePolicy, parseTrust } from '../../src/smime/trust.ts';
import { makeFolder } from '../support/folder.ts';
import { authority, issuedAt, otherProvider, provider } from '../unit/pki/authority.ts';
import { alfa, beta } from '../unit/provider-index/providers.ts';

/** A source, and a hand that changes what it serves; undefined takes it away. */
export interface PublishedIndex {
  readonly source: IndexSource;
  publish(bytes: Uint8Array | undefined): Promise<void>;
}

const day = 86_400_000;
export const trust = parseTrust({ anchors: decodePem('CERTIFICATE', authority.root.certificatePem) });
export const policy = { ...livePolicy, profile: 'any', revocation: 'none' } as const;

/** The signed index as its keeper publishes it. */
export function signIndex(
  providers: readonly IndexedProvider[],
  at: number,
  by = provider,
): Promise<Uint8Array> {
  return buildSignedLdif(buildIndex(providers), createPemSigner(by), at);
}

/** Runs the suite over one implementation. */
export function testIndexSource(name: string, open: (t: TestContext) => Promise<PublishedIndex>): void {
  const start = async (t: TestContext, folder = makeFolder(t)) => {
    const published = await open(t);
    const time = { now: issuedAt + day };
    const options = {
      source: published.source,
      copies: openDailyCopies(folder),
      clock: () => time.now,
      trust: () => trust,
      policy,
    };
    return { ...published, time, folder, options, index: await openRefreshingIndex(options) };
  };

  describe(`index source: ${name}`, () => {
    it('gives the bytes as they are published', async (t) => {
      const { source, publish } = await open(t);
      const bytes = Buffer.from([0x30, 0x80, 0x0d, 0x0a, 0xff, 0x00]);
      await publish(bytes);
      assert.deepEqual(Buffer.from(await source.fetch()), bytes);
      assert.ok(source.name.length > 0);
    });

    it('rejects with an IndexError when there is nothing to have', async (t) => {
      const { source, publish } = await open(t);
      await publish(undefined);
      await assert.rejects(source.fetch(), IndexError);
    });

    it('is empty before the first good copy, and says that it has none', async (t) => {
      const { index, publish } = await start(t);
      assert.equal(index.current().fetchedAt, undefined);
      assert.equal(index.current().providerOf('alfa.test'), undefined);
      await publish(undefined);
      const result = await index.refresh();
      assert.equal(result.outcome, 'kept');
      assert.equal(result.fetchedAt, undefined);
    });

    it('is applied when its signature is good, and kept over a restart', async (t) => {
      const { index, publish, time, options } = await start(t);
      await publish(await signIndex([alfa, beta], time.now));
      assert.deepEqual(await index.refresh(), {
        outcome: 'applied',
        fetchedAt: time.now,
        providers: 2,
        domains: 3,
        changed: true,
        warnings: [],
      });
      assert.equal(index.current().providerOf('beta.test')?.name, beta.name);
      const again = await openRefreshingIndex(options);
      assert.equal(again.current().providerOf('beta.test')?.name, beta.name);
      assert.equal(again.current().fetchedAt, time.now);
    });

    it('stays in force, with its age, when the next one cannot be had or is wrong', async (t) => {
      const { index, publish, time } = await start(t);
      const fetchedAt = time.now;
      await publish(await signIndex([alfa], time.now));
      await index.refresh();
      time.now += day;
      const signed = Buffer.from(await signIndex([alfa, beta], time.now));
      const wrongs: [Uint8Array | undefined, RegExp][] = [
        [undefined, /./],
        [Buffer.alloc(0), /not signed/],
        [buildIndex([alfa, beta]), /not signed/],
        [signed.subarray(0, -10), /signature of the index is not good: the signature cannot be read/],
        [alter(signed, 'managedDomains: beta'), /content was altered/],
        [await buildSignedLdif(Buffer.from('dn: o=x\n'), createPemSigner(provider), time.now), /no provider/],
        [await signIndex([alfa, beta], fetchedAt - 1000), /older than the copy in force/],
        [await signIndex([alfa, beta], time.now + day), /future/],
      ];
      for (const [bytes, reason] of wrongs) {
        await publish(bytes);
        const result = await index.refresh();
        assert.ok(result.outcome === 'kept' && reason.test(result.reason), JSON.stringify(result));
        assert.equal(result.fetchedAt, fetchedAt);
        assert.equal(index.current().providerOf('beta.test'), undefined);
        assert.equal(index.current().providerOf('alfa.test')?.name, alfa.name);
      }
    });

    it('remembers what was in force on a day', async (t) => {
      const { index, publish, time } = await start(t);
      await publish(await signIndex([alfa], time.now));
      await index.refresh();
      time.now += 3 * day;
      await publish(await signIndex([alfa, beta], time.now, otherProvider));
      await index.refresh();
      const domainsOn = async (date: string) =>
        (await index.asOf(date))?.all().flatMap((each) => each.managedDomains);
      assert.equal(await domainsOn('2026-11-02'), undefined);
      assert.deepEqual(await domainsOn('2026-11-03'), alfa.managedDomains);
      assert.deepEqual(await domainsOn('2026-11-05'), alfa.managedDomains);
      assert.deepEqual(await domainsOn('2026-11-06'), [...alfa.managedDomains, ...beta.managedDomains]);
      assert.deepEqual(await domainsOn('2030-01-01'), [...alfa.managedDomains, ...beta.managedDomains]);
    });
  });
}

function alter(bytes: Buffer, where: string): Uint8Array {
  const altered = Buffer.from(bytes);
  const at = altered.indexOf(where);
  altered[at] = (altered[at] ?? 0) ^ 0x20;
  return altered;
}
