import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { DnsRecord } from '../../../src/cli/dns-records.ts';
import { runPec } from './run-pec.ts';

const folder = mkdtempSync(join(tmpdir(), 'pec-cli-'));
const file = join(folder, 'provider', 'config.json');
after(() => rmSync(folder, { recursive: true }));
const pec = (...args: string[]) => runPec([...args, '--config', file]);

before(async () => {
  const names = ['--name', 'Gestore Prova S.p.A.', '--domain', 'prova.test', '--hostname', 'mail.prova.test'];
  assert.equal((await runPec(['init', '--config', file, ...names, '--development-keys'])).code, 0);
  for (const domain of ['prova.test', 'comune.test'])
    assert.equal((await pec('domain', 'add', domain)).code, 0);
});

const recordsOf = async (domain: string) =>
  JSON.parse((await pec('domain', 'dns', domain, '--json')).output) as DnsRecord[];

test('mail, services, SPF and DMARC', async () => {
  const records = await recordsOf('Comune.test');
  assert.deepEqual(
    records.map(({ name, type, value }) => `${name} ${type} ${value}`),
    [
      'comune.test MX 10 mail.prova.test.',
      '_submissions._tcp.comune.test SRV 0 1 465 mail.prova.test.',
      '_submission._tcp.comune.test SRV 0 1 587 mail.prova.test.',
      '_imaps._tcp.comune.test SRV 0 1 993 mail.prova.test.',
      '_imap._tcp.comune.test SRV 0 1 143 mail.prova.test.',
      '_pop3s._tcp.comune.test SRV 0 1 995 mail.prova.test.',
      '_pop3._tcp.comune.test SRV 0 1 110 mail.prova.test.',
      'comune.test TXT v=spf1 a:mail.prova.test -all',
      '_dmarc.comune.test TXT v=DMARC1; p=reject',
    ],
  );
});

test('the DKIM key stands with the provider’s own domain, and others are told where it is', async () => {
  const own = await pec('domain', 'dns', 'prova.test');
  assert.ok(own.output.includes((await pec('domain', 'dkim')).output));
  const other = await pec('domain', 'dns', 'comune.test');
  assert.doesNotMatch(other.output, /DKIM1/);
  assert.match(other.remarks, /pec\._domainkey\.prova\.test/);
});

test('every line is one that a zone file takes', async () => {
  const { output } = await pec('domain', 'dns', 'prova.test');
  for (const line of output.split('\n')) assert.match(line, /^(?:; .+|\S+\. IN (?:MX|SRV|CNAME|TXT) .+)$/);
  for (const [text] of output.matchAll(/"[^"]*"/g)) assert.ok(text.length <= 257);
});

test('with HTTPS the names that mail programs ask first; what is off is said to be off', async () => {
  const config = JSON.parse((await pec('config', 'show')).output) as { listen: Record<string, unknown> };
  writeFileSync(file, JSON.stringify({ ...config, listen: { https: { port: 443 }, pop3: null } }));
  const records = await recordsOf('comune.test');
  const pop3 = records.find(({ name }) => name.startsWith('_pop3.'));
  assert.equal(pop3?.value, '0 0 0 .');
  const lookups = records.filter(({ name }) => /^_?auto/.test(name));
  assert.deepEqual(
    lookups.map(({ name, type, value }) => `${name} ${type} ${value}`),
    [
      'autoconfig.comune.test CNAME mail.prova.test.',
      'autodiscover.comune.test CNAME mail.prova.test.',
      '_autodiscover._tcp.comune.test SRV 0 0 443 mail.prova.test.',
    ],
  );
});

test('a domain that is not ours has no records here', async () => {
  const { code, remarks } = await pec('domain', 'dns', 'altrove.test');
  assert.equal(code, 1);
  assert.match(remarks, /pec domain add altrove\.test/);
});
