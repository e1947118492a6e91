import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { monthsBefore } from '../../../src/lib/time.ts';
import { listInfected } from '../../../src/message-log/infected.ts';
import { startHousekeeping } from '../../../src/points/housekeeping.ts';
import { makeServiceMailbox } from '../../../src/points/service-mailbox.ts';
import { findPecMessage } from '../../../src/queue/pec-messages.ts';
import { deliverDue, openPoints, readInbox, submit, type TestPoints } from '../../support/point-parts.ts';

const day = 24 * 3_600_000;
const retention = { logMonths: 30, infectedMonths: 30, envelopeDays: 30, removedMailboxDays: 30 };
const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-', 'ANTIVIRUS-TEST-FILE!$H+H*'].join('');
const big = ['', 'x'.repeat(70), ...new Array<string>(700).fill('y'.repeat(70))];

/** One round of all tasks: its first, in a process of its own. */
async function keepHouse(points: TestPoints): Promise<void> {
  const errors: unknown[] = [];
  const { parts, accounts } = points;
  const runner = startHousekeeping({ parts, accounts, retention, onError: (error) => errors.push(error) });
  await Promise.resolve(); // its round begins
  await runner.stop();
  assert.deepEqual(errors, []);
}

const countBlobs = async ({ blobs }: TestPoints) => (await Array.fromAsync(blobs.list())).length;

async function findEnvelope(points: TestPoints, identificativo: string) {
  return points.db.read((tx) => findPecMessage(tx, 'outgoing', identificativo));
}

async function openWithMessage(t: TestContext, to: readonly string[]) {
  const points = await openPoints(t);
  const { identificativo } = await submit(points, { to, lines: big });
  await deliverDue(points);
  return { points, identificativo };
}

it('lets go of the envelope of a closed message; mailboxes keep theirs', async (t) => {
  const { points, identificativo } = await openWithMessage(t, ['anna@alfa.test']);
  points.time.now += 29 * day;
  await keepHouse(points);
  assert.notEqual((await findEnvelope(points, identificativo))?.envelopeId, undefined);
  points.time.now += 2 * day;
  await keepHouse(points);
  const message = await findEnvelope(points, identificativo);
  assert.ok(message !== undefined && message.envelopeId === undefined);
  points.time.now += day;
  await keepHouse(points);
  assert.equal((await readInbox(points, 'anna@alfa.test')).length, 1);
  assert.equal(await countBlobs(points), 1, 'of the original, in the mailbox');
});

it('keeps what is under way, however old', async (t) => {
  const { points, identificativo } = await openWithMessage(t, ['anna@alfa.test', 'luigi@beta.test']);
  points.time.now += 4000 * day;
  await keepHouse(points);
  assert.notEqual((await findEnvelope(points, identificativo))?.envelopeId, undefined);
});

it('forgets closed messages, infected mail and known notifications after thirty months', async (t) => {
  const { points, identificativo } = await openWithMessage(t, ['anna@alfa.test']);
  await submit(points, { to: ['anna@alfa.test'], lines: ['', eicar, ...big] });
  const began = points.time.now;
  await points.db.transact((tx) =>
    tx.run(`INSERT INTO notification_received VALUES ('<a@b.test>', 1, ${began})`),
  );
  const count = async () => ({
    message: (await findEnvelope(points, identificativo)) !== undefined,
    infected: (await points.db.read((tx) => listInfected(tx, { afterId: 0, limit: 10 }))).length,
    notifications: (await points.db.read((tx) => tx.all('SELECT * FROM notification_received'))).length,
  });
  points.time.now = began + 29 * 30 * day;
  await keepHouse(points);
  assert.deepEqual(await count(), { message: true, infected: 1, notifications: 1 });
  points.time.now = began + 31 * 31 * day;
  assert.equal(await countBlobs(points), 2);
  await keepHouse(points);
  assert.deepEqual(await count(), { message: false, infected: 0, notifications: 0 });
  points.time.now += day;
  await keepHouse(points);
  assert.equal(await countBlobs(points), 1, 'only what stands in the mailbox');
});

it('forgets after ninety days which message a sender’s copy is of', async (t) => {
  const { points } = await openWithMessage(t, ['anna@alfa.test']);
  const began = points.time.now;
  const count = async () => (await points.db.read((tx) => tx.all('SELECT * FROM submission'))).length;
  points.time.now = began + 90 * day;
  await keepHouse(points);
  assert.equal(await count(), 1);
  points.time.now = began + 91 * day;
  await keepHouse(points);
  assert.equal(await count(), 0);
});

it('empties removed mailboxes, and their bytes go', async (t) => {
  const { points } = await openWithMessage(t, ['anna@alfa.test']);
  await points.accounts.removeMailbox('anna@alfa.test');
  await points.accounts.removeMailbox('mario@alfa.test');
  points.time.now += 31 * day;
  await keepHouse(points);
  points.time.now += day;
  await keepHouse(points);
  assert.equal(await countBlobs(points), 0);
});

it('makes the service mailbox once its domain is set up, and only once', async (t) => {
  const points = await openPoints(t, { mailReceipt: () => 'ricevute@nuovo.test' });
  const make = () => makeServiceMailbox(points.parts, points.accounts);
  assert.equal(await make(), false);
  await points.accounts.addDomain('nuovo.test');
  assert.equal(await make(), true);
  assert.equal(await make(), false);
  assert.equal(await points.accounts.authenticate('ricevute@nuovo.test', ''), undefined);
  await points.accounts.setPassword('ricevute@nuovo.test', 'scelta dal gestore');
  assert.ok(await points.accounts.authenticate('ricevute@nuovo.test', 'scelta dal gestore'));
  await points.accounts.removeMailbox('ricevute@nuovo.test');
  assert.equal(await make(), false, 'removed on purpose');
});

it('housekeeping makes the service mailbox too', async (t) => {
  const points = await openPoints(t);
  await keepHouse(points);
  assert.ok(await points.accounts.findMailbox('ricevute@alfa.test'));
});

it('counts months by the calendar', () => {
  const show = (text: string, months: number) =>
    new Date(monthsBefore(Date.parse(text), months)).toISOString();
  assert.equal(show('2026-11-22T10:00:00Z', 30), '2024-05-22T10:00:00.000Z');
  assert.equal(show('2026-08-31T10:00:00Z', 30), '2024-02-29T10:00:00.000Z');
  assert.equal(show('2026-01-31T00:00:00Z', 1), '2025-12-31T00:00:00.000Z');
});
