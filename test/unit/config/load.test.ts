import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigError } from '../../../src/config/config-error.ts';
import { loadConfig, parseConfig, selectChanged } from '../../../src/config/load.ts';
import { leastConfig } from './example-config.ts';

const file = '/etc/openpec/config.json';

/** The problems of `raw`, as `path: text`. */
function problemsOf(raw: unknown): readonly string[] {
  try {
    parseConfig(raw, file);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.problems.map(({ path, text }) => `${path}: ${text}`);
  }
  return [];
}

test('the least configuration is filled up with defaults', () => {
  const config = parseConfig(leastConfig, file);
  assert.equal(config.limits.recipients, 500);
  assert.deepEqual(config.listen.imaps, { address: '::', port: 993 });
  assert.deepEqual(config.antivirus, { kind: 'clamd', socket: '/run/clamav/clamd.ctl', timeoutSeconds: 60 });
  assert.equal(config.receipts.briefHash, 'sha1');
});

test('paths count from the folder of the file, wherever they stand', () => {
  const config = parseConfig({ ...leastConfig, dataFolder: '../data' }, file);
  assert.equal(config.dataFolder, '/etc/data');
  assert.equal(config.tls.key, '/etc/openpec/keys/tls.key.pem');
  assert.deepEqual(config.trust.anchors, ['/etc/openpec/keys/ca.pem']);
  assert.deepEqual(config.signing, {
    kind: 'pem',
    key: '/etc/openpec/keys/signing.key.pem',
    chain: '/etc/openpec/keys/signing.pem',
  });
  assert.deepEqual(config.index, { kind: 'file', path: '/var/lib/index.ldif', maxAgeHours: 168 });
});

test('a configuration cannot be changed', () => {
  const config = parseConfig(leastConfig, file);
  assert.throws(() => Object.assign(config.limits, { recipients: 1 }), TypeError);
  assert.throws(() => (config.trust.anchors as string[]).push('x'), TypeError);
});

test('a schema key for editors is allowed and dropped', () => {
  assert.ok(!('$schema' in parseConfig({ $schema: './schema.json', ...leastConfig }, file)));
});

test('every problem is told at once, with what to do', () => {
  const { trust: _left, ...rest } = leastConfig;
  assert.deepEqual(
    problemsOf({
      ...rest,
      provider: { nmae: 'x', domain: 'nodot', hostname: 'ok.test' },
      recipients: 3,
      frobnicate: true,
      signing: { kind: 'hsm' },
      listen: { imap: { port: 99_999 } },
      limits: { connections: 'many' },
      log: { level: 'chatty' },
      sandbox: 'yes',
    }),
    [
      'provider.name: is missing; it has no default',
      'provider.domain: write a domain such as "example.it" (accented domains in their xn-- form)',
      'provider.nmae: there is no such setting; did you mean provider.name?',
      'listen.imap.port: must be at most 65535',
      'signing.kind: must be one of "pem", "pkcs12"',
      'trust: is missing; it has no default',
      'limits.connections: expected number, received string',
      'log.level: must be one of "trace", "debug", "info", "warn", "error"',
      'sandbox: expected boolean, received string',
      'recipients: there is no such setting; did you mean limits.recipients?',
      'frobnicate: there is no such setting; docs/configuration.md lists them all',
    ],
  );
});

test('the sandbox keeps to itself, and a real provider does not use its stand-ins', () => {
  const loopback = { address: '127.0.0.1', port: 2587 };
  const listen = {
    submission: loopback,
    submissions: null,
    mx: null,
    imap: null,
    imaps: { address: '::1', port: 1 },
    pop3: null,
    pop3s: null,
  };
  const sandbox = { ...leastConfig, sandbox: true, antivirus: { kind: 'eicar-only' }, listen };
  assert.deepEqual(problemsOf(sandbox), []);
  assert.match(
    problemsOf({ ...sandbox, listen: {} }).join(),
    /listen.mx.address: in a sandbox it must be a loopback/,
  );
  const real = { ...leastConfig.provider, domain: 'gestore.it' };
  assert.match(
    problemsOf({ ...sandbox, provider: real }).join(),
    /provider.domain: in a sandbox it must end in .test/,
  );
  assert.match(
    problemsOf({ ...sandbox, sandbox: false }).join(),
    /antivirus.kind: "eicar-only" finds no virus/,
  );
});

test('a provider may not promise less than the rules ask (RFC 6109 §3.1.1)', () => {
  const found = problemsOf({ ...leastConfig, limits: { recipients: 49, certifiedTotalBytes: 29_999_999 } });
  assert.match(found.join('\n'), /limits.recipients: a provider must accept 50 recipients at least/);
  assert.match(found.join('\n'), /limits.certifiedTotalBytes: a provider must accept 30 MB/);
});

test('two listeners cannot share one port', () => {
  const port = { address: '127.0.0.1', port: 2587 };
  const found = problemsOf({ ...leastConfig, listen: { submission: port, imap: port } });
  assert.deepEqual(found, ['listen.imap.port: listen.submission has the same address and port']);
});

test('what was changed is what the file had to say', () => {
  const config = parseConfig({ ...leastConfig, limits: { recipients: 100 }, listen: { mx: null } }, file);
  const changed = selectChanged(config, file);
  assert.deepEqual(changed.limits, { recipients: 100 });
  assert.deepEqual(changed.listen, { mx: null });
  assert.ok(!('dataFolder' in changed) && !('node' in changed) && !('antivirus' in changed));
  assert.deepEqual(parseConfig(changed, file), config);
});

test('a file that cannot be used is named with the reason', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pec-config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const broken = join(folder, 'broken.json');
  writeFileSync(broken, '{\n  "provider": nope\n}');
  assert.throws(
    () => loadConfig(broken),
    /broken\.json cannot be used:\n {2}line 2: expected a value, found "nope"/,
  );
  assert.throws(() => loadConfig(join(folder, 'none.json')), /there is no such file; `pec init` makes one/);
});

test('servers are named by host or by host and port', () => {
  const read = (...ntpServers: string[]) =>
    parseConfig({ ...leastConfig, clock: { ntpServers } }, '/etc/pec.json').clock.ntpServers;
  const good = ['ntp1.inrim.it', '192.0.2.1', '192.0.2.1:1123', '2001:db8::1', '[2001:db8::1]:123', 'x:1'];
  assert.deepEqual(read(...good), good);
  for (const wrong of ['ntp.it:0', 'ntp.it:70000', 'ntp.it:', ':123', 'a b', '[x]', '[::1]', 'ntp..it'])
    assert.throws(() => read(wrong), /clock\.ntpServers\.0.*write a host, or host:port/s, wrong);
});

test('time-stamp authorities are told apart, and the local one is for the sandbox', () => {
  const web = { kind: 'rfc3161', name: 'una', url: 'https://tsa.example/', anchors: ['tsa.pem'] };
  const { timeStamp } = parseConfig({ ...leastConfig, timeStamp: { authorities: [web] } }, file);
  const defaults = { policy: null, user: null, passwordFile: null, timeoutSeconds: 30 };
  assert.deepEqual(timeStamp, {
    authorities: [{ ...web, anchors: ['/etc/openpec/tsa.pem'], ...defaults }],
    leastStamps: 1,
  });
  const problems = (authorities: readonly object[], leastStamps = 1) =>
    problemsOf({ ...leastConfig, timeStamp: { authorities, leastStamps } });
  assert.match(problems([{ kind: 'local', name: 'a', key: 'k', chain: 'c' }])[0] ?? '', /for the sandbox/);
  assert.match(problems([web, web])[0] ?? '', /another name/);
  assert.match(problems([{ ...web, user: 'u' }])[0] ?? '', /user and passwordFile together/);
  assert.match(problems([web], 2)[0] ?? '', /leastStamps: must not be above/);
  assert.match(problems([{ ...web, url: 'ftp://x/' }])[0] ?? '', /https:\/\/ or http:\/\//);
  assert.match(problems([{ ...web, name: '../x' }])[0] ?? '', /lower-case letters/);
});
