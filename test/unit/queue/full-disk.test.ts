/** What was in hand when the disk was full is not left to the end of its lease. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { addContent } from '../../../src/content/content.ts';
import { createFailingDatabase } from '../../../src/db/fail.ts';
import type { DeliveryPoint } from '../../../src/points/delivery-point.ts';
import { startDeliveryWorker } from '../../../src/points/delivery-worker.ts';
import { createRelayOutcome } from '../../../src/points/relay-outcome.ts';
import { enqueue } from '../../../src/queue/outgoing.ts';
import { insertPecMessage, insertRecipients } from '../../../src/queue/pec-messages.ts';
import { startQueueRunner } from '../../../src/queue/queue-runner.ts';
import type { Relay } from '../../../src/relay/relay.ts';
import { buildTestParts } from '../../support/point-parts.ts';
import { openStore, type TestStore } from '../../support/store.ts';

const minute = 60_000;
const facts = {
  identificativo: 'pec.1@alfa.test',
  msgid: '<1@client.test>',
  sender: 'mario.rossi@alfa.test',
  recipients: [{ address: 'anna.bianchi@alfa.test', certified: true }],
  replyTo: 'mario.rossi@alfa.test',
  subject: 'x',
} as const;

/** A store whose rows can be made to fail, timers in hand, and time that passes by seconds. */
function setUp(t: TestContext) {
  const store = openStore(t);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const db = createFailingDatabase(store.db);
  const parts = buildTestParts({ ...store, db } as TestStore);
  const heard: string[] = [];
  const onError = (error: unknown) => heard.push(String(error));
  async function pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1000) {
      store.time.now += 1000;
      t.mock.timers.tick(1000);
      for (let turns = 0; turns < 20; turns++) await nextTurn();
    }
  }
  return { store, db, parts, heard, onError, pass };
}

async function addMessage({ db, clock }: TestStore): Promise<{ messageId: number; contentId: number }> {
  return db.transact(async (tx) => {
    const contentId = await addContent(tx, [Buffer.from('Subject: x\r\n\r\nx\r\n')]);
    const messageId = await insertPecMessage(tx, {
      direction: 'outgoing',
      node: 'n1',
      at: clock(),
      senderProvider: 'Alfa',
      mailReceipt: '',
      facts,
      receiptKind: 'completa',
      envelopeId: contentId,
      envelopeSize: 17,
      eightBit: false,
      original: { start: 0, end: 17 },
      fingerprint: undefined,
    });
    return { messageId, contentId };
  });
}

test('a delivery that cannot even be put back is tried again when there is room', async (t) => {
  const { store, db, parts, heard, onError, pass } = setUp(t);
  const { messageId } = await addMessage(store);
  await db.transact((tx) =>
    insertRecipients(tx, messageId, [
      {
        address: 'anna.bianchi@alfa.test',
        certified: true,
        local: true,
        receiptKind: 'completa',
        state: 'accepted',
        takenAt: undefined,
        nextAt: store.clock(),
        lease: undefined,
      },
    ]),
  );
  let tries = 0;
  const deliver = async () => {
    tries += 1;
    if (tries > 1) return;
    db.failNext('commit', { times: 3 });
    throw new Error('the disk is full');
  };
  const deliveryPoint: DeliveryPoint = { deliver, deliverEnvelope: deliver };
  const worker = await startDeliveryWorker({ parts, deliveryPoint, concurrency: 2, onError });
  await pass(2 * minute);
  await worker.stop();
  assert.ok(tries > 1, `tried ${tries} times: ${heard.join('; ')}`);
  assert.equal(heard.length, 4);
});

test('what a peer answered is written when there is room, and the peer is not asked again', async (t) => {
  const { store, db, parts, heard, onError, pass } = setUp(t);
  const { messageId, contentId } = await addMessage(store);
  await db.transact((tx) =>
    enqueue(tx, [
      {
        node: 'n1',
        kind: 'envelope',
        identificativo: facts.identificativo,
        messageId,
        mailId: '<pec.1@alfa.test>',
        contentId,
        skip: 0,
        size: 17,
        eightBit: false,
        reversePath: facts.sender,
        recipient: 'anna.verdi@beta.test',
        domain: 'beta.test',
        certified: true,
        queuedAt: store.clock(),
        expiresAt: store.clock() + 24 * 60 * minute,
      },
    ]),
  );
  let asked = 0;
  const relay: Relay = {
    async deliver({ recipients }) {
      asked += 1;
      db.failNext('commit', { times: 3 });
      return recipients.map((recipient) => ({
        recipient,
        outcome: 'delivered',
        code: 250,
        enhanced: '2.0.0',
        text: 'taken',
      }));
    },
    close: async () => undefined,
  };
  const { settle } = createRelayOutcome({ parts, onLost: () => assert.fail('nothing is lost') });
  const runner = await startQueueRunner({
    db,
    relay,
    clock: store.clock,
    owner: 'n1',
    concurrency: 2,
    settle,
    onError,
  });
  await pass(2 * minute);
  await runner.stop();
  const left = await db.read((tx) => tx.all('SELECT id FROM outgoing'));
  assert.deepEqual({ asked, left }, { asked: 1, left: [] }, heard.join('; '));
  assert.equal(heard.length, 3);
});
