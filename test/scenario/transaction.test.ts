/** Certified mail between two providers, as RFC 6109 §3.5 draws it, and the ways it ends without delivery. */
import assert from 'node:assert/strict';
import { verifyWithOpenssl } from '../support/scenario-checks.ts';
import {
  fieldOf,
  type StoredMail,
  subjectOf,
  summarize,
  textOf,
  writeMail,
} from '../support/scenario-mail.ts';
import { bareDomainOfProvider } from '../support/scenario-pki.ts';
import { scenario } from '../support/scenario-world.ts';
import { startScriptedPeer } from '../support/smtp-peers.ts';

function one(mails: readonly StoredMail[], kind: string): StoredMail {
  const found = mails.filter((mail) => mail.kind === kind);
  assert.equal(found.length, 1, `${found.length} messages of kind ${kind}`);
  return found[0] as StoredMail;
}

scenario('the whole transaction between two providers (RFC 6109 §3.5)', {}, async (world) => {
  const { alfa, beta, folder } = world;
  const from = alfa.address('mario.rossi');
  const to = [beta.address('anna.bianchi')];
  const message = writeMail({ from, to, subject: 'Offerta', msgid: '<offerta@client.test>' });
  const reply = await alfa.submit({ from, to, message });
  assert.equal(reply.code, 250, reply.text);
  await world.settle();

  const sent = await alfa.mails('mario.rossi');
  const received = await beta.mails('anna.bianchi');
  const service = await alfa.mails('ricevute-gestore');
  assert.deepEqual(summarize(sent), ['accettazione', 'avvenuta-consegna anna.bianchi@beta.test']);
  assert.deepEqual(summarize(received), ['posta-certificata']);
  assert.deepEqual(summarize(service), ['presa-in-carico anna.bianchi@beta.test']);

  const acceptance = one(sent, 'accettazione');
  const envelope = one(received, 'posta-certificata');
  const receipt = one(sent, 'avvenuta-consegna');
  const all = [acceptance, envelope, receipt, one(service, 'presa-in-carico')];
  for (const mail of all) {
    assert.ok(verifyWithOpenssl(alfa, folder, mail).length > 0);
    assert.equal(fieldOf(mail.header, 'X-Riferimento-Message-ID'), '<offerta@client.test>');
    assert.equal(mail.data?.msgid, '<offerta@client.test>');
    assert.equal(mail.data?.sender, from);
    assert.equal(mail.data?.subject, 'Offerta');
    assert.deepEqual(mail.data?.recipients, [{ address: to[0], certified: true }]);
  }
  const ids = new Set(all.map(({ data }) => data?.identificativo));
  assert.equal(ids.size, 1);
  assert.match(reply.text, new RegExp([...ids][0] ?? '-'));
  assert.equal(fieldOf(envelope.header, 'Message-ID'), `<${[...ids][0]}>`);
  // One temporal value for one act (§4.1); one issuer for each.
  assert.deepEqual(acceptance.data?.time, envelope.data?.time);
  assert.deepEqual(
    all.map(({ data }) => data?.provider),
    [alfa.name, alfa.name, beta.name, beta.name],
  );
  assert.deepEqual(all.map(subjectOf), [
    'ACCETTAZIONE: Offerta',
    'POSTA CERTIFICATA: Offerta',
    'CONSEGNA: Offerta',
    'PRESA IN CARICO: Offerta',
  ]);
  assert.equal(fieldOf(envelope.header, 'From'), `"Per conto di: ${from}" <posta-certificata@alfa.test>`);
  assert.deepEqual(receipt.original, envelope.original);
});

scenario('inside one provider the whole flow happens', {}, async ({ alfa, settle }) => {
  const from = alfa.address('mario.rossi');
  const to = [alfa.address('anna.bianchi'), from];
  await alfa.submit({ from, to, message: writeMail({ from, to }) });
  await settle();
  assert.deepEqual(summarize(await alfa.mails('mario.rossi')), [
    'accettazione',
    'avvenuta-consegna anna.bianchi@alfa.test',
    'avvenuta-consegna mario.rossi@alfa.test',
    'posta-certificata',
  ]);
  assert.deepEqual(summarize(await alfa.mails('anna.bianchi')), ['posta-certificata']);
});

scenario(
  'between mailboxes of one provider the presa in carico is a message only where that is wanted',
  { settings: { alfa: { receipts: { localTakeInCharge: true } } } },
  async (world) => {
    const { alfa, beta } = world;
    for (const site of [alfa, beta]) {
      const [from, to] = [site.address('mario.rossi'), [site.address('anna.bianchi')]];
      assert.equal((await site.submit({ from, to, message: writeMail({ from, to }) })).code, 250);
    }
    await world.settle();
    assert.deepEqual(summarize(await alfa.mails('ricevute-gestore')), [
      'presa-in-carico anna.bianchi@alfa.test',
    ]);
    assert.deepEqual(await beta.mails('ricevute-gestore'), []);
    for (const site of [alfa, beta])
      assert.equal((await site.events()).filter(({ type }) => type === 'taken-in-charge').length, 1);
  },
);

const unreached = [
  { name: 'nessuno', error: 'no-dest', status: '5.1.1' },
  { name: 'piena', error: 'altro', status: '5.2.2' },
];
for (const place of ['alfa', 'beta'] as const)
  for (const { name, error, status } of unreached)
    scenario(`no delivery to ${name}@${place}.test, and one to its neighbour`, {}, async (world) => {
      const { alfa } = world;
      const site = world[place];
      const from = alfa.address('mario.rossi');
      const to = [site.address(name), site.address('protocollo')];
      await alfa.submit({ from, to, message: writeMail({ from, to }) });
      await world.settle();
      const mails = await alfa.mails('mario.rossi');
      assert.deepEqual(summarize(mails), [
        'accettazione',
        `avvenuta-consegna protocollo@${place}.test`,
        `errore-consegna ${name}@${place}.test`,
      ]);
      const notice = one(mails, 'errore-consegna');
      assert.equal(notice.data?.error, error);
      assert.match(
        notice.data?.extendedError ?? '',
        new RegExp(`^${status.replaceAll('.', '\\.')} - ${site.name} - `),
      );
      assert.deepEqual(summarize(await site.mails('protocollo')), ['posta-certificata']);
      if (name === 'piena') assert.deepEqual(await site.mails('piena'), []);
    });

for (const place of ['alfa', 'beta'] as const)
  scenario(`a domain that is in the index and not set up at ${place}: no-dominio`, {}, async (world) => {
    const { alfa } = world;
    const from = alfa.address('mario.rossi');
    const to = [`ufficio@${bareDomainOfProvider(place)}`];
    await alfa.submit({ from, to, message: writeMail({ from, to }) });
    await world.settle();
    const mails = await alfa.mails('mario.rossi');
    assert.deepEqual(summarize(mails), ['accettazione', `errore-consegna ${to[0]}`]);
    assert.equal(one(mails, 'errore-consegna').data?.error, 'no-dominio');
  });

for (const place of ['alfa', 'beta'] as const)
  scenario(`brief and concise receipts, To and Cc, at ${place}`, {}, async (world) => {
    const { alfa } = world;
    const site = world[place];
    const from = alfa.address('mario.rossi');
    const [to, cc] = [[site.address('anna.bianchi')], [site.address('protocollo')]];
    const body = `--x\r\nContent-Type: text/plain\r\n\r\nciao\r\n--x\r\nContent-Type: application/pdf; name="a.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n${'QUJD'.repeat(10)}\r\n--x--\r\n`;
    const send = (kind: string | undefined, msgid: string) => {
      const fields = ['MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=x'];
      if (kind !== undefined) fields.unshift(`X-TipoRicevuta: ${kind}`);
      return alfa.submit({
        from,
        to: [...to, ...cc],
        message: writeMail({ from, to, cc, msgid, fields, body }),
      });
    };
    for (const kind of ['breve', 'sintetica', undefined]) await send(kind, `<${kind}@client.test>`);
    await world.settle();
    const receipts = (await alfa.mails('mario.rossi')).filter((mail) => mail.kind === 'avvenuta-consegna');
    const kindOf = (msgid: string, recipient: string) => {
      const [receipt, second] = receipts.filter(
        ({ data }) => data?.msgid === msgid && data.delivery === recipient,
      );
      assert.ok(receipt !== undefined && second === undefined);
      return receipt;
    };
    const brief = kindOf('<breve@client.test>', to[0] ?? '');
    assert.equal(brief.data?.receiptKind, 'breve');
    assert.match(brief.original?.toString('latin1') ?? '', /name="?a\.pdf\.hash"?/);
    // The hash is over the part's content as it stands, encoded: SHA-1, 40 hexadecimal digits.
    assert.match(brief.original?.toString('latin1') ?? '', /\r\n\r\n[0-9a-f]{40}\s/);
    assert.doesNotMatch(brief.original?.toString('latin1') ?? '', /QUJDQUJD/);
    for (const msgid of ['<breve@client.test>', '<sintetica@client.test>', '<undefined@client.test>']) {
      const copy = kindOf(msgid, cc[0] ?? '');
      assert.equal(copy.data?.receiptKind, 'sintetica');
      assert.equal(copy.original, undefined);
    }
    assert.equal(kindOf('<sintetica@client.test>', to[0] ?? '').data?.receiptKind, 'sintetica');
    const complete = kindOf('<undefined@client.test>', to[0] ?? '');
    assert.equal(complete.data?.receiptKind, 'completa');
    assert.match(complete.original?.toString('latin1') ?? '', /QUJDQUJD/);
  });

scenario('ordinary recipients: taken, and refused for good', {}, async ({ alfa, outside, settle }) => {
  const peer = await startScriptedPeer({
    answer: (command) => (/^RCPT TO:<rifiuta@/.test(command) ? '550 5.1.1 no such user' : undefined),
  });
  outside.aim(peer.port);
  const from = alfa.address('mario.rossi');
  const to = ['prende@ordinaria.test', 'rifiuta@ordinaria.test'];
  await alfa.submit({ from, to, message: writeMail({ from, to }) });
  await settle();
  await peer.close();
  const mails = await alfa.mails('mario.rossi');
  assert.deepEqual(summarize(mails), ['accettazione', 'ordinaria']);
  const text = textOf(one(mails, 'accettazione'));
  for (const address of to) assert.ok(text.includes(`${address} ("posta ordinaria")`), text);
  const status = one(mails, 'ordinaria');
  assert.match(status.bytes.toString('latin1'), /Final-Recipient: rfc822; *rifiuta@ordinaria\.test/i);
  assert.match(status.bytes.toString('latin1'), /Status: 5\.1\.1/);
  assert.equal(fieldOf(status.header, 'Return-Path'), '<>');
  assert.equal(peer.sessions.flatMap(({ wire }) => wire).length, 1);
});
