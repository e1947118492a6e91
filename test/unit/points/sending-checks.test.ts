import assert from 'node:assert/strict';
import { it, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { MailError } from '../../../src/lib/mail-error.ts';
import { attach, zip } from '../../support/attachments.ts';
import {
  deliverDue,
  findIncoherences,
  openPoints,
  readInbox,
  readLog,
  submit,
  type TestPoints,
} from '../../support/point-parts.ts';

const anna = ['anna@alfa.test'];
const program = Buffer.concat([Buffer.from('MZ\x90'), Buffer.alloc(100)]);

async function findRefusals(points: TestPoints): Promise<string[]> {
  const log = await readLog(points);
  return log.flatMap((event) => (event.type === 'refused' ? event.reasons.map(({ code }) => code) : []));
}

const forbidden: Record<string, string[]> = {
  'by its name': attach('fattura.exe', Buffer.from('niente')),
  'under another name': attach('fattura.pdf', program),
  'in an archive': attach('fattura.zip', zip('fattura.js', Buffer.from('alert()'))),
  'renamed in an archive': attach('fattura.zip', zip('fattura.pdf', program)),
  'in a compressed archive inside an enclosed message': [
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="pec"',
    '',
    '--pec',
    'Content-Type: message/rfc822; name="postacert.eml"',
    '',
    'Subject: dentro',
    ...attach('dentro.gz', gzipSync(zip('x.vbs', Buffer.from('x')))),
    '--pec--',
  ],
  'in an enclosed message that stands in base64': attach(
    'postacert.eml',
    Buffer.from(['Subject: dentro', ...attach('x.cmd', Buffer.from('x')), ''].join('\r\n')),
    'message/rfc822',
  ),
};

for (const [how, lines] of Object.entries(forbidden))
  it(`refuses a forbidden attachment ${how}`, async (t) => {
    const points = await openPoints(t);
    await submit(points, { to: anna, lines });
    assert.deepEqual(await findRefusals(points), ['forbidden-attachment']);
    const [notice = ''] = await readInbox(points, 'mario@alfa.test');
    assert.match(notice, /^X-Ricevuta: non-accettazione\r$/m);
    assert.match(notice, /allegati di un tipo non ammesso/);
    assert.deepEqual(await readInbox(points, 'anna@alfa.test'), []);
  });

it('lets other attachments pass, big ones in many chunks too, and those the provider allows', async (t) => {
  const points = await openPoints(t);
  await submit(points, { to: anna, lines: attach('atto.zip', zip('atto.pdf', Buffer.from('%PDF'))) });
  await submit(points, { to: anna, lines: attach('foto.jpg', Buffer.alloc(300_000, 0xff)) });
  await submit(points, { to: anna, lines: attach('grande.zip', zip('a.bin', Buffer.alloc(500_000, 7))) });
  assert.deepEqual(await findRefusals(points), []);
  const allowing = await openPoints(t, { forbiddenExtensions: ['bat'] });
  await submit(allowing, { to: anna, lines: attach('programma.exe', program) });
  assert.deepEqual(await findRefusals(allowing), []);
});

it('refuses a forbidden member of a big archive that is kept in the blob store', async (t) => {
  const points = await openPoints(t);
  const noise = Buffer.alloc(200_000);
  for (let i = 0; i < noise.length; i++) noise[i] = (i * i * 31 + (i >> 3)) & 0xff;
  const lines = attach('a.zip', zip('interno.zip', zip('x.exe', noise)));
  await submit(points, { to: anna, lines });
  assert.deepEqual(await findRefusals(points), ['forbidden-attachment']);
});

it('a domain for certified recipients only refuses ordinary ones', async (t) => {
  const points = await openPoints(t);
  await points.accounts.setDomain('alfa.test', { certifiedOnly: true });
  await submit(points, { to: ['anna@alfa.test', 'x@example.com'] });
  assert.deepEqual(await findRefusals(points), ['certified-recipients-only']);
  await submit(points, { to: ['anna@alfa.test', 'luigi@beta.test'] });
  assert.equal((await readLog(points)).filter(({ type }) => type === 'accepted').length, 1);
});

it('a closed group writes to its members only, its own domain when named', async (t) => {
  const points = await openPoints(t);
  await points.accounts.setDomain('alfa.test', { closedGroup: ['beta.test'] });
  await submit(points, { to: ['luigi@beta.test'] });
  await submit(points, { to: ['anna@alfa.test'] });
  assert.deepEqual(await findRefusals(points), ['closed-group']);
  await points.accounts.setDomain('alfa.test', { closedGroup: ['beta.test', 'ALFA.test'] });
  await submit(points, { to: anna });
  assert.deepEqual(await findRefusals(points), ['closed-group']);
});

it('a session that is older than a block of its mailbox or domain sends nothing', async (t) => {
  const points = await openPoints(t);
  await points.accounts.setMailbox('mario@alfa.test', { sendingBlocked: { reason: 'compromessa' } });
  await submit(points, { to: anna });
  await points.accounts.setMailbox('mario@alfa.test', { sendingBlocked: null });
  await points.accounts.setDomain('alfa.test', { suspended: true });
  await submit(points, { to: anna });
  await points.accounts.setDomain('alfa.test', { suspended: false });
  await submit(points, { to: anna });
  assert.deepEqual(await findRefusals(points), ['sending-blocked', 'sending-blocked']);
  await deliverDue(points);
  assert.deepEqual(await findIncoherences(points), []);
  const inbox = await readInbox(points, 'mario@alfa.test');
  assert.equal(inbox.length, 4, 'two notices, a receipt of acceptance, one of delivery');
});

const isRateError = (check: (error: MailError) => boolean) => (error: unknown) =>
  error instanceof MailError && check(error);

async function openLimited(t: TestContext, perHour: number) {
  const points = await openPoints(t);
  await points.accounts.setMailbox('mario@alfa.test', { recipientsPerHour: perHour });
  return points;
}

it('a mailbox at its rate is told when to go on, and can then', async (t) => {
  const points = await openLimited(t, 3);
  await submit(points, { to: ['anna@alfa.test', 'x@beta.test'] });
  await assert.rejects(
    submit(points, { to: ['anna@alfa.test', 'x@beta.test'] }),
    isRateError(
      ({ kind, smtp, publicText }) =>
        kind === 'temporary' &&
        smtp.code === 451 &&
        / after 21\/11\/2026 11:15:00 \(\+0100\)/.test(publicText),
    ),
  );
  await submit(points, { to: anna });
  assert.equal((await readLog(points)).filter(({ type }) => type === 'accepted').length, 2);
  points.time.now += 3_600_000;
  await assert.rejects(submit(points, { to: anna }), MailError);
  points.time.now += 300_000;
  await submit(points, { to: anna });
});

it('a message with more recipients than the limit is refused for good', async (t) => {
  const points = await openLimited(t, 1);
  await assert.rejects(
    submit(points, { to: ['anna@alfa.test', 'x@beta.test'] }),
    isRateError(({ kind, smtp }) => kind === 'permanent' && smtp.code === 550),
  );
});

it('two sessions cannot both take the last of the rate', async (t) => {
  const points = await openLimited(t, 1);
  const results = await Promise.allSettled([
    submit(points, { to: anna }),
    submit(points, { to: ['x@beta.test'] }),
  ]);
  assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
});

it("the provider's limit holds for mailboxes without one, by the day, and refusals do not count", async (t) => {
  const points = await openPoints(t, { sendingLimits: { perHour: undefined, perDay: 1 } });
  await submit(points, { to: anna, lines: attach('x.exe', program) });
  await submit(points, { to: anna });
  points.time.now += 23 * 3_600_000;
  await assert.rejects(submit(points, { to: anna }), MailError);
  await points.accounts.setMailbox('mario@alfa.test', { recipientsPerDay: 2 });
  await submit(points, { to: anna });
});
