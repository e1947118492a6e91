/**
 * What the provider leans on fails while mail flows, for real: a time-stamp authority that takes the connection and never
 * answers, clamd killed in the midst of a message. Mail is answered as it should be, and what waited is made up for.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openSqlite } from '../../src/db/sqlite.ts';
import { createPemSigner } from '../../src/keys/pem.ts';
import { appendEvent } from '../../src/message-log/append.ts';
import { createDevelopmentCa } from '../../src/pki/development-ca.ts';
import { issueSigningCertificate } from '../../src/pki/issue.ts';
import { createLocalAuthority } from '../../src/tsa/local.ts';
import { startClamd } from '../support/clamd-daemon.ts';
import { noteFault } from '../support/fault-figures.ts';
import { checkOutcomes, startLoad } from '../support/fault-load.ts';
import { makeLocalMessage } from '../support/log-events.ts';
import { makeOwnProvider, type OwnProvider } from '../support/own-provider.ts';
import { waitFor } from '../support/run-program.ts';
import { pec } from '../support/sandbox-process.ts';
import { writeMail } from '../support/scenario-mail.ts';
import { SmtpTalker, stuffDots } from '../support/scenario-smtp.ts';

const limit = { timeout: 240_000 };
const hour = 3_600_000;

/** A time-stamp authority over HTTP that answers when it is told to. */
async function openAuthority(t: TestContext, folder: string) {
  const at = Date.now() - hour;
  const ca = await createDevelopmentCa({
    organization: 'Marche di prova',
    mailDomains: ['alfa.test'],
    crlUrl: 'http://crl.test/a',
    rootCrlUrl: 'http://crl.test/b',
    at,
  });
  const names = { commonName: 'Marche', organization: 'Marche di prova' };
  const key = await issueSigningCertificate(ca, { ...names, purpose: 'timeStamping', at });
  const authority = createLocalAuthority({ name: 'marche', signer: createPemSigner(key), clock: Date.now });
  const anchors = join(folder, 'marche.pem');
  writeFileSync(anchors, ca.root.certificatePem);
  const state = { hangs: true, asked: 0 };
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    state.asked += 1;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    if (!state.hangs) response.end(await authority.answer(Buffer.concat(chunks)));
  };
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/`;
  const authorities = [{ kind: 'rfc3161', name: 'marche', url, anchors: [anchors], timeoutSeconds: 2 }];
  return { state, settings: { timeStamp: { authorities } } };
}

/** Entries of a day that is over, so that a seal is due at once. */
async function writeYesterday({ folder }: OwnProvider): Promise<void> {
  const db = openSqlite({ file: join(folder, 'data', 'pec.db') });
  await db.transact(async (tx) => {
    for (const event of makeLocalMessage('ieri', Date.now() - 30 * hour)) await appendEvent(tx, event, 'n1');
  });
  await db.close();
}

test(
  'a time-stamp authority that never answers: mail flows, the log alarms, the seal comes later',
  limit,
  async (t) => {
    const own = await makeOwnProvider('alfa.test');
    t.after(() => own.remove());
    await pec('domain', 'add', own.domain, '--config', own.configFile);
    const [mario, anna] = [await own.addMailbox('mario'), await own.addMailbox('anna')];
    const { state, settings } = await openAuthority(t, own.folder);
    await own.configure(settings);
    await writeYesterday(own);
    const server = await own.serve();
    const messages = startLoad({ from: mario, to: anna });
    t.after(() => messages.stop());
    await waitFor('the alarm', () => /log-stamp-missing/.test(server.output()) || undefined, {
      explain: server.output,
    });
    assert.ok(state.asked > 0);
    assert.doesNotMatch(server.output(), /log-sealed/);
    await messages.untilTaken(30);
    await messages.stop();
    noteFault(t, await checkOutcomes(messages, mario, anna));
    state.hangs = false;
    await waitFor('the seal', () => /log-sealed/.test(server.output()) || undefined, {
      limitMs: 120_000,
      explain: server.output,
    });
    assert.match(await pec('log', 'verify', '--config', own.configFile), /\S/);
  },
);

test('clamd killed in the midst of a message: 451, and taken when it is back', limit, async (t) => {
  const own = await makeOwnProvider('alfa.test');
  const folder = mkdtempSync('/tmp/clam-');
  t.after(async () => {
    await own.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  const first = await startClamd(folder);
  t.after(() => first.process.stop('SIGKILL'));
  await pec('domain', 'add', own.domain, '--config', own.configFile);
  const [mario, anna] = [await own.addMailbox('mario'), await own.addMailbox('anna')];
  await own.configure({ antivirus: { kind: 'clamd', socket: first.socket } });
  await own.serve();
  const talker = await SmtpTalker.open(mario.ports.submissions, readFileSync(mario.ca, 'utf8'));
  await talker.command('EHLO client.test');
  assert.equal((await talker.login(mario.address, mario.password)).code, 235);
  const body = 'Buongiorno a tutti. '.repeat(3).concat('\r\n').repeat(30_000);
  const message = stuffDots(writeMail({ from: mario.address, to: [anna.address], body }));
  const begin = async () => {
    await talker.command(`MAIL FROM:<${mario.address}>`);
    await talker.command(`RCPT TO:<${anna.address}>`);
    assert.equal((await talker.command('DATA')).code, 354);
  };
  await begin();
  await talker.write(message.subarray(0, message.length / 2));
  await first.process.stop('SIGKILL');
  await talker.write(message.subarray(message.length / 2));
  assert.equal((await talker.command('\r\n.')).code, 451);
  const second = await startClamd(folder);
  t.after(() => second.process.stop('SIGKILL'));
  await begin();
  await talker.write(message);
  assert.equal((await talker.command('\r\n.')).code, 250);
  await talker.quit();
});
