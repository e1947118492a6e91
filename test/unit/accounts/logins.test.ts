/** Several logins on one mailbox: rights, application passwords, last use, and what ends their sessions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createAccounts } from '../../../src/accounts/accounts.ts';
import type { Login } from '../../../src/accounts/logins.ts';
import { openSqlite } from '../../../src/db/sqlite.ts';
import { cheapHasher, openStore, testEpoch } from '../../support/store.ts';

const password = 'correct horse battery';
const reader = { read: true, write: false, send: false, manage: false };

async function openWithMailbox(t: Parameters<typeof openStore>[0]) {
  const store = openStore(t);
  await store.accounts.addDomain('esempio.it');
  const mailbox = await store.accounts.addMailbox({ address: 'ufficio@esempio.it', password });
  const { id: loginId } = await store.accounts.findLogin(mailbox.address);
  return { ...store, mailbox, loginId };
}

type Opened = Awaited<ReturnType<typeof openWithMailbox>>;

async function prove({ accounts }: Opened, name: string, secret: string): Promise<Login> {
  const login = await accounts.authenticate(name, secret, 'imap', '192.0.2.7');
  assert.ok(login, `${name} must be proved`);
  return login;
}

/** Watches the login; the promise counts how often it was ended, once the notices had their turn. */
function watch({ accounts }: Opened, login: Login) {
  let ends = 0;
  const stop = accounts.watchLogin(login, () => {
    ends += 1;
  });
  const settle = async () => {
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    return ends;
  };
  return { stop, settle };
}

test('several logins to one mailbox, each with its own password and rights', async (t) => {
  const opened = await openWithMailbox(t);
  const { accounts, mailbox } = opened;
  const second = { name: 'Protocollo', password: 'the registry reads', rights: reader };
  await accounts.addLogin(mailbox.address, second);
  await assert.rejects(accounts.addLogin(mailbox.address, { ...second, name: 'PROTOCOLLO' }), {
    publicText: /taken/,
  });
  const login = await prove(opened, 'protocollo', second.password);
  assert.deepEqual([login.mailboxId, login.address, login.name], [mailbox.id, mailbox.address, 'Protocollo']);
  assert.deepEqual(login.rights, reader);
  const changed = await accounts.setLogin('protocollo', { rights: { ...reader, send: true } });
  assert.deepEqual(changed.rights, { ...reader, send: true });
  await accounts.removeLogin('protocollo');
  assert.equal(await accounts.authenticate('protocollo', second.password), undefined);
  await assert.rejects(accounts.setPassword('protocollo', password), { publicText: /no login/ });
});

test('rights that make no sense are refused, and so is taking away the mailbox’s own login', async (t) => {
  const { accounts, mailbox } = await openWithMailbox(t);
  const add = (rights: typeof reader) =>
    accounts.addLogin(mailbox.address, { name: 'altro', password, rights });
  await assert.rejects(add({ ...reader, read: false }), { publicText: /at least one right/ });
  await assert.rejects(add({ ...reader, read: false, write: true }), { publicText: /right read/ });
  await assert.rejects(accounts.setLogin('nessuno', {}), { publicText: /pec login list/ });
  await assert.rejects(accounts.removeLogin('UFFICIO@esempio.it'), { publicText: /disable it/ });
  await add({ ...reader, read: false, send: true });
  assert.equal((await accounts.authenticate('altro', password))?.rights.read, false);
});

test('application passwords: for their protocols, until they expire or are revoked', async (t) => {
  const opened = await openWithMailbox(t);
  const { accounts, mailbox, time, loginId } = opened;
  const wanted = { loginId, label: ' phone ', scopes: ['imap', 'smtp'] as const };
  const made = await accounts.addApplicationPassword({ ...wanted, expiresAt: testEpoch + 1000 });
  assert.match(made.secret, /^([a-z2-9]{5}-){4}[a-z2-9]{5}$/);
  const typed = made.secret.replaceAll('-', ' ').toUpperCase();
  assert.ok(await accounts.authenticate(mailbox.address, made.secret, 'imap'));
  assert.ok(await accounts.authenticate(mailbox.address, typed, 'smtp'));
  for (const scope of ['pop3', 'web', undefined] as const)
    assert.equal(await accounts.authenticate(mailbox.address, made.secret, scope), undefined, `${scope}`);
  time.now += 1000;
  assert.equal(await accounts.authenticate(mailbox.address, made.secret, 'imap'), undefined);
  const second = await accounts.addApplicationPassword(wanted);
  assert.ok(await accounts.authenticate(mailbox.address, second.secret, 'imap'));
  await accounts.revokeApplicationPassword(loginId, second.id);
  assert.equal(await accounts.authenticate(mailbox.address, second.secret, 'imap'), undefined);
  await assert.rejects(accounts.revokeApplicationPassword(loginId, second.id), { kind: 'permanent' });
  assert.deepEqual(
    (await accounts.listApplicationPasswords(loginId)).map(({ label }) => label),
    ['phone'],
  );
});

test('a read-only application password reads and does nothing else', async (t) => {
  const opened = await openWithMailbox(t);
  const { accounts, loginId } = opened;
  const made = await accounts.addApplicationPassword({
    loginId,
    label: 'archive',
    scopes: ['imap'],
    readOnly: true,
  });
  assert.deepEqual((await prove(opened, opened.mailbox.address, made.secret)).rights, reader);
});

test('an application password needs a name, a protocol and a day to come', async (t) => {
  const { accounts, loginId } = await openWithMailbox(t);
  const good = { loginId, label: 'phone', scopes: ['imap'] as const };
  const refused = (wrong: object, publicText: RegExp) =>
    assert.rejects(accounts.addApplicationPassword({ ...good, ...wrong }), { publicText });
  await refused({ label: '  ' }, /which program/);
  await refused({ scopes: [] }, /at least one protocol/);
  await refused({ scopes: ['web'] }, /imap, pop3, smtp/);
  await refused({ scopes: ['imap', 'smtp'], readOnly: true }, /leave smtp out/);
  await refused({ expiresAt: testEpoch }, /expired already/);
  await Promise.all(Array.from({ length: 100 }, () => accounts.addApplicationPassword(good)));
  await refused({}, /revoke those/);
});

test('last use is kept with time, address and protocol, and written together later', async (t) => {
  const opened = await openWithMailbox(t);
  const { accounts, mailbox, loginId, time } = opened;
  const phone = await accounts.addApplicationPassword({ loginId, label: 'phone', scopes: ['imap'] });
  await prove(opened, mailbox.address, password);
  await prove(opened, mailbox.address, phone.secret);
  time.now += 5;
  await accounts.authenticate(mailbox.address, password, 'pop3', '2001:db8::1');
  assert.equal((await accounts.findLogin(mailbox.address)).lastUse, undefined);
  await accounts.close();
  assert.deepEqual((await accounts.findLogin(mailbox.address)).lastUse, {
    at: testEpoch + 5,
    from: '2001:db8::1',
    by: 'pop3',
  });
  const [kept] = await accounts.listApplicationPasswords(loginId);
  assert.deepEqual(kept?.lastUse, { at: testEpoch, from: '192.0.2.7', by: 'imap' });
});

test('an open session ends when its application password is revoked; those of others go on', async (t) => {
  const opened = await openWithMailbox(t);
  const { accounts, mailbox, loginId } = opened;
  const phone = await accounts.addApplicationPassword({ loginId, label: 'phone', scopes: ['imap'] });
  const byPhone = watch(opened, await prove(opened, mailbox.address, phone.secret));
  const byPassword = watch(opened, await prove(opened, mailbox.address, password));
  assert.deepEqual([await byPhone.settle(), await byPassword.settle()], [0, 0]);
  await accounts.revokeApplicationPassword(loginId, phone.id);
  assert.deepEqual([await byPhone.settle(), await byPassword.settle()], [1, 0]);
  await accounts.setPassword(mailbox.address, 'another password');
  assert.deepEqual([await byPhone.settle(), await byPassword.settle()], [1, 1]);
});

test('changed rights, a disabled or a removed login end its sessions; a block of sending does not', async (t) => {
  const opened = await openWithMailbox(t);
  const { accounts, mailbox } = opened;
  await accounts.addLogin(mailbox.address, { name: 'altro', password });
  const open = async () => watch(opened, await prove(opened, 'altro', password));
  const first = await open();
  await accounts.setMailbox(mailbox.address, { sendingBlocked: { reason: 'compromised' } });
  await accounts.setMailbox(mailbox.address, { sendingBlocked: null });
  assert.equal(await first.settle(), 0);
  await accounts.setLogin('altro', { rights: reader });
  assert.equal(await first.settle(), 1);
  const second = await open();
  await accounts.setLogin('altro', { disabled: true });
  assert.equal(await second.settle(), 1);
  await accounts.setLogin('altro', { disabled: false });
  const [third, stopped] = [await open(), await open()];
  stopped.stop();
  await accounts.removeMailbox(mailbox.address);
  assert.deepEqual([await third.settle(), await stopped.settle()], [1, 0]);
});

test('a session ends when its application password expires', { timeout: 10_000 }, async (t) => {
  const opened = await openWithMailbox(t);
  const { accounts, mailbox, loginId, time } = opened;
  const made = await accounts.addApplicationPassword({
    loginId,
    label: 'guest',
    scopes: ['imap'],
    expiresAt: testEpoch + 50,
  });
  const login = await prove(opened, mailbox.address, made.secret);
  const ended = new Promise<void>((resolve) => accounts.watchLogin(login, resolve));
  time.now += 50;
  const alive = setInterval(() => undefined, 1000);
  await ended;
  clearInterval(alive);
});

test('what another process revokes ends the session here too', { timeout: 10_000 }, async (t) => {
  const opened = await openWithMailbox(t);
  const { accounts, mailbox, loginId, file, clock } = opened;
  const phone = await accounts.addApplicationPassword({ loginId, label: 'phone', scopes: ['imap'] });
  const login = await prove(opened, mailbox.address, phone.secret);
  const ended = new Promise<void>((resolve) => accounts.watchLogin(login, resolve));
  const db = openSqlite({ file, readers: 1 });
  t.after(() => db.close());
  await createAccounts({ db, clock, hasher: cheapHasher }).revokeApplicationPassword(loginId, phone.id);
  const alive = setInterval(() => undefined, 1000);
  await ended;
  clearInterval(alive);
});

test('a login is renewed with what holds now, and no more once its password is another', async (t) => {
  const opened = await openWithMailbox(t);
  const { accounts, mailbox } = opened;
  const login = await prove(opened, mailbox.address, password);
  await accounts.setMailbox(mailbox.address, { sendingBlocked: { reason: 'compromised' } });
  assert.equal((await accounts.renew(login))?.rights.send, false);
  // Within the same millisecond: the session is told apart all the same.
  await accounts.setPassword(mailbox.address, password);
  assert.equal(await accounts.renew(login), undefined);
});
