import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VirusScanner } from '../../../src/antivirus/scanner.ts';
import { measureLife } from '../../../src/keys/certificate-watch.ts';
import { createDevelopmentCa } from '../../../src/pki/development-ca.ts';
import { issueTlsCertificate } from '../../../src/pki/issue.ts';
import type { Relay } from '../../../src/relay/relay.ts';
import { reportCertificateLife } from '../../../src/telemetry/events.ts';
import { createLog } from '../../../src/telemetry/log.ts';
import { observeRelay, observeScanner } from '../../../src/telemetry/observe.ts';

function openLog() {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (text: string) => void lines.push(JSON.parse(text) as Record<string, unknown>),
  };
  const log = createLog({ level: 'debug', destination });
  return { lines, log, counted: (line: RegExp) => assert.match(log.metrics.render(), line) };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

test('a scanner answers as before, and each answer is counted', async () => {
  const { log, lines, counted } = openLog();
  const answers: (() => Promise<{ infected: true; virus: string } | { infected: false }>)[] = [
    async () => ({ infected: false }),
    async () => ({ infected: true, virus: 'Eicar' }),
    () => Promise.reject(new Error('no clamd')),
  ];
  const scanner: VirusScanner = {
    name: 'double',
    scan: () => (answers.shift() ?? (() => Promise.reject()))(),
  };
  const observed = observeScanner(scanner, log);
  assert.deepEqual(await observed.scan(nothing()), { infected: false });
  assert.deepEqual(await observed.scan(nothing()), { infected: true, virus: 'Eicar' });
  await assert.rejects(observed.scan(nothing()), /no clamd/);
  for (const result of ['clean', 'infected', 'failed'])
    counted(new RegExp(`^pec_scans_total\\{result="${result}"\\} 1$`, 'm'));
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['debug', 'warn', 'warn'],
  );
});

test('a relay gives its results as before, and each is counted', async () => {
  const { log, counted } = openLog();
  const result = { enhanced: '2.0.0', text: 'ok' };
  const results = [
    { ...result, recipient: 'a@x.test', outcome: 'delivered' as const, code: 250 },
    { ...result, recipient: 'b@x.test', outcome: 'temporary' as const, code: 450 },
  ];
  const relay: Relay = { deliver: async () => results, close: async () => undefined };
  const message = { reversePath: '', recipients: [], content: [], size: 0, eightBit: false };
  assert.equal(
    await observeRelay(relay, log).deliver(message, { domain: 'x.test', requireTls: true }),
    results,
  );
  counted(/^pec_relay_results_total\{outcome="delivered"\} 1$/m);
  counted(/^pec_relay_results_total\{outcome="temporary"\} 1$/m);
});

test('a certificate warns from 60 days before its end on', async () => {
  const { log, lines, counted } = openLog();
  const now = Date.UTC(2026, 10, 22);
  const urls = { crlUrl: 'http://crl.test/a', rootCrlUrl: 'http://crl.test/b' };
  const ca = await createDevelopmentCa({ organization: 'X', mailDomains: ['x.test'], ...urls, at: now });
  const { certificatePem } = await issueTlsCertificate(ca, { hosts: ['x.test'], at: now, days: 90 });
  const day = 86_400_000;
  const own = { use: 'tls', certificate: certificatePem } as const;
  for (const after of [1, 30, 91]) reportCertificateLife(log, measureLife(own, now + after * day));
  assert.deepEqual(
    lines.map(({ level }) => level),
    ['warn', 'error'],
  );
  counted(/^pec_certificate_days_left\{use="tls"\} -\d+$/m);
});
