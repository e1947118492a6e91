import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { loadConfig } from '../../../src/config/load.ts';
import { createPemSigner } from '../../../src/keys/pem.ts';
import { isInline } from '../../../src/lib/segments.ts';
import { appendEvent } from '../../../src/message-log/append.ts';
import type { MessageFacts } from '../../../src/pec/facts.ts';
import { buildAcceptanceReceipt } from '../../../src/pec/receipts/acceptance.ts';
import { signMessage } from '../../../src/smime/sign.ts';
import { openStores } from '../../../src/wire.ts';
import { runPec } from './run-pec.ts';

const folder = mkdtempSync(join(tmpdir(), 'pec-verify-'));
after(() => rmSync(folder, { recursive: true }));
const place = (name: string) => join(folder, name);
const config = place('config.json');
const receipt = place('receipt.eml');

const provider = {
  name: 'Gestore Prova S.p.A.',
  domain: 'prova.test',
  address: 'posta-certificata@prova.test',
};
const facts: MessageFacts = {
  identificativo: 'pec.1@prova.test',
  msgid: '<uno@client.test>',
  sender: 'mario@prova.test',
  recipients: [{ address: 'anna@prova.test', certified: true }],
  replyTo: 'mario@prova.test',
  subject: 'Prova \u001b[31m',
};

before(async () => {
  const options = [
    '--name',
    provider.name,
    '--domain',
    provider.domain,
    '--hostname',
    'localhost',
    '--development-keys',
  ];
  assert.equal((await runPec(['init', '--config', config, ...options])).code, 0);
  const at = Date.now();
  const message = buildAcceptanceReceipt({ provider, facts, at });
  const pem = (name: string) => readFileSync(place(`keys/signing.${name}`), 'utf8');
  const signer = createPemSigner({ keyPem: pem('key'), chainPem: pem('pem') });
  const content = Buffer.concat(message.content.filter(isInline));
  const contentDigest = hash('sha256', content, 'buffer');
  const { segments } = await signMessage(message, { contentDigest, signingTime: at, signer });
  writeFileSync(receipt, Buffer.concat(segments.filter(isInline)));
  const stores = await openStores(loadConfig(config));
  const accepted = { type: 'refused', login: facts.sender, size: 5, reasons: [] } as const;
  await stores.db.transact((tx) =>
    appendEvent(tx, { ...accepted, at, facts, sendingProvider: provider.name, generated: [] }),
  );
  await stores.close();
});

test('a good receipt is a yes, in words of the law', async () => {
  const { code, output } = await runPec(['verify', receipt, '--config', config]);
  assert.equal(code, 0, output);
  assert.match(output, /^MESSAGGIO DI POSTA CERTIFICATA VALIDO/);
  assert.match(output, /Tipo: ricevuta di accettazione\n/);
  assert.match(output, /Gestore nell'indice: Gestore Prova S\.p\.A\./);
});

test('and as JSON', async () => {
  const { code, output } = await runPec(['verify', receipt, '--json', '--config', config]);
  assert.equal(code, 0);
  const report = JSON.parse(output) as object;
  assert.partialDeepStrictEqual(report, {
    conclusion: 'certified',
    certificationData: { identificativo: 'pec.1@prova.test' },
  });
});

test('one changed word is a no', async () => {
  const altered = place('altered.eml');
  writeFileSync(altered, readFileSync(receipt, 'latin1').replace('mario@', 'maria@'), 'latin1');
  const { code, output } = await runPec(['verify', altered, '--config', config]);
  assert.equal(code, 1);
  assert.match(output, /^MESSAGGIO NON VALIDO COME POSTA CERTIFICATA/);
});

test('ordinary mail is a no', async () => {
  const plain = place('plain.eml');
  writeFileSync(plain, 'From: a@b.test\r\nSubject: x\r\n\r\nciao\r\n');
  const { code, output } = await runPec(['verify', plain, '--config', config]);
  assert.equal(code, 1);
  assert.match(output, /POSTA ORDINARIA/);
});

test('without a configuration the options say whom to believe', async () => {
  const trust = ['--trust', place('trust/ca.pem')];
  const unproved = await runPec(['verify', receipt, ...trust]);
  assert.equal(unproved.code, 4);
  assert.match(unproved.output, /GESTORE NON CONTROLLATO/);
  assert.equal((await runPec(['verify', receipt, ...trust, '--index', place('index/index.ldif')])).code, 0);
  const strangers = await runPec(['verify', receipt, '--trust', place('keys/tls.pem')]);
  assert.equal(strangers.code, 1);
});

test('a file that is not there, and an index that is none', async () => {
  const missing = await runPec(['verify', place('none.eml'), '--config', config]);
  assert.equal(missing.code, 2);
  assert.match(missing.remarks, /non si può leggere/);
  const noIndex = await runPec(['verify', receipt, '--config', config, '--index', receipt]);
  assert.equal(noIndex.code, 2);
  assert.match(noIndex.remarks, /L'indice dei gestori .* non si può usare/);
});

test('the message log is shown by either identifier, and no subject steers the terminal', async () => {
  for (const identifier of [
    'pec.1@prova.test',
    '<pec.1@prova.test>',
    '<uno@client.test>',
    'uno@client.test',
  ]) {
    const { code, output } = await runPec(['log', 'show', identifier, '--config', config]);
    assert.equal(code, 0, identifier);
    assert.match(output, /^from +mario@prova\.test$/m);
    assert.match(output, /refused +login mario@prova\.test, size 5/);
    assert.ok(!output.includes('\u001b'), 'an escape character reached the terminal');
  }
  const { output } = await runPec(['log', 'show', 'pec.1@prova.test', '--json', '--config', config]);
  assert.match((JSON.parse(output) as { hash: string }[])[0]?.hash ?? '', /^[0-9a-f]{64}$/);
});
