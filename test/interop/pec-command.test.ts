/** bin/pec as an operator meets it: from an empty folder to a provider that serves, is asked, and stops in order. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { openCertifiedMail } from '../support/certified-mail.ts';
import { makeFolder } from '../support/folder.ts';
import { findFreePorts } from '../support/free-ports.ts';
import { makeOwnProvider, type OwnProvider } from '../support/own-provider.ts';
import { runProgram, runWell, type ServerProcess, waitFor } from '../support/run-program.ts';
import { type Account, pec, readMail, runPec, subjectOf, waitForMail } from '../support/sandbox-process.ts';
import { openSubmission } from '../support/submission-by-hand.ts';
import { sendBySwaks, swaksOptions, trySwaks } from '../support/swaks.ts';

test('the command line explains itself and its refusals', async (t) => {
  const folder = makeFolder(t);
  const config = join(folder, 'config.json');
  assert.match(await pec('--help'), /init[\s\S]*serve[\s\S]*verify/);
  for (const command of ['init', 'serve', 'config', 'domain', 'mailbox', 'queue', 'log', 'verify'])
    assert.match(await pec(command, '--help'), /^Usage: pec /, command);
  const expect = async (code: number, words: RegExp, ...args: string[]) => {
    const { status, text } = await runPec(args);
    assert.equal(status, code, `pec ${args.join(' ')}\n${text}`);
    assert.match(text, words);
    assert.doesNotMatch(text, /should not happen|^\s+at /m, text);
  };
  await expect(2, /unknown command/, 'servi');
  await expect(2, /--help/, 'mailbox', 'add');
  await expect(2, /unknown option/, 'serve', '--porta', '25');
  await expect(2, /--name/, 'init', '--config', config);
  await expect(3, new RegExp(config.replaceAll('.', '\\.')), 'serve', '--config', config);
  writeFileSync(config, '{ "provider": { "name": "X", ');
  await expect(3, /config\.json/, 'config', 'check', '--config', config);
  writeFileSync(config, '{ "provider": { "name": "X", "domain": "x.test", "host": "localhost" } }');
  await expect(3, /hostname/, 'config', 'check', '--config', config);
});

test('pec init writes what pec serve needs, keeps secrets private and overwrites nothing', async (t) => {
  const folder = makeFolder(t);
  const config = join(folder, 'nuovo/config.json');
  const init = ['init', '--name', 'Gestore Delta', '--domain', 'delta.test', '--hostname', 'mail.delta.test'];
  const again = () => runPec([...init, '--development-keys', '--config', config]);
  assert.equal((await again()).status, 0);
  assert.match(readFileSync(config, 'utf8'), /\/\/ Who the provider is\./);
  for (const file of ['config.json', 'keys/signing.key', 'keys/tls.key'])
    assert.equal(statSync(join(folder, 'nuovo', file)).mode & 0o077, 0, file);
  assert.match(await pec('config', 'check', '--config', config), /is good/);
  const shown = JSON.parse(await pec('config', 'show', '--config', config)) as { provider: unknown };
  assert.deepEqual(shown.provider, {
    name: 'Gestore Delta',
    domain: 'delta.test',
    hostname: 'mail.delta.test',
  });
  const before = readFileSync(config);
  const second = await again();
  assert.notEqual(second.status, 0);
  assert.match(second.text, /exists already; nothing was written/);
  assert.deepEqual(readFileSync(config), before);
});

test('pec init takes the key of a PKCS#12 file that openssl made', async (t) => {
  const folder = makeFolder(t);
  const config = ['--config', join(folder, 'primo/config.json')];
  const init = ['init', '--name', 'Gestore Delta', '--domain', 'delta.test', '--hostname', 'localhost'];
  await pec(...init, '--development-keys', ...config);
  const first = join(folder, 'primo');
  writeFileSync(join(folder, 'password'), 'segreta perché sì\n');
  await runWell('openssl', [
    ...[
      'pkcs12',
      '-export',
      '-inkey',
      join(first, 'keys/signing.key'),
      '-in',
      join(first, 'keys/signing.pem'),
    ],
    ...['-out', join(folder, 'gestore.p12'), '-passout', `file:${join(folder, 'password')}`],
  ]);
  const second = ['--config', join(folder, 'secondo/config.json')];
  await pec(
    ...[...init, '--pkcs12', join(folder, 'gestore.p12'), '--trust', join(first, 'trust/ca.pem')],
    ...['--pkcs12-password-file', join(folder, 'password'), ...second],
  );
  assert.match(await pec('config', 'check', ...second), /is good/);
  writeFileSync(join(folder, 'password'), 'sbagliata\n');
  const wrong = await runPec([
    ...[...init, '--pkcs12', join(folder, 'gestore.p12'), '--trust', join(first, 'trust/ca.pem')],
    ...['--pkcs12-password-file', join(folder, 'password'), '--config', join(folder, 'terzo/config.json')],
  ]);
  assert.ok(wrong.status !== 0, wrong.text);
  assert.match(wrong.text, /password/i);
});

describe('a provider that serves', () => {
  let own: OwnProvider;
  let config: readonly string[];
  let server: ServerProcess;
  let deadPort: number;
  before(async () => {
    own = await makeOwnProvider('delta.test');
    config = ['--config', own.configFile];
    [deadPort = 0] = await findFreePorts(1);
    await own.configure({ relay: { routes: { 'muta.example': { host: '127.0.0.1', port: deadPort } } } });
    server = await own.serve();
  });
  after(() => own.remove());

  it('takes domains and mailboxes while it runs, and says no in words', async () => {
    assert.match(await pec('domain', 'add', 'delta.test', ...config), /delta\.test added/);
    assert.match(await pec('domain', 'list', ...config), /^delta\.test +yes/m);
    const mario = await own.addMailbox('mario');
    assert.match(await pec('mailbox', 'list', ...config), /mario@delta\.test/);
    assert.equal((await trySwaks([...swaksOptions(mario), '--to', mario.address])).status, 0);
    await waitForMail(mario, 'CONSEGNA');
    const twice = await runPec(
      ['mailbox', 'add', mario.address, '--password-file', '-', ...config],
      'segreta-2\n',
    );
    assert.equal(twice.status, 1, twice.text);
    assert.match(twice.text, /mario@delta\.test/);
    const elsewhere = await runPec(
      ['mailbox', 'add', 'x@altrove.test', '--password-file', '-', ...config],
      'segreta-2\n',
    );
    assert.equal(elsewhere.status, 1, elsewhere.text);
    assert.match(elsewhere.text, /altrove\.test/);
  });

  it('forgets an old password and a removed mailbox at once', async () => {
    const luca = await own.addMailbox('luca');
    const send = (account: Account) => trySwaks([...swaksOptions(account), '--to', luca.address]);
    assert.equal((await send(luca)).status, 0);
    const changed = await runPec(
      ['mailbox', 'passwd', luca.address, '--password-file', '-', ...config],
      'tutta-nuova\n',
    );
    assert.equal(changed.status, 0, changed.text);
    assert.match((await send(luca)).text, / 535 5\.7\.8 /);
    assert.equal((await send({ ...luca, password: 'tutta-nuova' })).status, 0);
    await pec('mailbox', 'remove', luca.address, '--yes', ...config);
    assert.match((await send({ ...luca, password: 'tutta-nuova' })).text, / 535 5\.7\.8 /);
  });

  it('shows the log, and checks messages in words and in JSON', async (t) => {
    const anna = await own.addMailbox('anna');
    const sent = await sendBySwaks([
      ...swaksOptions(anna),
      '--to',
      anna.address,
      '--header',
      'Subject: Prova',
    ]);
    const envelope = await waitForMail(anna, 'POSTA CERTIFICATA: Prova');
    const receipt = await waitForMail(anna, 'CONSEGNA: Prova');
    const log = JSON.parse(await pec('log', 'show', sent.messageId, '--json', ...config)) as {
      event: { type: string };
    }[];
    const types = log.map(({ event }) => event.type);
    for (const type of ['accepted', 'delivered']) assert.ok(types.includes(type), types.join());
    assert.equal((await runPec(['log', 'show', '<nulla@x>', ...config])).status, 1);

    const folder = makeFolder(t);
    const save = (name: string, bytes: Uint8Array) => {
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    };
    assert.match(await pec('verify', save('busta.eml', envelope), ...config), /delta\.test/);
    const verdict = JSON.parse(
      await pec('verify', save('ricevuta.eml', receipt), '--json', ...config),
    ) as Record<string, unknown>;
    assert.equal(verdict.conclusion, 'certified');
    // A mail program may have saved it with the line ends of its system.
    const unix = Buffer.from(receipt.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
    assert.match(await pec('verify', save('unix.eml', unix), ...config), /delta\.test/);
    const altered = Buffer.from(
      receipt.toString('latin1').replace('stato consegnato', 'stato rifiutato'),
      'latin1',
    );
    const bad = await runPec(['verify', save('falsa.eml', altered), ...config]);
    assert.equal(bad.status, 1, bad.text);
    assert.match(bad.text, /firma/i);
    const plain = await runPec(['verify', save('posta.eml', sent.message), ...config]);
    assert.equal(plain.status, 1, plain.text);
    assert.equal((await runPec(['verify', join(folder, 'non-esiste.eml'), ...config])).status, 2);
  });

  it('shows what waits in the queue, holds it back and tries it again', async () => {
    const rosa = await own.addMailbox('rosa');
    await sendBySwaks([...swaksOptions(rosa), '--to', 'utente@muta.example']);
    const row = await waitFor('a first attempt', async () => {
      const rows = JSON.parse(await pec('queue', 'list', '--json', ...config)) as {
        id: number;
        recipient: string;
        attempts: number;
        held: boolean;
      }[];
      return rows.find(({ recipient, attempts }) => recipient === 'utente@muta.example' && attempts > 0);
    });
    assert.match(await pec('queue', 'list', ...config), /utente@muta\.example +envelope/);
    assert.match(await pec('queue', 'hold', `${row.id}`, ...config), /held/);
    assert.match(await pec('queue', 'list', ...config), /utente@muta\.example.*held/);
    assert.match(await pec('queue', 'retry', `${row.id}`, ...config), /due now/);
    await waitFor('a second attempt', async () => {
      const rows = JSON.parse(await pec('queue', 'list', '--json', ...config)) as { attempts: number }[];
      return rows.find(({ attempts }) => attempts > row.attempts);
    });
    assert.equal((await runPec(['queue', 'retry', '999999', ...config])).status, 1);
    assert.equal((await runPec(['queue', 'retry', 'uno', ...config])).status, 2);
  });

  it('will not start twice on the same ports', async () => {
    const { status, text } = await runProgram('timeout', ['20', 'bin/pec', 'serve', ...config]);
    assert.equal(status, 4, text);
    assert.match(text, /taken by another program/);
  });

  it('stops in order on SIGTERM: a message on its way is taken, answered and there afterwards', async (t) => {
    const vera = await own.addMailbox('vera');
    const dialogue = await openSubmission(vera);
    await dialogue.say(`MAIL FROM:<${vera.address}>`, 250);
    await dialogue.say(`RCPT TO:<${vera.address}>`, 250);
    await dialogue.say('DATA', 354);
    dialogue.write(`From: ${vera.address}\r\nTo: ${vera.address}\r\nSubject: A cavallo\r\n\r\nprima met`);
    await waitFor('log', () => (server.output().includes('"serving"') ? true : undefined));
    server.child.kill('SIGTERM');
    await waitFor('the stop to begin', () => (server.output().includes('"stopping"') ? true : undefined));
    await waitFor('no new connections', async () => {
      const { status } = await trySwaks([
        ...swaksOptions(vera),
        '--to',
        vera.address,
        '--quit-after',
        'BANNER',
      ]);
      return status === 0 ? undefined : true;
    });
    await dialogue.say('à, seconda met\r\n.', 250);
    assert.equal(await server.ended, 0, server.output());
    server = await own.serve();
    assert.deepEqual((await waitForAll(vera, 3)).map(subjectOf).sort(), [
      'ACCETTAZIONE: A cavallo',
      'CONSEGNA: A cavallo',
      'POSTA CERTIFICATA: A cavallo',
    ]);
    await openCertifiedMail(t, await waitForMail(vera, 'POSTA CERTIFICATA'), own.ca);
    assert.match(await pec('config', 'check', ...config), /is good/);
  });

  it('reads a renewed TLS certificate on SIGHUP, without losing who is connected', async () => {
    const rita = await own.addMailbox('rita');
    const dialogue = await openSubmission(rita);
    const keys = join(own.folder, 'keys');
    mkdirSync(join(own.folder, 'nuove'));
    await runWell('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-days', '2'],
      ...[
        '-addext',
        'subjectAltName=DNS:localhost',
        '-keyout',
        join(keys, 'tls.key'),
        '-out',
        join(keys, 'tls.pem'),
      ],
    ]);
    server.child.kill('SIGHUP');
    const renewed = { ...rita, ca: join(keys, 'tls.pem') };
    await waitFor('the new certificate', async () => {
      const args = [...swaksOptions(renewed, 'implicit'), '--to', rita.address, '--quit-after', 'EHLO'];
      return (await trySwaks(args)).status === 0 ? true : undefined;
    });
    await dialogue.say('NOOP', 250);
    assert.equal((await readMail(renewed)).length, 0);
  });
});

async function waitForAll(account: Account, count: number): Promise<Buffer[]> {
  return waitFor(`${count} messages for ${account.address}`, async () => {
    const messages = await readMail(account);
    return messages.length >= count ? messages : undefined;
  });
}
