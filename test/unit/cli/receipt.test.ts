import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { collectSegments } from '../../../src/blob/read-segments.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { sizeOf } from '../../../src/lib/segments.ts';
import { appendEvent } from '../../../src/message-log/append.ts';
import { buildAcceptanceReceipt } from '../../../src/pec/receipts/acceptance.ts';
import { buildNonDeliveryNotice } from '../../../src/pec/receipts/non-delivery.ts';
import { seal } from '../../../src/points/seal.ts';
import { keepChain } from '../../../src/points/signing-chains.ts';
import { openSigner, openStores } from '../../../src/wire.ts';
import { runPec } from './run-pec.ts';

const folder = mkdtempSync(join(tmpdir(), 'pec-receipt-'));
const file = join(folder, 'provider', 'config.json');
after(() => rmSync(folder, { recursive: true }));

const pec = (...args: string[]) => runPec([...args, '--config', file]);
const provider = { name: 'Gestore Prova', domain: 'prova.test', address: 'posta-certificata@prova.test' };
const facts = {
  identificativo: 'pec.1@prova.test',
  msgid: '<a@pc>',
  sender: 'mario@prova.test',
  recipients: [
    { address: 'anna@prova.test', certified: true },
    { address: 'ugo@prova.test', certified: true },
  ],
  replyTo: 'mario@prova.test',
  subject: 'Perché no',
};
const at = Date.UTC(2026, 10, 21, 9, 11, 12);
const issued = new Map<string, Buffer>();

before(async () => {
  const names = ['--name', provider.name, '--domain', provider.domain, '--hostname', 'localhost'];
  assert.equal((await runPec(['init', '--config', file, ...names, '--development-keys'])).code, 0);
  const config = loadConfig(file);
  const { db, blobs, close } = await openStores(config);
  const signer = openSigner(config);
  await db.transact((tx) => keepChain(tx, signer, at));
  const keep = async (name: string, built: Parameters<typeof seal>[1]) => {
    const { segments, generated } = await seal({ blobs, signer }, built, at);
    issued.set(name, Buffer.from(await collectSegments(blobs, segments, sizeOf(segments))));
    return generated;
  };
  const accepted = await keep('acceptance', buildAcceptanceReceipt({ provider, facts, at }));
  const base = { at, facts, sendingProvider: provider.name };
  const failure = {
    error: 'no-dest',
    status: '5.1.1',
    text: { italian: 'indirizzo non valido', english: 'no such address' },
  } as const;
  await db.transact(async (tx) => {
    const what = { login: '', receiptKind: 'completa', size: 1, originalSha256: '00' } as const;
    await appendEvent(tx, { type: 'accepted', ...base, ...what, generated: [accepted] }, config.node);
  });
  for (const { address: recipient } of facts.recipients) {
    const notice = await keep(recipient, buildNonDeliveryNotice({ ...base, provider, recipient, failure }));
    await db.transact((tx) =>
      appendEvent(
        tx,
        { type: 'not-delivered', ...base, recipient, failure, generated: [notice] },
        config.node,
      ),
    );
  }
  await close();
});

test('receipt reproduce writes the bytes that were issued, and nothing else', async () => {
  const ran = await pec('receipt', 'reproduce', facts.identificativo, '--kind', 'accettazione');
  assert.deepEqual([ran.code, ran.output, ran.remarks], [0, '', '']);
  assert.deepEqual(ran.bytes, issued.get('acceptance'));
  const log = JSON.parse((await pec('log', 'show', facts.identificativo, '--json')).output) as {
    event: { type: string; requestedBy?: string };
  }[];
  assert.deepEqual(log.at(-1)?.event.type, 'reproduced');
  assert.match(log.at(-1)?.event.requestedBy ?? '', /^operator ./);
});

test('receipt reproduce asks which one, and takes the recipient', async () => {
  const args = ['receipt', 'reproduce', facts.identificativo, '--kind', 'errore-consegna'];
  const which = await pec(...args);
  assert.equal(which.code, 1);
  assert.match(which.remarks, /Name one with --recipient/);
  assert.match(which.remarks, /anna@prova\.test[\s\S]*ugo@prova\.test/);
  assert.equal(which.bytes.length, 0);
  const one = await pec(...args, '--recipient', 'ugo@prova.test', '--requested-by', 'mario@prova.test');
  assert.equal(one.code, 0, one.remarks);
  assert.deepEqual(one.bytes, issued.get('ugo@prova.test'));
});

test('receipt reproduce says what is not there', async () => {
  const unknown = await pec('receipt', 'reproduce', 'pec.2@prova.test', '--kind', 'accettazione');
  assert.deepEqual(
    [unknown.code, unknown.remarks],
    [1, 'The message log knows no message pec.2@prova.test.'],
  );
  const none = await pec('receipt', 'reproduce', facts.identificativo, '--kind', 'avvenuta-consegna');
  assert.deepEqual([none.code, none.remarks], [1, 'No avvenuta-consegna was issued here for it.']);
  assert.equal((await pec('receipt', 'reproduce', 'x', '--kind', 'consegna')).code, 2);
});
