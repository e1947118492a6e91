/** What Prometheus reads from a running provider: its certificates, its index, its clock, what it scanned. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load.ts';
import { startProvider } from '../../src/main.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { makeFolder } from '../support/folder.ts';
import { writeMail } from '../support/scenario-mail.ts';
import { sharedPki } from '../support/scenario-pki.ts';
import { SmtpTalker, transact } from '../support/scenario-smtp.ts';

test('certificates and index are told from the start, and what is scanned is counted', async (t) => {
  const pki = await sharedPki();
  const folder = makeFolder(t);
  const config = parseConfig(
    {
      provider: { name: 'Gestore Alfa S.p.A.', domain: 'alfa.test', hostname: 'localhost' },
      dataFolder: join(folder, 'data'),
      listen: {
        ...{ submission: null, submissions: null, imap: null, imaps: null, pop3: null, pop3s: null },
        mx: { address: '127.0.0.1', port: 0 },
        metrics: { address: '127.0.0.1', port: 0 },
      },
      tls: { certificate: pki.tls.certificateFile, key: pki.tls.keyFile },
      signing: { kind: 'pem', key: pki.providers.alfa.keyFile, chain: pki.providers.alfa.chainFile },
      trust: { anchors: [pki.caFile] },
      index: { kind: 'file', path: pki.indexFile },
      antivirus: { kind: 'eicar-only' },
      sandbox: true,
    },
    join(folder, 'config.json'),
  );
  const lines: string[] = [];
  const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  const provider = await startProvider(config, { log });
  t.after(() => provider.stop());
  const origin = `http://127.0.0.1:${provider.listening.metrics?.port}`;
  assert.equal(await (await fetch(`${origin}/health`)).text(), 'ok\n');
  const readText = async () => (await fetch(`${origin}/metrics`)).text();
  const text = await readText();
  const readMetric = (name: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')[1],
    );
  assert.ok(readMetric('pec_certificate_days_left{use="signing"}') > 1000);
  assert.ok(readMetric('pec_certificate_days_left{use="tls"}') > 300);
  assert.equal(readMetric('pec_index_providers'), 3);
  assert.ok(Math.abs(readMetric('pec_index_fetched_timestamp_seconds') - Date.now() / 1000) < 60);
  assert.match(lines.join(''), /"event":"implementations",.*"antivirus":"EICAR test string only/);

  const talker = await SmtpTalker.open(provider.listening.mx?.port ?? 0);
  await talker.command('EHLO peer.test');
  const [from, to] = ['luca@ordinaria.test', ['posta-certificata@alfa.test']];
  await transact(talker, { from, to, message: writeMail({ from, to }) });
  await talker.quit();
  assert.match(await readText(), /^pec_scans_total\{result="clean"\} 1$/m);
});
