import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  deliverDue,
  findIncoherences,
  openPoints,
  readInbox,
  readLog,
  submit,
} from '../../support/point-parts.ts';
import { addTestMailbox } from '../../support/store.ts';

it('logs the take-in-charge of recipients here, and the whole transaction is coherent', async (t) => {
  const points = await openPoints(t);
  await submit(points, { to: ['anna@alfa.test', 'nessuno@alfa.test'] });
  await deliverDue(points);
  const log = await readLog(points);
  assert.deepEqual(log.map(({ type }) => type).sort(), [
    'accepted',
    'delivered',
    'not-delivered',
    'taken-in-charge',
  ]);
  const taken = log.find((event) => event.type === 'taken-in-charge');
  assert.deepEqual(taken?.takenInCharge, ['anna@alfa.test', 'nessuno@alfa.test']);
  assert.deepEqual(taken.generated, [], 'no message unless wanted');
  assert.deepEqual(await findIncoherences(points), []);
});

it('takes nothing in charge when nobody is here', async (t) => {
  const points = await openPoints(t);
  await submit(points, { to: ['luigi@beta.test', 'x@example.com'] });
  assert.deepEqual(
    (await readLog(points)).map(({ type }) => type),
    ['accepted'],
  );
});

it('sends the ricevuta di presa in carico to the own service mailbox when wanted', async (t) => {
  const points = await openPoints(t, { localTakeInCharge: true });
  await addTestMailbox(points, 'ricevute@alfa.test', 1);
  await submit(points, { to: ['anna@alfa.test', 'luigi@beta.test'] });
  await deliverDue(points);
  const [receipt = '', ...more] = await readInbox(points, 'ricevute@alfa.test');
  assert.equal(more.length, 0);
  assert.match(receipt, /^X-Ricevuta: presa-in-carico\r$/m);
  assert.match(receipt, /^To: ricevute@alfa\.test\r$/m);
  const taken = (await readLog(points)).find((event) => event.type === 'taken-in-charge');
  assert.deepEqual(taken?.takenInCharge, ['anna@alfa.test']);
  assert.equal(taken.generated[0]?.kind, 'take-in-charge-receipt');
  assert.deepEqual(
    (await findIncoherences(points)).filter(({ recipient }) => recipient !== 'luigi@beta.test'),
    [],
  );
});

it('refuses with a notice and stays coherent', async (t) => {
  const points = await openPoints(t);
  await submit(points, { to: ['anna@alfa.test'] }, { recipients: ['anna@alfa.test', 'ignoto@alfa.test'] });
  await deliverDue(points);
  assert.deepEqual(
    (await readLog(points)).map(({ type }) => type),
    ['refused'],
  );
  assert.deepEqual(await findIncoherences(points), []);
});
