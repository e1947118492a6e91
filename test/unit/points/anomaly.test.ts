import assert from 'node:assert/strict';
import { it } from 'node:test';
import { MailError } from '../../../src/lib/mail-error.ts';
import type { OriginQuestion } from '../../../src/origin/origin-check.ts';
import { arrive, buildEnvelope } from '../../support/arrivals.ts';
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

it('tells what is known of the origin, above its own trace field and in the log', async (t) => {
  const asked: OriginQuestion[] = [];
  const results = {
    spf: { result: 'pass', domain: 'example.com' },
    dkim: [],
    dmarc: { result: 'fail', domain: 'example.com', policy: 'reject' },
  };
  const check = async (question: OriginQuestion) => {
    asked.push(question);
    return results;
  };
  const points = await openPoints(t, { ordinaryMail: 'accept', origin: { check } });
  await arriveWith(points);
  const [question] = asked;
  assert.deepEqual([question?.address, question?.reversePath], ['192.0.2.25', 'x@example.com']);
  const [envelope = ''] = await readInbox(points, 'anna@alfa.test');
  assert.match(
    envelope,
    /^Return-Path: <x@example\.com>\r\nAuthentication-Results: mx\.alfa\.test;\r\n\tspf=pass [^\r]+\r\n\tdkim=none;\r\n\tdmarc=fail [^\r]+\r\nReceived: /,
  );
  const [event] = await readLog(points);
  assert.deepEqual(event?.type === 'anomaly' && event.origin, results);
});

it('asks nothing about what is refused, or comes from a provider', async (t) => {
  const check = () => assert.fail('asked');
  const points = await openPoints(t, { origin: { check } });
  await assert.rejects(arriveWith(points), MailError);
  const bytes = await buildEnvelope(points, { to });
  await arrive(points, { bytes, from: 'luigi@beta.test', to });
  const malformed = bytes.toString('latin1').replace('X-Trasporto: posta-certificata\r\n', '');
  await arrive(points, { bytes: Buffer.from(malformed, 'latin1'), from: 'luigi@beta.test', to });
  const log = await readLog(points);
  assert.deepEqual(
    log.map(({ type }) => type),
    ['ordinary-refused', 'taken-in-charge', 'anomaly'],
  );
});
