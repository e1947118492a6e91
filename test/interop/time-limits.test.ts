/** The limits of twelve and twenty-four hours, seen in the sandbox by moving its clock (RFC 6109 §3.1.6). */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openCertifiedMail } from '../support/certified-mail.ts';
import {
  fieldOf,
  pec,
  readMail,
  runPec,
  type SandboxProcess,
  startSandboxProcess,
  subjectOf,
  waitForMail,
} from '../support/sandbox-process.ts';
import { sendBySwaks, swaksOptions } from '../support/swaks.ts';

let sandbox: SandboxProcess;
before(async () => {
  sandbox = await startSandboxProcess();
});
after(() => sandbox.stop());

const prefix = 'AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO: ';

test('nobody answers: a notice after twelve hours, the last one before the day is over', async (t) => {
  const mario = sandbox.alfa.account('mario.rossi');
  const to = ['chiunque@assente.test', 'anna.bianchi@beta.test'];
  const sent = await sendBySwaks([
    ...[...swaksOptions(mario), '--to', to.join(','), '--header', 'Subject: Senza risposta'],
  ]);
  await waitForMail(mario, 'CONSEGNA: Senza risposta');
  const advance = (by: string) => pec('sandbox', 'advance', by, '--folder', sandbox.folder);
  const notices = async () => (await readMail(mario)).filter((each) => subjectOf(each).startsWith(prefix));

  await advance('11h');
  await sendBySwaks([...swaksOptions(mario), '--to', mario.address, '--header', 'Subject: Undici ore dopo']);
  await waitForMail(mario, 'CONSEGNA: Undici ore dopo');
  assert.equal((await notices()).length, 0, 'eleven hours are not twelve');

  await advance('2h');
  const first = await waitForMail(mario, `${prefix}Senza risposta`);
  const opened = await openCertifiedMail(t, first, sandbox.ca);
  assert.equal(fieldOf(first, 'X-Ricevuta'), 'preavviso-errore-consegna');
  assert.equal(fieldOf(first, 'X-Riferimento-Message-ID'), sent.messageId);
  assert.equal(await opened.xpath('string(//consegna)'), to[0]);
  assert.match(opened.text, /non è stato consegnato nelle prime dodici ore/);

  await advance('11h');
  const last = await waitForMail(mario, `${prefix}Senza risposta`, (message) =>
    message.includes('ventiquattro'),
  );
  const closed = await openCertifiedMail(t, last, sandbox.ca);
  assert.match(closed.text, /ventiquattro ore successive al suo invio/);
  assert.match(await closed.xpath('string(//errore-esteso)'), /^5\.4\.1 - Gestore Alfa S\.p\.A\. - /);
  assert.equal((await notices()).length, 2, 'none for the recipient who has it');

  await advance('48h');
  await sendBySwaks([...swaksOptions(mario), '--to', mario.address, '--header', 'Subject: Tre giorni dopo']);
  await waitForMail(mario, 'CONSEGNA: Tre giorni dopo');
  assert.equal((await notices()).length, 2, 'the transaction is closed');
  assert.match(await pec('queue', 'list', '--config', sandbox.alfa.config), /The queue is empty/);
});

test('the clock of a sandbox that is not there cannot be moved', async () => {
  const { status, text } = await runPec([
    'sandbox',
    'advance',
    '1h',
    '--folder',
    `${sandbox.folder}/altrove`,
  ]);
  assert.equal(status, 1, text);
  assert.match(text, /There is no sandbox in/);
  assert.equal((await runPec(['sandbox', 'advance', 'domani', '--folder', sandbox.folder])).status, 2);
});
