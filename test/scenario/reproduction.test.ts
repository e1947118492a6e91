/** Lost receipts come back from both providers while they run; the log that the requests stand in stays coherent. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { writeMail } from '../support/scenario-mail.ts';
import { scenario } from '../support/scenario-world.ts';
import { runPec } from '../unit/cli/run-pec.ts';

scenario('receipts of both providers come back as they lie in the mailbox', {}, async (world) => {
  const { alfa, beta, folder } = world;
  const from = alfa.address('mario.rossi');
  const to = [beta.address('anna.bianchi'), beta.address('nessuno')];
  const message = writeMail({ from, to, subject: 'Offerta', msgid: '<offerta@client.test>' });
  assert.equal((await alfa.submit({ from, to, message })).code, 250);
  await world.settle();
  const issuers = new Map([
    ['accettazione', 'alfa'],
    ['avvenuta-consegna', 'beta'],
    ['errore-consegna', 'beta'],
  ]);
  const mails = await alfa.mails('mario.rossi');
  assert.deepEqual(mails.map(({ kind }) => kind).sort(), [...issuers.keys()]);
  for (const { bytes, kind, data } of mails) {
    const config = join(folder, issuers.get(kind) ?? '', 'config.json');
    const args = ['receipt', 'reproduce', data?.identificativo ?? '', '--kind', kind, '--config', config];
    const ran = await runPec(args);
    assert.equal(ran.code, 0, ran.remarks);
    const stored = Buffer.from(bytes).toString('latin1');
    // What arrived has the trace of its way before it.
    const issued = stored.slice(stored.indexOf('\r\nDate: ') + 2);
    assert.ok(ran.bytes.toString('latin1') === issued, kind);
  }
});
