/**
 * The complete transaction of RFC 6109 §3.5 between two providers, sent by swaks and judged by openssl: acceptance,
 * envelope, taking in charge, delivery, and what either side's message log says of it.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openCertifiedMail } from '../support/certified-mail.ts';
import { waitFor } from '../support/run-program.ts';
import {
  fieldOf,
  pec,
  readMail,
  type SandboxProcess,
  type SandboxProvider,
  startSandboxProcess,
  waitForMail,
} from '../support/sandbox-process.ts';
import { sendBySwaks, swaksOptions } from '../support/swaks.ts';

let sandbox: SandboxProcess;
before(async () => {
  sandbox = await startSandboxProcess();
});
after(() => sandbox.stop());

/** What a provider's log says of a message, once `wanted` is in it. */
function waitForLog(provider: SandboxProvider, identificativo: string, wanted: RegExp): Promise<string> {
  let log = '';
  return waitFor(
    `${wanted} in the log of ${provider.name}`,
    async () => {
      log = await pec('log', 'show', identificativo, '--config', provider.config);
      return wanted.test(log) ? log : undefined;
    },
    { explain: () => log },
  );
}

test('from alfa to beta: every message of the transaction, and both logs', async (t) => {
  const { alfa, beta, ca } = sandbox;
  const mario = alfa.account('mario.rossi');
  const anna = beta.account('anna.bianchi');
  const sent = await sendBySwaks([
    ...[
      ...swaksOptions(mario),
      '--to',
      anna.address,
      '--header',
      'Subject: Diffida',
      '--body',
      'Si diffida.',
    ],
    ...['--attach-type', 'application/pdf', '--attach-name', 'diffida.pdf', '--attach', '%PDF-1.7 prova'],
  ]);
  const acceptance = await waitForMail(mario, 'ACCETTAZIONE: Diffida');
  const envelope = await waitForMail(anna, 'POSTA CERTIFICATA: Diffida');
  const delivery = await waitForMail(mario, 'CONSEGNA: Diffida');

  const accepted = await openCertifiedMail(t, acceptance, ca);
  const identificativo = await accepted.xpath('string(//identificativo)');
  assert.match(identificativo, /^[A-Za-z0-9.]+@alfa\.test$/);
  assert.equal(await accepted.xpath('string(//destinatari/@tipo)'), 'certificato');
  assert.equal(await accepted.xpath('string(//gestore-emittente)'), 'Gestore Alfa S.p.A.');

  const enclosed = await openCertifiedMail(t, envelope, ca);
  assert.equal(
    fieldOf(envelope, 'From'),
    '"Per conto di: mario.rossi@alfa.test" <posta-certificata@alfa.test>',
  );
  assert.equal(fieldOf(envelope, 'Return-Path'), '<mario.rossi@alfa.test>');
  assert.equal(await enclosed.xpath('string(//identificativo)'), identificativo);
  assert.match(fieldOf(envelope, 'Received') ?? '', /by localhost with ESMTPS\b/, 'beta took it over TLS');

  const delivered = await openCertifiedMail(t, delivery, ca);
  assert.equal(fieldOf(delivery, 'From'), 'posta-certificata@beta.test');
  assert.equal(await delivered.xpath('string(//gestore-emittente)'), 'Gestore Beta S.p.A.');
  assert.equal(await delivered.xpath('string(//identificativo)'), identificativo);
  assert.equal(await delivered.xpath('string(//msgid)'), sent.messageId);
  assert.deepEqual(delivered.postacert, enclosed.postacert);
  assert.ok(delivered.postacert?.includes(sent.message.subarray(sent.message.indexOf('\r\n\r\n'))));

  const alfaLog = await waitForLog(alfa, identificativo, /presa-in-carico/);
  assert.match(alfaLog, /accepted[\s\S]*relayed[\s\S]*anna\.bianchi@beta\.test/);
  assert.match(alfaLog, /notification-received.*avvenuta-consegna/);
  const betaLog = await waitForLog(beta, identificativo, /delivered/);
  assert.match(betaLog, /taken-in-charge[\s\S]*delivered/);
  assert.doesNotMatch(betaLog, /accepted/);
  assert.equal(
    (await readMail(mario)).length,
    2,
    'the taking in charge is between providers: not for the user',
  );
  assert.match(await pec('queue', 'list', '--config', alfa.config), /^The queue is empty\.$/m);
});

test('several recipients at both providers, some of whom cannot have it', async (t) => {
  const { alfa, beta, ca } = sandbox;
  const sender = beta.account('protocollo');
  const to = ['anna.bianchi@alfa.test', 'piena@alfa.test', 'mario.rossi@beta.test', 'nessuno@alfa.test'];
  await sendBySwaks([
    ...[...swaksOptions(sender, 'implicit'), '--to', to.join(','), '--header', 'Subject: Convocazione'],
    ...['--header', `To: ${to.slice(0, 3).join(', ')}`, '--header', 'Cc: nessuno@alfa.test'],
  ]);
  for (const recipient of ['anna.bianchi@alfa.test', 'mario.rossi@beta.test']) {
    const receipt = await waitForMail(sender, 'CONSEGNA: Convocazione', (message) =>
      message.toString('latin1').includes(`indirizzato a "${recipient}"`),
    );
    const opened = await openCertifiedMail(t, receipt, ca);
    assert.equal(await opened.xpath('string(//consegna)'), recipient);
  }
  for (const [recipient, status] of [
    ['piena@alfa.test', '5.2.2'],
    ['nessuno@alfa.test', '5.1.1'],
  ] as const) {
    const notice = await waitForMail(sender, 'AVVISO DI MANCATA CONSEGNA: Convocazione', (message) =>
      message.toString('latin1').includes(`destinato all'utente "${recipient}"`),
    );
    const opened = await openCertifiedMail(t, notice, ca);
    assert.equal(fieldOf(notice, 'From'), 'posta-certificata@alfa.test');
    assert.ok(
      (await opened.xpath('string(//errore-esteso)')).startsWith(`${status} - Gestore Alfa S.p.A. - `),
    );
  }
  const inbox = await readMail(alfa.account('anna.bianchi'));
  assert.equal(inbox.length, 1);
});

test('receipts as the sender wishes them: brief and concise', async (t) => {
  const { alfa, beta, ca } = sandbox;
  const mario = alfa.account('mario.rossi');
  const to = ['protocollo@beta.test', 'mario.rossi@beta.test'];
  for (const kind of ['breve', 'sintetica']) {
    await sendBySwaks([
      ...[...swaksOptions(mario), '--to', to.join(','), '--header', `Subject: Ricevuta ${kind}`],
      ...['--header', `To: ${to[0]}`, '--header', `Cc: ${to[1]}`, '--header', `X-TipoRicevuta: ${kind}`],
      ...['--attach-type', 'application/pdf', '--attach-name', 'atto.pdf', '--attach', '%PDF-1.7 atto'],
    ]);
    const envelope = await waitForMail(beta.account('protocollo'), `POSTA CERTIFICATA: Ricevuta ${kind}`);
    assert.equal(fieldOf(envelope, 'X-TipoRicevuta'), kind);
    const receiptFor = async (recipient: string) =>
      openCertifiedMail(
        t,
        await waitForMail(mario, `CONSEGNA: Ricevuta ${kind}`, (message) =>
          message.toString('latin1').includes(`indirizzato a "${recipient}"`),
        ),
        ca,
      );
    const first = await receiptFor(to[0] ?? '');
    assert.equal(await first.xpath('string(//ricevuta/@tipo)'), kind);
    if (kind === 'breve') assert.match(first.postacert?.toString('latin1') ?? '', /atto\.pdf\.hash/);
    else assert.equal(first.postacert, undefined);
    const copy = await receiptFor(to[1] ?? '');
    assert.equal(await copy.xpath('string(//ricevuta/@tipo)'), 'sintetica', 'a recipient in Cc');
    assert.equal(copy.postacert, undefined);
  }
});
