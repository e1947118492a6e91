/**
 * Ordinary mail servers as neighbours: Debian's Postfix, with STARTTLS and a look at our certificate, and Debian's
 * Exim, without TLS. They send ordinary mail in, and receive certified mail for a recipient who has no PEC.
 */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { DkimRecord } from '../../src/pki/dkim-key.ts';
import { openCertifiedMail } from '../support/certified-mail.ts';
import { verifyDkim } from '../support/dkim-verifier.ts';
import {
  type ForeignMta,
  foreignDomain,
  foreignUser,
  type Neighbour,
  startExim,
  startPostfix,
} from '../support/foreign-mta.ts';
import { makeOwnProvider, type OwnProvider } from '../support/own-provider.ts';
import { waitFor } from '../support/run-program.ts';
import { fieldOf, pec, readMail, subjectOf, waitForMail } from '../support/sandbox-process.ts';
import { sendBySwaks, swaksOptions } from '../support/swaks.ts';

interface Scene {
  readonly own: OwnProvider;
  readonly mta: ForeignMta;
}

/** A provider and a mail server that know the way to each other. */
async function openScene(startMta: (to: Neighbour) => Promise<ForeignMta>): Promise<Scene> {
  const own = await makeOwnProvider('gamma.test');
  const mta = await startMta({ domain: own.domain, port: own.ports.mx, ca: own.ca });
  try {
    await own.configure({ relay: { routes: { [foreignDomain]: { host: 'localhost', port: mta.port } } } });
    await pec('domain', 'add', own.domain, '--config', own.configFile);
    await own.serve();
    return { own, mta };
  } catch (error) {
    // What runs would keep the test from ending.
    await own.remove();
    await mta.stop();
    throw error;
  }
}

function waitForForeign(mta: ForeignMta, wanted: (message: Buffer) => boolean): Promise<Buffer> {
  return waitFor('a message at the mail server', () => mta.mail().find(wanted), {
    explain: () => `${mta.mail().join('\n=====\n')}\n${mta.log()}`,
  });
}

/** Writes as its user, through the foreign server. */
function sendFromOutside(mta: ForeignMta, to: string, subject: string) {
  return sendBySwaks([
    ...['--server', `127.0.0.1:${mta.port}`, '--from', foreignUser, '--to', to],
    ...['--header', `Subject: ${subject}`, '--body', 'Posta ordinaria, senza firma.'],
  ]);
}

const servers = { Postfix: startPostfix, Exim: startExim };

for (const [name, start] of Object.entries(servers))
  describe(name, () => {
    let scene: Scene;
    before(async () => {
      scene = await openScene(start);
    });
    after(async () => {
      await scene.own.remove();
      await scene.mta.stop();
    });

    it('is refused with a reason its user can read, and let in when the mailbox says so', async (t) => {
      const { own, mta } = scene;
      const mario = await own.addMailbox('mario');
      await sendFromOutside(mta, mario.address, 'Prima');
      const bounce = await waitForForeign(mta, (message) => message.includes('Prima'));
      const told = bounce.toString('latin1').replace(/\s+/g, ' ');
      assert.match(told, /550[ -]5\.7\.1 Ordinary mail is not accepted for mario@gamma\.test/);
      assert.match(told, /send certified mail \(PEC\)/);
      assert.deepEqual(await readMail(mario), []);

      await pec('mailbox', 'set', mario.address, '--ordinary-mail', 'accept', '--config', own.configFile);
      const sent = await sendFromOutside(mta, mario.address, 'Seconda');
      const anomaly = await waitForMail(mario, 'ANOMALIA MESSAGGIO: Seconda');
      const opened = await openCertifiedMail(t, anomaly, own.ca);
      assert.equal(fieldOf(anomaly, 'X-Trasporto'), 'errore');
      assert.equal(fieldOf(anomaly, 'From'), `"Per conto di: ${foreignUser}" <posta-certificata@gamma.test>`);
      assert.equal(opened.daticert, undefined);
      assert.match(opened.text, /dati non sono stati certificati/);
      const received = opened.postacert ?? (await readEnclosed(anomaly));
      const original = sent.message.toString('latin1').replace(/(\r\n)+$/, '');
      assert.ok(received.toString('latin1').includes(original), received.toString('latin1'));
      assert.match(received.toString('latin1'), new RegExp(`by mx\\.${foreignDomain.replace('.', '\\.')} `));
    });

    it('gets back what a mailbox forwards to it', async () => {
      const { own, mta } = scene;
      const rosa = await own.addMailbox('rosa');
      const forward = ['--ordinary-mail', 'forward', '--forward-to', foreignUser];
      await pec('mailbox', 'set', rosa.address, ...forward, '--config', own.configFile);
      await sendFromOutside(mta, rosa.address, 'Avanti');
      const forwarded = await waitForForeign(mta, (message) => message.includes('Subject: Avanti'));
      assert.match(forwarded.toString('latin1'), /^Return-path: <posta-certificata@gamma\.test>\r$/im);
      assert.match(forwarded.toString('latin1'), /Posta ordinaria, senza firma\./);
      assert.deepEqual(await readMail(rosa), []);
    });

    it('is refused for mailboxes and domains that are not here', async () => {
      const { own, mta } = scene;
      await pec('domain', 'set', own.domain, '--ordinary-mail', 'accept', '--config', own.configFile);
      await sendFromOutside(mta, 'nessuno@gamma.test', 'Sconosciuto');
      const bounce = await waitForForeign(mta, (message) => message.includes('Sconosciuto'));
      assert.match(bounce.toString('latin1'), /550[ -]5\.1\.1/);
    });

    it('receives our envelope, and openssl finds its signature good there', async (t) => {
      const { own, mta } = scene;
      const mario = await own.addMailbox('anna');
      const sent = await sendBySwaks([
        ...[...swaksOptions(mario), '--to', foreignUser, '--header', 'Subject: Comunicazione'],
        ...['--attach-type', 'application/pdf', '--attach-name', 'atto.pdf', '--attach', '%PDF-1.7 atto'],
      ]);
      const acceptance = await waitForMail(mario, 'ACCETTAZIONE: Comunicazione');
      const accepted = await openCertifiedMail(t, acceptance, own.ca);
      assert.match(accepted.text, new RegExp(`${foreignUser} \\("posta ordinaria"\\)`));
      assert.equal(await accepted.xpath('string(//destinatari/@tipo)'), 'esterno');
      const envelope = await waitForForeign(mta, (message) => message.includes('POSTA CERTIFICATA'));
      assert.equal(subjectOf(envelope), 'POSTA CERTIFICATA: Comunicazione');
      const record = JSON.parse(
        await pec('domain', 'dkim', '--json', '--config', own.configFile),
      ) as DkimRecord;
      assert.ok(verifyDkim(envelope, record), 'DKIM holds as the other server stored it');
      const opened = await openCertifiedMail(t, envelope, own.ca);
      const body = sent.message.subarray(sent.message.indexOf('\r\n\r\n'));
      assert.ok(opened.postacert?.includes(body));
      assert.equal(
        fieldOf(envelope, 'Return-Path') ?? fieldOf(envelope, 'Return-path'),
        `<${mario.address}>`,
      );
      const tls = name === 'Postfix' ? /using TLSv1\.[23]/ : /with esmtp \(Exim/;
      assert.match(envelope.toString('latin1').replace(/\r\n[ \t]+/g, ' '), tls);
      assert.deepEqual((await readMail(mario)).map(subjectOf), ['ACCETTAZIONE: Comunicazione']);
      assert.match(await pec('queue', 'list', '--config', own.configFile), /The queue is empty/);
    });

    it('refuses a recipient, and the sender gets a delivery status notification', async (t) => {
      const { own } = scene;
      const mario = await own.addMailbox('luca');
      await sendBySwaks([...swaksOptions(mario), '--to', `ex@${foreignDomain}`, '--header', 'Subject: Reso']);
      const accepted = await waitForMail(mario, 'ACCETTAZIONE: Reso');
      const notice = await waitFor('a delivery status notification', async () =>
        (await readMail(mario)).find((message) => message.includes('report-type=delivery-status')),
      );
      const text = notice.toString('latin1');
      assert.match(text, new RegExp(`Final-Recipient: rfc822; ?ex@${foreignDomain}`, 'i'));
      assert.match(text, /Action: failed/i);
      assert.match(text, /Status: 5\.\d\.\d/i);
      assert.match(text, /Diagnostic-Code: smtp; ?550/i);
      assert.equal(fieldOf(notice, 'Return-Path'), '<>');
      const identificativo = await (await openCertifiedMail(t, accepted, own.ca)).xpath(
        'string(//identificativo)',
      );
      assert.ok(text.includes(identificativo), 'it names the message');
    });
  });

/** The message in an anomaly envelope, whatever its part is called. */
async function readEnclosed(anomaly: Buffer): Promise<Buffer> {
  const text = anomaly.toString('latin1');
  const part = text.slice(text.search(/^Content-Type: message\/rfc822/im));
  return Buffer.from(part.slice(part.indexOf('\r\n\r\n') + 4), 'latin1');
}
