import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MailError } from '../../../src/lib/mail-error.ts';
import { arrive } from '../../support/arrivals.ts';
import { attach, zip } from '../../support/attachments.ts';
import { buildMail, openPoints, readInbox, readLog, type TestPoints } from '../../support/point-parts.ts';

const to = ['anna@alfa.test'];

async function openForOrdinary(...[t]: Parameters<typeof openPoints>): Promise<TestPoints> {
  const points = await openPoints(t);
  await points.accounts.setDomain('alfa.test', { ordinaryMail: 'accept' });
  return points;
}

function arriveWith(points: TestPoints, lines?: readonly string[]): Promise<string> {
  const from = 'x@example.com';
  const bytes = buildMail({ from, to, ...(lines === undefined ? {} : { lines }) });
  return arrive(points, { bytes, from, to });
}

const warned: Record<string, { readonly lines: string[]; readonly words: RegExp }> = {
  'encrypted archives': {
    lines: attach('atti.zip', zip('atto.pdf', Buffer.from('%PDF'), true)),
    words: /archivi cifrati[^(]*\(atti\.zip\)/,
  },
  'documents with macros': {
    lines: attach('conti.xlsm', zip('xl/vbaProject.bin', Buffer.from('x'))),
    words: /documenti con macro[^(]*\(conti\.xlsm\)/,
  },
};

for (const [what, { lines, words }] of Object.entries(warned))
  it(`warns of ${what} in the readable text of the anomaly envelope`, async (t) => {
    const points = await openForOrdinary(t);
    await arriveWith(points, lines);
    const [envelope = ''] = await readInbox(points, 'anna@alfa.test');
    const readable = envelope.slice(0, envelope.indexOf('postacert.eml')).replace(/=\r\n/g, '');
    assert.match(readable.replace(/=E8/g, 'è').replace(/\s+/g, ' '), words);
    const [event] = await readLog(points);
    const [generated] = event?.generated ?? [];
    assert.ok(
      generated?.kind === 'anomaly-envelope' && generated.warnings?.length === 1,
      'kept to write it again',
    );
  });

it('says nothing about attachments that hide nothing, and changes no byte of what came', async (t) => {
  const points = await openForOrdinary(t);
  const lines = attach('atti.zip', zip('atto.pdf', Buffer.from('%PDF')));
  await arriveWith(points, lines);
  const [envelope = ''] = await readInbox(points, 'anna@alfa.test');
  assert.doesNotMatch(envelope, /ATTENZIONE|WARNING/);
  const sent = buildMail({ from: 'x@example.com', to, lines }).toString('latin1');
  assert.ok(envelope.includes(sent));
});

it('takes attachments from outside that a user here may not send', async (t) => {
  const points = await openForOrdinary(t);
  await arriveWith(points, attach('programma.exe', Buffer.from('MZ')));
  assert.equal((await readInbox(points, 'anna@alfa.test')).length, 1);
});

it('refuses ordinary mail where nobody asked for it', async (t) => {
  const points = await openPoints(t);
  await assert.rejects(arriveWith(points), MailError);
  assert.deepEqual(
    (await readLog(points)).map(({ type }) => type),
    ['ordinary-refused'],
  );
});
