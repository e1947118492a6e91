/** Settings of mail programs as real programs fetch and read them: curl, xmllint, openssl, Python's plistlib. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runProgram, runWell } from '../support/run-program.ts';
import { pec, type SandboxProcess, startSandboxProcess } from '../support/sandbox-process.ts';

let sandbox: SandboxProcess;
before(async () => {
  sandbox = await startSandboxProcess();
});
after(() => sandbox.stop());

function fetchWith(host: string, path: string, ...more: readonly string[]): Promise<Buffer> {
  const { https } = sandbox.alfa.ports;
  const way = ['--resolve', `${host}:${https}:127.0.0.1`, '--cacert', sandbox.ca];
  return runWell('curl', ['-sSf', ...way, ...more, `https://${host}:${https}${path}`]);
}

async function checkXml(xml: Buffer): Promise<void> {
  await runWell('xmllint', ['--noout', '--nonet', '-'], { input: xml });
}

test('Thunderbird’s settings come from autoconfig of the domain, under its certificate', async () => {
  const xml = await fetchWith('autoconfig.alfa.test', '/mail/config-v1.1.xml');
  await checkXml(xml);
  const query = 'string(//incomingServer[@type="imap"][1]/port)';
  const port = await runWell('xmllint', ['--xpath', query, '-'], { input: xml });
  assert.equal(port.toString().trim(), String(sandbox.alfa.ports.imaps));
});

test('Autodiscover answers what Outlook posts', async () => {
  const body =
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request>' +
    '<EMailAddress>mario.rossi@alfa.test</EMailAddress></Request></Autodiscover>';
  const path = '/Autodiscover/Autodiscover.xml';
  const xml = await fetchWith('autodiscover.alfa.test', path, '-H', 'Content-Type: text/xml', '-d', body);
  await checkXml(xml);
  assert.match(xml.toString(), new RegExp(`<Port>${sandbox.alfa.ports.submissions}</Port>`));
});

test('openssl verifies the signature of a profile, and Python reads it', async () => {
  const profile = await fetchWith('localhost', '/apple/mario.rossi@alfa.test.mobileconfig');
  const file = join(sandbox.folder, 'profile.mobileconfig');
  writeFileSync(file, profile);
  const verify = ['cms', '-verify', '-inform', 'DER', '-in', file, '-CAfile', sandbox.ca, '-purpose', 'any'];
  const plist = await runWell('openssl', verify);
  const script =
    "import plistlib,sys; p=plistlib.loads(sys.stdin.buffer.read()); print(p['PayloadContent'][0]['EmailAddress'])";
  assert.equal(
    (await runWell('python3', ['-c', script], { input: plist })).toString().trim(),
    'mario.rossi@alfa.test',
  );
  profile[profile.indexOf('mario.rossi')] = 0x4d;
  writeFileSync(file, profile);
  assert.notEqual((await runProgram('openssl', verify)).status, 0);
});

test('pec domain dns names the ports that answer', async () => {
  const zone = await pec('domain', 'dns', 'alfa.test', '--config', sandbox.alfa.config);
  const { imaps, https } = sandbox.alfa.ports;
  assert.match(zone, new RegExp(`^_imaps\\._tcp\\.alfa\\.test\\. IN SRV 0 1 ${imaps} localhost\\.$`, 'm'));
  assert.match(
    zone,
    new RegExp(`^_autodiscover\\._tcp\\.alfa\\.test\\. IN SRV 0 0 ${https} localhost\\.$`, 'm'),
  );
});
