import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runPec } from './run-pec.ts';

const folder = mkdtempSync(join(tmpdir(), 'pec-cli-'));
const file = join(folder, 'provider', 'config.json');
after(() => rmSync(folder, { recursive: true }));
const pec = (...args: string[]) => runPec([...args, '--config', file]);
let made = '';

before(async () => {
  const names = ['--name', 'Gestore Prova S.p.A.', '--domain', 'prova.test', '--hostname', 'localhost'];
  made = (await runPec(['init', '--config', file, ...names, '--development-keys'])).output;
});

const recordOf = (text: string) => /^ *(\S+_domainkey\.prova\.test\. IN TXT .*)$/m.exec(text)?.[1];

test('init makes the key, puts it in force and prints the record that pec domain dkim prints again', async () => {
  const { code, output, remarks } = await pec('domain', 'dkim', 'PROVA.test');
  assert.deepEqual([code, remarks], [0, '']);
  assert.equal(output, recordOf(made));
  assert.equal(statSync(join(folder, 'provider', 'keys', 'dkim-pec.key')).mode & 0o777, 0o600);
  const { dkim } = JSON.parse((await pec('config', 'show')).output) as { dkim: { selector: string } };
  assert.equal(dkim.selector, 'pec');
});

test('as JSON', async () => {
  const { output } = await pec('domain', 'dkim', '--json');
  const record = JSON.parse(output) as { name: string; type: string; value: string };
  assert.deepEqual([record.name, record.type], ['pec._domainkey.prova.test', 'TXT']);
  assert.match(record.value, /^v=DKIM1; k=rsa; p=/);
});

test('a further selector gets a key of its own, and the words to put it in force', async () => {
  const first = await pec('domain', 'dkim', '--selector', 'pec2027');
  assert.match(first.output, /^pec2027\._domainkey\./);
  assert.match(first.remarks, /"dkim": \{"selector":"pec2027","key":"keys\/dkim-pec2027\.key"\}/);
  const again = await pec('domain', 'dkim', '--selector', 'pec2027');
  assert.equal(again.output, first.output);
  const config = readFileSync(file, 'utf8');
  writeFileSync(file, config.replace('"pec"', '"pec2027"').replace('dkim-pec.key', 'dkim-pec2027.key'));
  const inForce = await pec('domain', 'dkim');
  assert.deepEqual([inForce.output, inForce.remarks], [first.output, '']);
});

test('config check looks at the key', async () => {
  const key = join(folder, 'provider', 'keys', 'dkim-pec2027.key');
  writeFileSync(key, 'no key');
  const { code, remarks } = await pec('config', 'check');
  assert.equal(code, 3);
  assert.match(remarks, /dkim: The private key cannot be read/);
});

test('another domain, and a selector that is none, are refused with a reason', async () => {
  const other = await pec('domain', 'dkim', 'altro.test');
  assert.equal(other.code, 1);
  assert.match(other.remarks, /posta-certificata@prova\.test/);
  assert.equal((await pec('domain', 'dkim', '--selector', 'a b')).code, 2);
});
