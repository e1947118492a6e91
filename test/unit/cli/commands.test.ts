import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runPec } from './run-pec.ts';

const folder = mkdtempSync(join(tmpdir(), 'pec-cli-'));
const file = join(folder, 'provider', 'config.json');
after(() => rmSync(folder, { recursive: true }));

const names = ['--name', 'Gestore Prova S.p.A.', '--domain', 'prova.test', '--hostname', 'localhost'];

/** A command on the provider that `before` made. */
const pec = (...args: string[]) => runPec([...args, '--config', file]);

before(async () => {
  const made = await runPec(['init', '--config', file, ...names, '--development-keys']);
  assert.equal(made.code, 0, made.remarks);
  assert.match(made.output, /they certify nothing/);
});

test('init makes a provider whose configuration is good and whose keys are its own', async () => {
  const { code, output, remarks } = await pec('config', 'check');
  assert.deepEqual({ code, output, remarks }, { code: 0, output: `${file} is good.`, remarks: '' });
  for (const secret of ['config.json', 'development-ca.json', 'keys/signing.key', 'keys/tls.key'])
    assert.equal(statSync(join(folder, 'provider', secret)).mode & 0o777, 0o600, secret);
});

test('init overwrites nothing', async () => {
  const config = readFileSync(file, 'utf8');
  const again = await runPec(['init', '--config', file, ...names, '--development-keys']);
  assert.equal(again.code, 1);
  assert.match(again.remarks, /exists already; nothing was written/);
  assert.equal(readFileSync(file, 'utf8'), config);
});

test('init asks a person for what no option says', async () => {
  const asked = join(folder, 'asked', 'config.json');
  const made = await runPec(['init', '--config', asked], { answers: ['Gestore X', 'x.test', '', ''] });
  assert.equal(made.code, 0, made.remarks);
  const shown = JSON.parse((await runPec(['config', 'show', '--config', asked])).output) as {
    provider: unknown;
  };
  assert.deepEqual(shown.provider, { name: 'Gestore X', domain: 'x.test', hostname: 'mail.x.test' });
});

test('init without a terminal says which option is missing', async () => {
  const ran = await runPec(['init', '--config', join(folder, 'none.json'), '--name', 'X']);
  assert.deepEqual(
    [ran.code, ran.remarks],
    [2, 'No terminal to ask at: give --domain (pec init --help shows all).'],
  );
});

test('init writes nothing when a value is not good', async () => {
  const bad = join(folder, 'bad', 'config.json');
  const ran = await runPec([
    'init',
    '--config',
    bad,
    '--name',
    'X',
    '--domain',
    'x.test',
    '--hostname',
    'a b',
    '--development-keys',
  ]);
  assert.notEqual(ran.code, 0);
  assert.throws(() => statSync(join(folder, 'bad')), /ENOENT/);
});

test('config show --changed prints what the file said', async () => {
  const { output } = await pec('config', 'show', '--changed');
  assert.deepEqual(Object.keys(JSON.parse(output) as object), [
    'provider',
    'tls',
    'signing',
    'trust',
    'index',
    'dkim',
  ]);
});

test('config check tells every problem and ends with 3', async (t) => {
  const key = join(folder, 'provider', 'keys', 'tls.key');
  const index = join(folder, 'provider', 'index', 'index.ldif');
  const content = readFileSync(index);
  chmodSync(key, 0o644);
  rmSync(index);
  t.after(() => {
    chmodSync(key, 0o600);
    writeFileSync(index, content);
  });
  const { code, remarks } = await pec('config', 'check');
  assert.equal(code, 3);
  assert.match(remarks, /tls\.key: .* is open to every user[\s\S]*index: ENOENT/);
  assert.equal((await runPec(['config', 'check', '--config', join(folder, 'none')])).code, 3);
});

test('a domain is added, changed and listed', async () => {
  assert.equal((await pec('domain', 'add', 'Ufficio.Test')).output, 'ufficio.test added.');
  const again = await pec('domain', 'add', 'ufficio.test');
  assert.deepEqual([again.code, again.remarks], [1, 'The domain ufficio.test exists already.']);
  assert.equal((await pec('domain', 'set', 'ufficio.test', '--quota', '2G', '--suspend')).code, 0);
  const listed = JSON.parse((await pec('domain', 'list', '--json')).output) as object[];
  assert.partialDeepStrictEqual(listed, [{ name: 'ufficio.test', defaultQuotaBytes: 2_147_483_648 }]);
  assert.match(
    (await pec('domain', 'list')).output,
    /^ufficio\.test +suspended +2\.0 GiB +any number +default +anybody$/m,
  );
  assert.equal((await pec('domain', 'set', 'ufficio.test', '--resume', '--quota', 'default')).code, 0);
});

test('changing nothing is a mistake, and so are two opposite wishes', async () => {
  assert.equal((await pec('domain', 'set', 'ufficio.test')).code, 2);
  assert.equal((await pec('domain', 'set', 'ufficio.test', '--suspend', '--resume')).code, 2);
});

test('a mailbox is added, changed, given a new password and removed', async () => {
  await pec('domain', 'add', 'caselle.test');
  const secret = join(folder, 'secret');
  writeFileSync(secret, 'una password lunga\n');
  const add = ['mailbox', 'add', 'mario@caselle.test', '--config', file];
  assert.equal(
    (await runPec([...add, '--password-file', secret, '--quota', '1G', '--name', 'Mario Rossi'])).code,
    0,
  );
  assert.match(
    (await pec('mailbox', 'list')).output,
    /^mario@caselle\.test +Mario Rossi +1\.0 GiB +yes +default +INBOX +no$/m,
  );
  const blocked = await pec('mailbox', 'set', 'mario@caselle.test', '--block-sending', 'credenziali rubate');
  assert.match(blocked.output, /blocked: credenziali rubate/);
  const passwd = ['mailbox', 'passwd', 'mario@caselle.test', '--config', file];
  assert.equal((await runPec([...passwd, '--password-file', '-'], { input: 'altra password\n' })).code, 0);
  assert.equal((await runPec(passwd, { answers: ['una nuova password', 'una nuova password'] })).code, 0);
  const differ = await runPec(passwd, { answers: ['una', 'altra'] });
  assert.deepEqual([differ.code, differ.remarks], [1, 'The two passwords differ; nothing was changed.']);
  assert.equal((await pec('mailbox', 'remove', 'mario@caselle.test')).code, 2);
  const remove = ['mailbox', 'remove', 'mario@caselle.test', '--config', file];
  assert.equal((await runPec(remove, { answers: ['no'] })).code, 1);
  assert.equal((await runPec(remove, { answers: ['mario@caselle.test'] })).code, 0);
  assert.equal((await pec('mailbox', 'list', '--domain', 'caselle.test', '--json')).output, '[]');
});

test('a mailbox of a domain that is not ours says what to do first', async () => {
  const ran = await runPec(['mailbox', 'add', 'a@altrove.test', '--password-file', '-', '--config', file], {
    input: 'xyzxyzxyzxyz',
  });
  assert.equal(ran.code, 1);
  assert.match(ran.remarks, /add it first with "pec domain add altrove\.test"/);
});

test('an empty queue, an unknown message, a provider that does not run', async () => {
  assert.equal((await pec('queue', 'list')).output, 'The queue is empty.');
  assert.equal((await pec('queue', 'retry', '7')).code, 1);
  const log = await pec('log', 'show', '<none@example.test>');
  assert.deepEqual([log.code, log.remarks], [1, 'The message log knows no message <none@example.test>.']);
});

test('every command has help and takes --config', async () => {
  const { output } = await runPec(['--help']);
  const commands = [...output.matchAll(/^ {2}([a-z]+)/gm)]
    .map((match) => match[1] ?? '')
    .filter((name) => name !== 'help');
  assert.ok(commands.length >= 8, output);
  for (const command of commands) {
    const help = await runPec([command, '--help']);
    assert.equal(help.code, 0, command);
    const inner = [...help.output.matchAll(/^ {2}([a-z]+) .*\[options\]/gm)].map((match) => match[1] ?? '');
    const pages =
      inner.length === 0 ? [help] : await Promise.all(inner.map((name) => runPec([command, name, '--help'])));
    // The sandbox is two providers: its commands take its folder.
    for (const page of pages) assert.match(page.output, /--config <file>|--folder <folder>/, page.output);
  }
});

test('a command line that is not understood ends with 2 and says where help is', async () => {
  const ran = await runPec(['mailbox', 'frobnicate']);
  assert.equal(ran.code, 2);
  assert.match(ran.remarks, /unknown command 'frobnicate'[\s\S]*pec mailbox --help shows how/);
  assert.equal((await runPec(['mailbox', 'add'])).code, 2);
  assert.equal((await runPec(['mailbox', 'set', 'a@b.test', '--quota', 'much'])).code, 2);
});

test('a mailbox gets a further login with rights of its own, changed and taken away', async () => {
  await pec('domain', 'add', 'logins.test');
  const withPassword = (args: string[]) => runPec([...args, '--config', file], { input: 'parola segreta\n' });
  await withPassword(['mailbox', 'add', 'ufficio@logins.test', '--password-file', '-']);
  const add = ['login', 'add', 'ufficio@logins.test', 'protocollo', '--password-file', '-'];
  const added = await withPassword([...add, '--rights', 'read,send']);
  assert.equal(added.output, 'protocollo may log in to ufficio@logins.test: read,send.');
  assert.equal((await withPassword([...add, '--rights', 'read,fly'])).code, 2);
  const listed = (await pec('login', 'list', 'ufficio@logins.test')).output.split('\n');
  assert.deepEqual(
    listed.map((line) => line.split(/ {2,}/)),
    [
      ['LOGIN', 'RIGHTS', 'LAST USE', 'STATE'],
      ['protocollo', 'read,send', 'never', 'in use'],
      ['ufficio@logins.test', 'read,write,send,manage', 'never', 'in use'],
    ],
  );
  assert.match((await pec('login', 'set', 'protocollo', '--disable')).output, /disabled 20/);
  assert.match(
    (await pec('login', 'set', 'protocollo', '--enable', '--rights', 'read')).output,
    /read +never +in use/,
  );
  assert.equal((await pec('login', 'set', 'protocollo')).code, 2);
  assert.equal((await withPassword(['login', 'passwd', 'protocollo', '--password-file', '-'])).code, 0);
  assert.equal((await pec('login', 'remove', 'protocollo')).output, 'protocollo removed.');
  const own = await pec('login', 'remove', 'ufficio@logins.test');
  assert.deepEqual([own.code, /disable it/.test(own.remarks)], [1, true]);
});

test('an application password is printed once, listed without its secret, and revoked', async () => {
  await pec('domain', 'add', 'apps.test');
  const add = ['mailbox', 'add', 'anna@apps.test', '--password-file', '-', '--config', file];
  await runPec(add, { input: 'parola segreta\n' });
  const made = await pec(
    'mailbox',
    'app-password',
    'add',
    'anna@apps.test',
    '--for',
    'telefono',
    '--scope',
    'imap',
  );
  assert.match(made.output, /^([a-z2-9]{5}-){4}[a-z2-9]{5}$/);
  const archive = ['mailbox', 'app-password', 'add', 'anna@apps.test', '--for', 'archivio'];
  await pec(...archive, '--read-only', '--expires', '90d');
  const { output } = await pec('mailbox', 'app-password', 'list', 'anna@apps.test');
  assert.doesNotMatch(output, new RegExp(made.output));
  const rows = output.split('\n').map((line) => line.split(/ {2,}/));
  assert.deepEqual(
    rows.map(([id, label, scope, , expires, lastUse]) => [id, label, scope, expires === 'never', lastUse]),
    [
      ['ID', 'FOR', 'SCOPE', false, 'LAST USE'],
      ['1', 'telefono', 'imap', true, 'never'],
      ['2', 'archivio', 'imap,pop3 (read only)', false, 'never'],
    ],
  );
  assert.equal((await pec('mailbox', 'app-password', 'revoke', 'anna@apps.test', '1')).code, 0);
  const again = await pec('mailbox', 'app-password', 'revoke', 'anna@apps.test', '1');
  assert.deepEqual([again.code, /app-password list/.test(again.remarks)], [1, true]);
  assert.equal((await pec(...archive, '--read-only', '--scope', 'smtp')).code, 1);
});

test('mailbox set says where receipts and sent mail go', async () => {
  await pec('domain', 'add', 'cartelle.test');
  const add = ['mailbox', 'add', 'anna@cartelle.test', '--password-file', '-', '--config', file];
  await runPec(add, { input: 'parola segreta\n' });
  const set = (...args: string[]) => pec('mailbox', 'set', 'anna@cartelle.test', ...args);
  assert.match((await set('--receipts-folder', 'Ricevute/', '--sent-copy', 'yes')).output, /Ricevute +yes$/);
  assert.match((await set('--no-receipts-folder', '--sent-copy', 'no')).output, /INBOX +no$/);
  for (const bad of ['a//b', 'inbox', '100%'])
    assert.equal((await set('--receipts-folder', bad)).code, 2, bad);
});

test('mailbox set keeps capabilities back, and names what there is to a wrong one', async () => {
  await pec('domain', 'add', 'programmi.test');
  const add = ['mailbox', 'add', 'anna@programmi.test', '--password-file', '-', '--config', file];
  await runPec(add, { input: 'parola segreta\n' });
  const set = (names: string) => pec('mailbox', 'set', 'anna@programmi.test', '--without-capability', names);
  assert.match((await set('condstore, QRESYNC')).remarks, /: CONDSTORE, QRESYNC$/m);
  const wrong = await set('CONDSTOR');
  assert.deepEqual([wrong.code, /CONDSTORE/.test(wrong.remarks)], [2, true]);
  assert.equal((await set('IMAP4rev1')).code, 2);
  assert.equal((await set('')).remarks, '');
});
