/**
 * A virus found by the sender's provider (RFC 6109 §3.1.3), by the recipient's (§3.2.3, §3.2.4), or in what is no
 * certified mail: who is told what, and who gets nothing. EICAR's test file stands for the virus.
 */
import assert from 'node:assert/strict';
import type { VirusScanner } from '../../src/antivirus/scanner.ts';
import { subjectOf, summarize, textOf, writeMail, writeMailWithFile } from '../support/scenario-mail.ts';
import type { Site } from '../support/scenario-site.ts';
import { hour, scenario } from '../support/scenario-world.ts';

/** In two pieces, so that this file is no finding. */
const eicar = Buffer.from(`X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-${'ANTIVIRUS-TEST-FILE!$H+H*'}`);
const mario = 'mario.rossi@alfa.test';
const anna = 'anna.bianchi@beta.test';
const office = 'protocollo@beta.test';

/** Knows no virus: a provider whose signatures are older than the other's. */
const blind: VirusScanner = {
  name: 'knows nothing',
  scan: async (source) => {
    for await (const _chunk of source);
    return { infected: false };
  },
};

async function listInfected({ stores }: Site): Promise<{ side: string; identificativo: string }[]> {
  return stores.db.read((tx) =>
    tx.all<{ side: string; identificativo: string }>('SELECT * FROM infected ORDER BY id'),
  );
}

scenario('at the access point: a notice, the message kept, nothing sent', {}, async (world) => {
  const { alfa, beta } = world;
  const to = [anna, alfa.address('anna.bianchi')];
  const message = writeMailWithFile({ from: mario, to }, 'fattura.txt', eicar);
  assert.equal((await alfa.submit({ from: mario, to, message })).code, 250);
  await world.settle();
  const mails = await alfa.mails('mario.rossi');
  assert.deepEqual(summarize(mails), ['non-accettazione']);
  const notice = mails[0] ?? assert.fail();
  assert.match(subjectOf(notice), /^AVVISO DI NON ACCETTAZIONE PER VIRUS: /);
  assert.equal(notice.data?.error, 'virus');
  assert.match(notice.bytes.toString('latin1'), /^X-VerificaSicurezza: errore\r$/m);
  assert.match(textOf(notice), /Eicar/);
  assert.deepEqual(
    (await listInfected(alfa)).map(({ side, identificativo }) => [side, identificativo]),
    [['access', notice.data?.identificativo]],
  );
  assert.deepEqual(await alfa.mails('anna.bianchi'), []);
  assert.deepEqual(await beta.mails('anna.bianchi'), []);
});

scenario('a virus and a broken rule: the virus goes before', {}, async ({ alfa, settle }) => {
  const to = [alfa.address('anna.bianchi')];
  const message = writeMailWithFile(
    { from: 'altri@alfa.test', to, fields: ['Bcc: x@y.test'] },
    'a.exe',
    eicar,
  );
  assert.equal((await alfa.submit({ from: mario, to, message })).code, 250);
  await settle();
  assert.deepEqual(
    (await alfa.mails('mario.rossi')).map(({ data }) => data?.error),
    ['virus'],
  );
});

scenario(
  'at the incoming point: detections to the provider, notices to the sender',
  { starts: { alfa: { scanner: blind } } },
  async (world) => {
    const { alfa, beta } = world;
    const to = [anna, office, alfa.address('anna.bianchi')];
    const message = writeMailWithFile({ from: mario, to }, 'fattura.txt', eicar);
    assert.equal((await alfa.submit({ from: mario, to, message })).code, 250);
    await world.settle();
    const mails = await alfa.mails('mario.rossi');
    assert.deepEqual(summarize(mails), [
      'accettazione',
      'avvenuta-consegna anna.bianchi@alfa.test',
      `errore-consegna ${anna}`,
      `errore-consegna ${office}`,
    ]);
    for (const notice of mails.filter(({ kind }) => kind === 'errore-consegna')) {
      assert.match(subjectOf(notice), /^AVVISO DI MANCATA CONSEGNA PER VIRUS: /);
      assert.equal(notice.data?.error, 'virus');
      assert.equal(notice.data?.provider, alfa.name, 'the sender hears it from its own provider');
      assert.match(notice.data?.extendedError ?? '', /^5\.5\.1 - /);
    }
    const service = await alfa.mails('ricevute-gestore');
    assert.deepEqual(summarize(service), [
      `presa-in-carico ${anna},${office}`,
      `rilevazione-virus ${anna}`,
      `rilevazione-virus ${office}`,
    ]);
    for (const detection of service.filter(({ kind }) => kind === 'rilevazione-virus')) {
      assert.match(subjectOf(detection), /^PROBLEMA DI SICUREZZA: /);
      assert.match(detection.bytes.toString('latin1'), /^X-Mittente: mario\.rossi@alfa\.test\r$/m);
    }
    assert.deepEqual(
      (await listInfected(beta)).map(({ side }) => side),
      ['incoming'],
    );
    for (const name of ['anna.bianchi', 'protocollo']) assert.deepEqual(await beta.mails(name), []);
    // Nothing is open: no notice comes later.
    await world.advance(25 * hour);
    assert.equal((await alfa.mails('mario.rossi')).length, mails.length);
  },
);

scenario(
  'a detection that comes twice gives one notice',
  { starts: { alfa: { scanner: blind } } },
  async (world) => {
    const { alfa, beta } = world;
    const message = writeMailWithFile({ from: mario, to: [anna] }, 'fattura.txt', eicar);
    await alfa.submit({ from: mario, to: [anna], message });
    await world.settle();
    const detection = (await alfa.mails('ricevute-gestore')).find(({ kind }) => kind === 'rilevazione-virus');
    const wire = detection?.bytes.subarray(detection.bytes.indexOf('\nDate: ') + 1) ?? assert.fail();
    const again = {
      from: 'posta-certificata@beta.test',
      to: [alfa.address('ricevute-gestore')],
      message: wire,
    };
    assert.equal((await alfa.deliver(again)).code, 250);
    await world.settle();
    assert.deepEqual(summarize(await alfa.mails('mario.rossi')), ['accettazione', `errore-consegna ${anna}`]);
    assert.equal((await beta.events()).filter(({ type }) => type === 'virus-detected').length, 1);
  },
);

scenario(
  'in ordinary mail: refused in the dialogue, even where ordinary mail is taken',
  {},
  async (world) => {
    const { beta } = world;
    await beta.stores.accounts.setMailbox(anna, { ordinaryMail: 'accept' });
    const from = 'luca@ordinaria.test';
    const clean = writeMail({ from, to: [anna] });
    assert.equal((await beta.deliver({ from, to: [anna], message: clean })).code, 250);
    const infected = writeMailWithFile({ from, to: [anna] }, 'a.txt', eicar);
    const reply = await beta.deliver({ from, to: [anna], message: infected });
    assert.deepEqual([reply.code, reply.enhanced], [550, '5.7.1']);
    assert.deepEqual(summarize(await beta.mails('anna.bianchi')), ['anomalia']);
  },
);
