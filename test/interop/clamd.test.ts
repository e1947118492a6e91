/** Viruses found by Debian's clamd, on both sides, and what happens while it is away. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { createClamdScanner } from '../../src/antivirus/clamd.ts';
import type { VirusScanner } from '../../src/antivirus/scanner.ts';
import { type ClamdDaemon, eicar, startClamd } from '../support/clamd-daemon.ts';
import { summarize, writeMail, writeMailWithFile } from '../support/scenario-mail.ts';
import { scenario } from '../support/scenario-world.ts';

let folder = '';
let daemon: ClamdDaemon;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clamd-'));
  daemon = await startClamd(folder);
});
after(async () => {
  await daemon.process.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Finds nothing: a sending provider whose signatures are old. */
const blind: VirusScanner = {
  name: 'blind',
  scan: async (source) => {
    for await (const _chunk of source);
    return { infected: false };
  },
};

function clamd(): VirusScanner {
  return createClamdScanner({ addresses: [{ path: daemon.socket }], timeoutMs: 10_000 });
}

/** Asked at each scan, when the daemon runs. */
const byClamd: VirusScanner = { name: 'clamd', scan: (source) => clamd().scan(source) };

scenario(
  'clamd finds a virus at the access point',
  { starts: { alfa: { scanner: byClamd } } },
  async (world) => {
    const from = world.alfa.address('mario.rossi');
    const to = [world.beta.address('anna.bianchi')];
    const clean = await world.alfa.submit({ from, to, message: writeMail({ from, to }) });
    assert.equal(clean.code, 250, clean.text);
    const message = writeMailWithFile({ from, to }, 'allegato.bin', Buffer.from(eicar));
    const infected = await world.alfa.submit({ from, to, message });
    assert.equal(infected.code, 250, infected.text);
    await world.settle();
    const sent = summarize(await world.alfa.mails('mario.rossi'));
    assert.deepEqual(sent.toSorted(), [
      'accettazione',
      'avvenuta-consegna anna.bianchi@beta.test',
      'non-accettazione',
    ]);
    const [, , notice] = (await world.alfa.mails('mario.rossi')).toSorted((a, b) =>
      a.kind.localeCompare(b.kind),
    );
    assert.equal(notice?.data?.error, 'virus');
  },
);

scenario(
  'clamd finds at the incoming point what the sender missed',
  { starts: { alfa: { scanner: blind }, beta: { scanner: byClamd } } },
  async (world) => {
    const from = world.alfa.address('mario.rossi');
    const to = [world.beta.address('anna.bianchi')];
    const message = writeMailWithFile({ from, to }, 'allegato.bin', Buffer.from(eicar));
    assert.equal((await world.alfa.submit({ from, to, message })).code, 250);
    await world.settle();
    assert.deepEqual(summarize(await world.alfa.mails('mario.rossi')), [
      'accettazione',
      'errore-consegna anna.bianchi@beta.test',
    ]);
    assert.deepEqual(summarize(await world.beta.mails('anna.bianchi')), []);
    assert.deepEqual(summarize(await world.alfa.mails('ricevute-gestore')), [
      'presa-in-carico anna.bianchi@beta.test',
      'rilevazione-virus anna.bianchi@beta.test',
    ]);
  },
);

scenario(
  'while no clamd answers mail waits: 451, never clean',
  { starts: { alfa: { scanner: away() } } },
  async (world) => {
    const from = world.alfa.address('mario.rossi');
    const to = [world.beta.address('anna.bianchi')];
    const reply = await world.alfa.submit({ from, to, message: writeMail({ from, to }) });
    assert.equal(reply.code, 451, reply.text);
    await world.settle();
    assert.deepEqual(await world.alfa.mails('mario.rossi'), []);
  },
);

function away(): VirusScanner {
  return createClamdScanner({ addresses: [{ path: '/nonexistent/clamd.ctl' }], timeoutMs: 1000 });
}
