/**
 * The first hour of a stranger: one message by swaks between two mailboxes of one provider. Receipts and envelope are
 * judged by openssl and xmllint, and the original must be in them byte for byte.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openCertifiedMail, opensslAccepts } from '../support/certified-mail.ts';
import {
  fieldOf,
  pec,
  readMail,
  root,
  type SandboxProcess,
  startSandboxProcess,
  waitForMail,
} from '../support/sandbox-process.ts';
import { type SentBySwaks, sendBySwaks, swaksOptions, trySwaks } from '../support/swaks.ts';

let sandbox: SandboxProcess;
before(async () => {
  sandbox = await startSandboxProcess();
});
after(() => sandbox.stop());

/** What must stand in envelope and receipt: the Message-ID replaced, the old one named last in the header. */
function withIdentifier({ message, messageId }: SentBySwaks, identificativo: string): Buffer {
  const text = message.toString('latin1').replace(messageId, `<${identificativo}>`);
  const blank = text.indexOf('\r\n\r\n') + 2;
  const reference = `X-Riferimento-Message-ID: ${messageId}\r\n`;
  return Buffer.from(text.slice(0, blank) + reference + text.slice(blank), 'latin1');
}

test('a message with an attachment: acceptance, envelope, delivery', async (t) => {
  const mario = sandbox.alfa.account('mario.rossi');
  const anna = sandbox.alfa.account('anna.bianchi');
  const sent = await sendBySwaks([
    ...[...swaksOptions(mario), '--to', anna.address],
    ...['--header', 'Subject: Offerta per la gara', '--body', 'Buongiorno,\n.\n..due punti\nFrom qui'],
    ...['--attach-type', 'text/plain', '--attach', `@${root}/LICENSE`],
  ]);
  const acceptance = await waitForMail(mario, 'ACCETTAZIONE: Offerta per la gara');
  const delivery = await waitForMail(mario, 'CONSEGNA: Offerta per la gara');
  const envelope = await waitForMail(anna, 'POSTA CERTIFICATA: Offerta per la gara');

  const accepted = await openCertifiedMail(t, acceptance, sandbox.ca);
  const identificativo = await accepted.xpath('string(//identificativo)');
  assert.equal(fieldOf(acceptance, 'X-Ricevuta'), 'accettazione');
  assert.equal(fieldOf(acceptance, 'X-Riferimento-Message-ID'), sent.messageId);
  assert.equal(await accepted.xpath('string(//msgid)'), sent.messageId);
  assert.equal(await accepted.xpath('string(/postacert/@tipo)'), 'accettazione');
  assert.match(accepted.text, /^-- Ricevuta di accettazione --/);
  assert.match(accepted.text, /anna\.bianchi@alfa\.test \("posta certificata"\)/);
  assert.equal(accepted.postacert, undefined);

  const enclosed = await openCertifiedMail(t, envelope, sandbox.ca);
  assert.equal(fieldOf(envelope, 'X-Trasporto'), 'posta-certificata');
  assert.equal(fieldOf(envelope, 'Message-ID'), `<${identificativo}>`);
  assert.equal(
    fieldOf(envelope, 'From'),
    '"Per conto di: mario.rossi@alfa.test" <posta-certificata@alfa.test>',
  );
  assert.equal(fieldOf(envelope, 'Reply-To'), mario.address);
  assert.equal(await enclosed.xpath('string(//ricevuta/@tipo)'), 'completa');
  const expected = withIdentifier(sent, identificativo).toString('latin1');
  assert.equal(enclosed.postacert?.toString('latin1'), expected);

  const delivered = await openCertifiedMail(t, delivery, sandbox.ca);
  assert.equal(fieldOf(delivery, 'X-Ricevuta'), 'avvenuta-consegna');
  assert.equal(await delivered.xpath('string(//consegna)'), anna.address);
  assert.equal(await delivered.xpath('string(//identificativo)'), identificativo);
  assert.equal(delivered.postacert?.toString('latin1'), expected);

  assert.equal((await readMail(mario)).length, 2, 'the sender has the two receipts and nothing else');
  assert.equal((await readMail(anna)).length, 1, 'the recipient has the envelope and nothing else');
});

test('openssl would notice one changed letter', async (t) => {
  const { alfa, ca } = sandbox;
  await sendBySwaks([
    ...swaksOptions(alfa.account('protocollo')),
    '--to',
    alfa.account('protocollo').address,
  ]);
  const receipt = await waitForMail(alfa.account('protocollo'), 'ACCETTAZIONE');
  assert.ok(await opensslAccepts(t, receipt, ca));
  const altered = Buffer.from(
    receipt.toString('latin1').replace('stato accettato', 'stato Accettato'),
    'latin1',
  );
  assert.notDeepEqual(altered, receipt);
  assert.ok(!(await opensslAccepts(t, altered, ca)));
});

test('a full mailbox and an unknown one: notices of non-delivery that say why', async (t) => {
  const { alfa, ca } = sandbox;
  const mario = alfa.account('mario.rossi');
  const to = ['piena@alfa.test', 'nessuno@alfa.test'];
  const sent = await sendBySwaks([
    ...swaksOptions(mario, 'implicit'),
    ...['--to', to.join(','), '--header', 'Subject: Due problemi'],
  ]);
  for (const [recipient, status] of [
    ['piena@alfa.test', '5.2.2'],
    ['nessuno@alfa.test', '5.1.1'],
  ] as const) {
    const notice = await waitForMail(mario, 'AVVISO DI MANCATA CONSEGNA: Due problemi', (message) =>
      message.toString('latin1').includes(`destinato all'utente "${recipient}"`),
    );
    const opened = await openCertifiedMail(t, notice, ca);
    assert.equal(await opened.xpath('string(//consegna)'), recipient);
    assert.equal(await opened.xpath('string(//msgid)'), sent.messageId);
    assert.ok(
      (await opened.xpath('string(//errore-esteso)')).startsWith(`${status} - Gestore Alfa S.p.A. - `),
    );
  }
});

test('a recipient who stands in no header: refused with a notice, nobody gets the message', async (t) => {
  const { alfa, ca } = sandbox;
  const mario = alfa.account('mario.rossi');
  const before = (await readMail(alfa.account('anna.bianchi'))).length;
  await sendBySwaks([
    ...[...swaksOptions(mario), '--to', 'anna.bianchi@alfa.test'],
    ...['--header', 'Subject: Copia nascosta', '--header', 'To: protocollo@alfa.test'],
  ]);
  const notice = await waitForMail(mario, 'AVVISO DI NON ACCETTAZIONE: Copia nascosta');
  const opened = await openCertifiedMail(t, notice, ca);
  assert.match(opened.text, /Il messaggio non è stato accettato/);
  assert.equal((await readMail(alfa.account('anna.bianchi'))).length, before);
});

test('a virus: refused with a notice', async (t) => {
  const { alfa, ca } = sandbox;
  const mario = alfa.account('mario.rossi');
  const eicar = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'].join('');
  await sendBySwaks([
    ...[...swaksOptions(mario), '--to', 'anna.bianchi@alfa.test', '--header', 'Subject: Allegato'],
    ...['--attach-type', 'application/pdf', '--attach', eicar],
  ]);
  const notice = await waitForMail(mario, 'AVVISO DI NON ACCETTAZIONE PER VIRUS: Allegato');
  assert.equal(await (await openCertifiedMail(t, notice, ca)).xpath('string(/postacert/@errore)'), 'virus');
});

test('what the dialogue itself refuses, it refuses in words', async () => {
  const mario = sandbox.alfa.account('mario.rossi');
  const send = (args: string[]) =>
    trySwaks([...args, '--to', 'anna.bianchi@alfa.test', '--quit-after', 'RCPT']);
  const other = await send([...swaksOptions(mario), '--from', 'anna.bianchi@alfa.test']);
  assert.match(other.text, /<~\* 553 5\.7\.1 .*anna\.bianchi@alfa\.test.* is not an address of mario\.rossi/);
  const wrong = await send(swaksOptions({ ...mario, password: 'sbagliata' }));
  assert.match(wrong.text, /<~\* 535 5\.7\.8 User name or password is wrong/);
  const server = `localhost:${mario.ports.submission}`;
  const plain = await send(['--server', server, '--from', mario.address]);
  assert.match(plain.text, /<\*\* 530 5\.7\.0 Start TLS and authenticate first/);
  assert.notEqual(plain.status, 0);
  const clear = await send(['--server', server, '--auth-user', mario.address, '--auth-password', 'x']);
  assert.match(clear.text, /Host did not advertise authentication/);
  assert.notEqual(clear.status, 0);
});

test('the log knows the message by both its names', async () => {
  const anna = sandbox.alfa.account('anna.bianchi');
  const sent = await sendBySwaks([...swaksOptions(anna), '--to', 'mario.rossi@alfa.test']);
  await waitForMail(anna, 'CONSEGNA');
  const byMsgid = await pec('log', 'show', sent.messageId, '--config', sandbox.alfa.config);
  assert.match(byMsgid, /accepted[\s\S]*taken-in-charge[\s\S]*delivered/);
  const identificativo = /^message +(\S+)$/m.exec(byMsgid)?.[1] ?? '';
  assert.equal(await pec('log', 'show', identificativo, '--config', sandbox.alfa.config), byMsgid);
});
