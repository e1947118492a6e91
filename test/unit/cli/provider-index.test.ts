/** `pec index` over the files of a provider that `pec init` made. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { decodePem } from '../../../src/lib/pem.ts';
import { openDailyCopies } from '../../../src/provider-index/daily-copies.ts';
import { buildIndex, parseIndex } from '../../../src/provider-index/index-ldif.ts';
import { openSignedLdif } from '../../../src/provider-index/signed-ldif.ts';
import { livePolicy, parseTrust } from '../../../src/smime/trust.ts';
import { alfa, alfaSecondary, beta } from '../provider-index/providers.ts';
import { runPec } from './run-pec.ts';

const folder = mkdtempSync(join(tmpdir(), 'pec-index-'));
const config = join(folder, 'config.json');
after(() => rmSync(folder, { recursive: true }));
const pec = (...args: string[]) => runPec([...args, '--config', config]);

before(async () => {
  const names = ['--name', 'Gestore Prova S.p.A.', '--domain', 'prova.test', '--hostname', 'localhost'];
  const made = await runPec(['init', '--config', config, ...names, '--development-keys']);
  assert.equal(made.code, 0, made.remarks);
});

test('check says who manages a domain, and of an address too', async () => {
  const found = await pec('index', 'check', 'PROVA.test');
  assert.equal(found.code, 0, found.remarks);
  assert.match(
    found.output,
    /^prova\.test is managed by Gestore Prova S\.p\.A\.\nmail receipt {2}\S+@prova\.test\n/,
  );
  assert.match(found.output, /\ncertificate {3}[0-9a-f]{40} {2}\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d$/);
  assert.equal((await pec('index', 'check', 'mario@prova.test')).code, 0);
  const none = await pec('index', 'check', 'example.com');
  assert.deepEqual(
    [none.code, none.output, none.remarks],
    [1, '', 'example.com is managed by no provider now.'],
  );
});

test('check answers programs in JSON, with the same exit code', async () => {
  const found = await pec('index', 'check', 'prova.test', '--json');
  assert.equal(JSON.parse(found.output).provider.name, 'Gestore Prova S.p.A.');
  const none = await pec('index', 'check', 'example.com', '--json');
  assert.deepEqual(
    [none.code, JSON.parse(none.output), none.remarks],
    [1, { domain: 'example.com', provider: null }, ''],
  );
});

test('check and show look at the copy of a day', async () => {
  const copies = openDailyCopies(join(folder, 'data', 'index'));
  await copies.save(buildIndex([alfa, alfaSecondary]), Date.UTC(2026, 0, 10, 8));
  await copies.save(buildIndex([beta]), Date.UTC(2026, 2, 10, 8));
  const code = async (domain: string, day: string) => (await pec('index', 'check', domain, '--on', day)).code;
  assert.deepEqual(
    [
      await code('alfa.test', '2026-01-10'),
      await code('alfa.test', '2026-03-09'),
      await code('alfa.test', '2026-03-10'),
      await code('beta.test', '2026-03-10'),
    ],
    [0, 0, 1, 0],
  );
  const before = await pec('index', 'check', 'alfa.test', '--on', '2026-01-09');
  assert.deepEqual(
    [before.code, before.remarks],
    [4, 'There is no copy of the index from 2026-01-09 or before.'],
  );
  const shown = await pec('index', 'show', '--on', '2026-02-01');
  assert.match(shown.output, /^fetched 2026-01-10T08:00:00\.000Z, 2 records, 3 domains\n/);
  assert.match(shown.output, /Gestore Alfa S\.p\.A\. {2}Ambiente secondario, di prova {2}1 /);
  const asJson = JSON.parse((await pec('index', 'show', '--on', '2026-02-01', '--json')).output);
  assert.deepEqual(asJson.providers[0].managedDomains, alfa.managedDomains);
});

test('what is no day and no domain is refused at once', async () => {
  for (const args of [
    ['check', 'x..y'],
    ['check', 'alfa.test', '--on', 'yesterday'],
    ['show', '--on', '2026-02-30'],
  ])
    assert.equal((await pec('index', ...args)).code, 2, args.join(' '));
});

test('refresh says what came, or why the copy before stays', async () => {
  const indexFile = join(folder, 'index', 'index.ldif');
  const good = readFileSync(indexFile);
  const { providers } = parseIndex(good);
  writeFileSync(indexFile, buildIndex([...providers, beta]));
  const first = await pec('index', 'refresh');
  assert.deepEqual([first.code, first.output], [0, 'A new index is in force: 2 records, 2 domains.']);
  const again = JSON.parse((await pec('index', 'refresh', '--json')).output);
  assert.deepEqual([again.outcome, again.changed], ['applied', false]);
  writeFileSync(indexFile, 'dn: o=x\n');
  const bad = await pec('index', 'refresh');
  assert.equal(bad.code, 4);
  assert.match(bad.remarks, /^No new index: the index holds no provider\. The copy of \S+ stays in force\.$/);
  writeFileSync(indexFile, good);
});

test('publish writes the own record, signed, with all domains', async () => {
  assert.equal((await pec('domain', 'add', 'comune.test')).code, 0);
  const out = join(folder, 'prova.ldif.p7m');
  const ran = await pec('index', 'publish', '--out', out);
  assert.deepEqual(
    [ran.code, ran.output],
    [0, 'Gestore Prova S.p.A.: 2 domains, 1 certificates'],
    ran.remarks,
  );
  const { trust: trustFiles } = JSON.parse((await pec('config', 'show')).output) as {
    trust: { anchors: string[] };
  };
  const anchors = trustFiles.anchors.flatMap((file) => decodePem('CERTIFICATE', readFileSync(file, 'utf8')));
  const { ldif } = openSignedLdif(readFileSync(out), {
    trust: parseTrust({ anchors }),
    policy: { ...livePolicy, revocation: 'none' },
    now: Date.now(),
  });
  const [record] = parseIndex(ldif).providers;
  assert.deepEqual(record?.managedDomains, ['prova.test', 'comune.test']);
});
