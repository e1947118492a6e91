import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MailError } from '../../../src/lib/mail-error.ts';
import { arrive, buildEnvelope } from '../../support/arrivals.ts';
import { buildMail, deliverDue, openPoints, readInbox, readLog, submit } from '../../support/point-parts.ts';
import { addTestMailbox } from '../../support/store.ts';

const anna = ['anna@alfa.test'];

it('an envelope from outside the group is taken in charge, and fails with a notice', async (t) => {
  const points = await openPoints(t);
  await points.accounts.setDomain('alfa.test', { closedGroup: ['comune.test'] });
  const from = 'luigi@beta.test';
  await arrive(points, { bytes: await buildEnvelope(points, { to: anna }), from, to: anna });
  await deliverDue(points);
  const log = await readLog(points);
  assert.deepEqual(
    log.map(({ type }) => type),
    ['taken-in-charge', 'not-delivered'],
  );
  const failed = log.find((event) => event.type === 'not-delivered');
  assert.deepEqual([failed?.failure.error, failed?.failure.status], ['altro', '5.7.1']);
  assert.deepEqual(await readInbox(points, 'anna@alfa.test'), []);
});

it('an envelope from inside the group is delivered', async (t) => {
  const points = await openPoints(t);
  await points.accounts.setDomain('alfa.test', { closedGroup: ['beta.test'] });
  const from = 'luigi@beta.test';
  await arrive(points, { bytes: await buildEnvelope(points, { to: anna }), from, to: anna });
  await deliverDue(points);
  assert.equal((await readInbox(points, 'anna@alfa.test')).length, 1);
});

it('holds between domains of one provider', async (t) => {
  const points = await openPoints(t);
  await addTestMailbox(points, 'ufficio@gamma.test');
  await points.accounts.setDomain('gamma.test', { closedGroup: ['beta.test'] });
  await submit(points, { to: ['ufficio@gamma.test'] });
  await deliverDue(points);
  assert.deepEqual(await readInbox(points, 'ufficio@gamma.test'), []);
  const [, notice = ''] = await readInbox(points, 'mario@alfa.test');
  assert.match(notice, /^X-Ricevuta: errore-consegna\r$/m);
  assert.match(notice, /gruppo chiuso/);
});

it('takes no ordinary mail, whatever the mailbox says', async (t) => {
  const points = await openPoints(t);
  await points.accounts.setMailbox('anna@alfa.test', { ordinaryMail: 'accept' });
  const mail = { bytes: buildMail({ from: 'x@beta.test', to: anna }), from: 'x@beta.test', to: anna };
  await arrive(points, mail);
  await points.accounts.setDomain('alfa.test', { closedGroup: ['beta.test'] });
  await assert.rejects(
    arrive(points, mail),
    (error) => error instanceof MailError && error.smtp.code === 550,
  );
  assert.equal((await readInbox(points, 'anna@alfa.test')).length, 1);
});
