/** Issuing on other threads: the same bytes as here, and what becomes of orders when a thread or its bytes are gone. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it, type TestContext } from 'node:test';
import type { BlobStore } from '../../src/blob/blob-store.ts';
import { openFsBlobStore } from '../../src/blob/fs.ts';
import { collectSegments } from '../../src/blob/read-segments.ts';
import { createFailingSigner } from '../../src/keys/fail.ts';
import { createPemSigner } from '../../src/keys/pem.ts';
import type { MailError } from '../../src/lib/mail-error.ts';
import { type Segments, sizeOf } from '../../src/lib/segments.ts';
import { parseHeaderBlock } from '../../src/mime/header.ts';
import { deliveryFailures } from '../../src/pec/failures.ts';
import { issueHere, type Order } from '../../src/points/issue.ts';
import {
  type IssuingThreads,
  type IssuingThreadsOptions,
  openIssuingThreads,
} from '../../src/points/issuing-threads.ts';
import type { SealedMessage } from '../../src/points/seal.ts';
import { provider as ownKey } from '../unit/pki/authority.ts';

const signer = createPemSigner(ownKey);
const at = Date.UTC(2026, 10, 21, 9, 11, 12);
const folder = mkdtempSync(join(tmpdir(), 'openpec-issuing-'));
after(() => rmSync(folder, { recursive: true }));
const blobs = await openFsBlobStore({ folder });

const provider = { name: 'Alfa', domain: 'alfa.test', address: 'posta-certificata@alfa.test' };
const facts = {
  identificativo: 'pec.20261121091112.n1.0123456789abcdef0123456789abcdef@alfa.test',
  msgid: '<client@pc>',
  sender: 'mario@alfa.test',
  recipients: [
    { address: 'anna@alfa.test', certified: true },
    { address: 'luigi@ordinaria.test', certified: false },
  ],
  replyTo: 'mario@alfa.test',
  subject: 'Perché no? è urgente',
};
const head = Buffer.from('From: mario@alfa.test\r\nTo: anna@alfa.test\r\nSubject: Prova\r\n\r\n');
const body = Buffer.from('Città\r\n'.repeat(40));
const reason = { italian: 'firma mancante', english: 'no signature' };
const virus = 'Eicar-Test-Signature';
const recipient = 'anna@alfa.test';

async function store(bytes: Uint8Array): Promise<string> {
  async function* once() {
    yield bytes;
  }
  return (await blobs.put(once())).blob;
}

/** One of each kind, with the original in memory and in the store. */
async function listOrders(): Promise<Order[]> {
  const blob = await store(body);
  const originals: Segments[] = [
    // A piece of a larger buffer, as it comes from the network.
    [head, Buffer.concat([Buffer.from('xx'), body, Buffer.from('yy')]).subarray(2, -2)],
    [head, { blob, offset: 0, length: body.length }],
    [head, { blob, offset: 7, length: 14 }, Buffer.from('fine\r\n')],
  ];
  const common = { provider, facts, at };
  return [
    ...originals.flatMap((segments): Order[] => {
      const original = { header: parseHeaderBlock(head), segments, eightBit: true };
      return [
        { build: 'transportEnvelope', values: { ...common, original, receiptKind: 'completa' } },
        { build: 'anomalyEnvelope', values: { ...common, received: original, reason } },
        {
          build: 'deliveryReceipt',
          values: { ...common, kind: 'completa', recipient, original: segments, eightBit: true },
        },
      ];
    }),
    { build: 'deliveryReceipt', values: { ...common, kind: 'sintetica', recipient } },
    { build: 'acceptanceReceipt', values: common },
    {
      build: 'nonAcceptanceNotice',
      values: { ...common, reasons: [{ ...reason, status: '5.6.0' }] },
    },
    {
      build: 'nonDeliveryNotice',
      values: { ...common, recipient, failure: deliveryFailures.unknownMailbox },
    },
    {
      build: 'takeInChargeReceipt',
      values: { ...common, takenInCharge: [recipient], to: 'ricevute@beta.test' },
    },
    { build: 'timeoutNotice', values: { ...common, hours: 12, recipient } },
    { build: 'virusDetectionNotice', values: { ...common, recipient, virus, to: 'ricevute@beta.test' } },
    { build: 'virusNonAcceptanceNotice', values: { ...common, virus } },
    { build: 'virusNonDeliveryNotice', values: { ...common, recipient, virus } },
  ];
}

function open(t: TestContext, options: Partial<IssuingThreadsOptions> = {}): IssuingThreads {
  const threads = openIssuingThreads({
    threads: 1,
    blobFolder: folder,
    onError: (error) => assert.fail(String(error)),
    ...options,
  });
  t.after(() => threads.close());
  return threads;
}

async function readAll(issued: readonly SealedMessage[], from: BlobStore): Promise<unknown[]> {
  return Promise.all(
    issued.map(async ({ segments, ...rest }) => ({
      ...rest,
      bytes: (await collectSegments(from, segments, sizeOf(segments))).toString(),
    })),
  );
}

describe('issuing threads', () => {
  it('give the same bytes and records as this thread, for every kind', async (t) => {
    const threads = open(t, { threads: 2 });
    const orders = await listOrders();
    const here = await readAll(await issueHere({ blobs, signer }, orders, at), blobs);
    const together = await threads.issue(signer, orders, at);
    assert.deepEqual(await readAll(together ?? [], blobs), here);
    const alone = await Promise.all(orders.map((order) => threads.issue(signer, [order], at)));
    assert.deepEqual(
      await readAll(
        alone.flatMap((issued) => issued ?? []),
        blobs,
      ),
      here,
    );
    assert.equal(head.toString().startsWith('From: mario'), true, 'what was ordered stays with who ordered');
  });

  it('sign with the key they are given, also when another comes', async (t) => {
    const threads = open(t);
    const [order] = (await listOrders()).slice(-1);
    assert.ok(order);
    const renewed = createPemSigner(ownKey);
    for (const each of [signer, renewed, signer]) {
      const issued: SealedMessage[] = (await threads.issue(each, [order], at)) ?? [];
      assert.deepEqual(
        issued[0]?.generated,
        (await issueHere({ blobs, signer: each }, [order], at))[0]?.generated,
      );
    }
  });

  it('leave to others what they cannot do: a key that stays where it is, bytes that are in no file', async (t) => {
    const orders = await listOrders();
    assert.equal(open(t).issue(createFailingSigner(signer), orders, at), undefined);
    const withoutFiles = open(t, { blobFolder: undefined });
    assert.equal(withoutFiles.issue(signer, orders, at), undefined);
    const inMemory = orders.filter(({ build }) => build === 'acceptanceReceipt');
    assert.equal((await withoutFiles.issue(signer, inMemory, at))?.length, 1);
  });

  it('say as this thread does that an original is gone, and go on', async (t) => {
    const threads = open(t);
    const orders = await listOrders();
    const gone: Order = {
      build: 'deliveryReceipt',
      values: {
        provider,
        facts,
        at,
        kind: 'completa',
        recipient,
        original: [head, { blob: '0'.repeat(32), offset: 0, length: 9 }],
      },
    };
    const expected = { kind: 'temporary', smtp: { code: 451, enhanced: '4.3.0' } };
    await assert.rejects(issueHere({ blobs, signer }, [gone], at), expected);
    await assert.rejects(threads.issue(signer, [gone], at) ?? Promise.resolve(), expected);
    assert.equal((await threads.issue(signer, orders, at))?.length, orders.length);
  });

  it('tell what a builder refuses with its reason', async (t) => {
    const values = { provider, facts, at, kind: 'completa', recipient } as const;
    await assert.rejects(
      open(t).issue(signer, [{ build: 'deliveryReceipt', values }], at) ?? Promise.resolve(),
      (error: Error) => /encloses the original/.test(String((error.cause as Error).message)),
    );
  });

  it('answer what a dead thread had in hand as a key that is away, and begin another', async (t) => {
    const heard: unknown[] = [];
    const program = new URL('./programs/dying-thread.ts', import.meta.url);
    const threads = open(t, { program, onError: (error) => heard.push(error) });
    const orders = await listOrders();
    const unavailable = { kind: 'temporary', smtp: { code: 451, enhanced: '4.7.0' } };
    for (let round = 1; round <= 2; round += 1) {
      const results = await Promise.allSettled(orders.map((order) => threads.issue(signer, [order], at)));
      for (const result of results) {
        assert.equal(result.status, 'rejected');
        const { kind, smtp } = result.reason as MailError;
        assert.deepEqual({ kind, smtp }, unavailable);
      }
      assert.equal(heard.length, round);
    }
  });

  it('carry out what is in hand before they close, and take nothing more', async (t) => {
    const threads = open(t);
    const orders = await listOrders();
    const under = orders.map((order) => threads.issue(signer, [order], at));
    await threads.close();
    assert.equal((await Promise.all(under)).flat().length, orders.length);
    assert.equal(threads.issue(signer, orders, at), undefined);
  });
});
