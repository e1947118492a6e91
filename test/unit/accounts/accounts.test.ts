import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAccounts } from '../../../src/accounts/accounts.ts';
import { createPasswordHasher, type PasswordHasher } from '../../../src/accounts/password.ts';
import { cheapHasher, openStore, testEpoch } from '../../support/store.ts';

const password = 'correct horse battery';

/** Counts the verifications that cost a hash. */
function countVerifications(inner: PasswordHasher): PasswordHasher & { verified: number } {
  const counting = {
    verified: 0,
    hash: inner.hash,
    verify: (stored: string, given: string) => {
      counting.verified += 1;
      return inner.verify(stored, given);
    },
  };
  return counting;
}

async function openWithMailbox(t: Parameters<typeof openStore>[0]) {
  const store = openStore(t);
  await store.accounts.addDomain('esempio.it');
  const mailbox = await store.accounts.addMailbox({ address: 'Mario.Rossi@Esempio.IT', password });
  return { ...store, mailbox };
}

test('domains: A-labels, lower case, once; settings change one by one', async (t) => {
  const { accounts, time } = openStore(t);
  const domain = await accounts.addDomain('Comune-Forlì.IT.');
  assert.equal(domain.name, 'xn--comune-forl-mcb.it');
  await assert.rejects(accounts.addDomain('comune-forlì.it'), { publicText: /exists already/ });
  for (const bad of ['', 'it', 'a b.it', '-x.it', `${'x'.repeat(64)}.it`, 'a..it', 'a.it/..']) {
    await assert.rejects(
      accounts.addDomain(bad),
      { kind: 'permanent', publicText: /not a domain name/ },
      bad,
    );
  }
  await accounts.setDomain('comune-forlì.it', { defaultQuotaBytes: 5000, ordinaryMail: 'accept' });
  time.now += 1000;
  const suspended = await accounts.setDomain(domain.name, { suspended: true, ordinaryMail: null });
  assert.equal(suspended.suspendedAt, testEpoch + 1000);
  assert.equal(suspended.defaultQuotaBytes, 5000);
  assert.equal(suspended.ordinaryMail, undefined);
  assert.equal((await accounts.setDomain(domain.name, { suspended: false })).suspendedAt, undefined);
  await assert.rejects(accounts.setDomain(domain.name, { maxMailboxes: -1 }), { publicText: /whole number/ });
  await assert.rejects(accounts.setDomain('altro.it', {}), { publicText: /pec domain add altro.it/ });
  assert.deepEqual(
    (await accounts.listDomains()).map(({ name }) => name),
    [domain.name],
  );
});

test('a mailbox is found without case, keeps its spelling, and has defaults', async (t) => {
  const { accounts, mailbox } = await openWithMailbox(t);
  assert.equal(mailbox.address, 'Mario.Rossi@esempio.it');
  assert.equal(mailbox.quotaBytes, 1_073_741_824);
  assert.equal((await accounts.findMailbox('MARIO.rossi@ESEMPIO.it'))?.id, mailbox.id);
  assert.equal(await accounts.findMailbox('not an address'), undefined);
  await assert.rejects(accounts.addMailbox({ address: 'mario.ROSSI@esempio.it', password }), {
    publicText: /exists already/,
  });
});

test('addresses that cannot be mailboxes are refused with what to do', async (t) => {
  const { accounts } = await openWithMailbox(t);
  for (const address of [
    'mario',
    '@esempio.it',
    'a b@esempio.it',
    '"a b"@esempio.it',
    'a@[1.2.3.4]',
    'è@esempio.it',
  ]) {
    await assert.rejects(
      accounts.addMailbox({ address, password }),
      { kind: 'permanent', publicText: /write it like/ },
      address,
    );
  }
  await assert.rejects(accounts.addMailbox({ address: 'a@altrove.it', password }), {
    publicText: /pec domain add altrove.it/,
  });
  await assert.rejects(accounts.addMailbox({ address: 'a@esempio.it', password: 'short' }), {
    publicText: /at least 8/,
  });
});

test('a domain’s quota and limit of mailboxes hold for new ones', async (t) => {
  const { accounts } = await openWithMailbox(t);
  await accounts.setDomain('esempio.it', { defaultQuotaBytes: 77, maxMailboxes: 2 });
  const second = await accounts.addMailbox({ address: 'b@esempio.it', password });
  assert.equal(second.quotaBytes, 77);
  await assert.rejects(accounts.addMailbox({ address: 'c@esempio.it', password }), {
    publicText: /has its 2 mailboxes/,
  });
  await accounts.removeMailbox('b@esempio.it');
  await accounts.addMailbox({ address: 'c@esempio.it', password });
});

test('lists go by address, by domain, page by page', async (t) => {
  const { accounts } = await openWithMailbox(t);
  await accounts.addDomain('altro.it');
  for (const address of ['z@esempio.it', 'B@altro.it', 'a@esempio.it']) {
    await accounts.addMailbox({ address, password });
  }
  const addresses = async (filter = {}) =>
    (await accounts.listMailboxes(filter)).map(({ address }) => address);
  const all = ['a@esempio.it', 'B@altro.it', 'Mario.Rossi@esempio.it', 'z@esempio.it'];
  assert.deepEqual(await addresses(), all);
  assert.deepEqual(await addresses({ domain: 'ALTRO.it' }), ['B@altro.it']);
  assert.deepEqual(await addresses({ limit: 2 }), all.slice(0, 2));
  assert.deepEqual(await addresses({ limit: 2, after: 'b@altro.it' }), all.slice(2));
  await assert.rejects(accounts.listMailboxes({ domain: 'nessuno.it' }), { kind: 'permanent' });
});

test('settings change one by one; null goes back to the default', async (t) => {
  const { accounts, mailbox, time } = await openWithMailbox(t);
  const { address } = mailbox;
  await assert.rejects(accounts.setMailbox(address, { ordinaryMail: 'forward' }), {
    publicText: /forwarded to/,
  });
  await accounts.setMailbox(address, { ordinaryMail: 'forward', forwardTo: 'mario@posta.example' });
  const changed = await accounts.setMailbox(address, {
    quotaBytes: 10,
    recipientsPerDay: 500,
    displayName: 'M',
  });
  assert.deepEqual(
    [
      changed.ordinaryMail,
      changed.forwardTo,
      changed.quotaBytes,
      changed.recipientsPerDay,
      changed.displayName,
    ],
    ['forward', 'mario@posta.example', 10, 500, 'M'],
  );
  await assert.rejects(accounts.setMailbox(address, { forwardTo: null }), { publicText: /forwarded to/ });
  const back = await accounts.setMailbox(address, {
    ordinaryMail: null,
    forwardTo: null,
    recipientsPerDay: null,
  });
  assert.deepEqual(
    [back.ordinaryMail, back.forwardTo, back.recipientsPerDay],
    [undefined, undefined, undefined],
  );
  time.now += 5;
  const blocked = await accounts.setMailbox(address, { sendingBlocked: { reason: 'stolen password' } });
  assert.deepEqual(blocked.sendingBlocked, { at: testEpoch + 5, reason: 'stolen password' });
  time.now += 5;
  const still = await accounts.setMailbox(address, { quotaBytes: 11 });
  assert.equal(still.sendingBlocked?.at, testEpoch + 5);
  assert.equal((await accounts.setMailbox(address, { sendingBlocked: null })).sendingBlocked, undefined);
});

test('a login proves itself without regard to case of its name, with all it may do', async (t) => {
  const { accounts, mailbox } = await openWithMailbox(t);
  await accounts.setMailbox(mailbox.address, { senders: ['Segreteria@esempio.it', mailbox.address] });
  const login = await accounts.authenticate('MARIO.ROSSI@esempio.it', password);
  assert.deepEqual(
    { ...login, loginId: 0 },
    {
      loginId: 0,
      name: 'Mario.Rossi@esempio.it',
      mailboxId: mailbox.id,
      address: 'Mario.Rossi@esempio.it',
      rights: { read: true, write: true, send: true, manage: true },
      senders: ['Mario.Rossi@esempio.it', 'Segreteria@esempio.it'],
      recipientsPerHour: undefined,
      recipientsPerDay: undefined,
      withoutCapabilities: [],
      credential: { kind: 'password', changedAt: testEpoch },
    },
  );
  assert.equal(await accounts.authenticate(mailbox.address, 'wrong password'), undefined);
  assert.equal(await accounts.authenticate(mailbox.address, 'x'.repeat(5000)), undefined);
});

test('a name that does not exist costs a hash like one that does', async (t) => {
  const store = await openWithMailbox(t);
  const hasher = countVerifications(cheapHasher);
  const accounts = createAccounts({ ...store, hasher });
  assert.equal(await accounts.authenticate('nessuno@esempio.it', password), undefined);
  assert.equal(hasher.verified, 1);
  assert.equal(await accounts.authenticate('mario.rossi@esempio.it', 'wrong password'), undefined);
  assert.equal(hasher.verified, 2);
});

test('a verified password is remembered for a while and forgotten when it changes', async (t) => {
  const store = await openWithMailbox(t);
  const hasher = countVerifications(cheapHasher);
  const accounts = createAccounts({ ...store, hasher, rememberMs: 1000 });
  const { address } = store.mailbox;
  for (const _attempt of [1, 2, 3]) assert.ok(await accounts.authenticate(address, password));
  assert.equal(hasher.verified, 1);
  store.time.now += 1000;
  assert.ok(await accounts.authenticate(address, password));
  assert.equal(hasher.verified, 2);
  await accounts.setPassword(address, 'another password');
  assert.equal(await accounts.authenticate(address, password), undefined);
  assert.ok(await accounts.authenticate(address, 'another password'));
});

test('blocks, suspensions, disabling and removal count at once, remembered or not', async (t) => {
  const { accounts, mailbox } = await openWithMailbox(t);
  const { address } = mailbox;
  const maySend = async () => (await accounts.authenticate(address, password))?.rights.send;
  assert.equal(await maySend(), true);
  await accounts.setMailbox(address, { sendingBlocked: { reason: 'abuse' } });
  assert.equal(await maySend(), false);
  await accounts.setMailbox(address, { sendingBlocked: null });
  await accounts.setDomain('esempio.it', { suspended: true });
  assert.equal(await maySend(), false);
  await accounts.setDomain('esempio.it', { suspended: false });
  await accounts.setLogin(address, { disabled: true });
  assert.equal(await maySend(), undefined);
  await accounts.setLogin(address, { disabled: false });
  assert.equal(await maySend(), true);
  await accounts.removeMailbox(address);
  assert.equal(await maySend(), undefined);
});

test('a hash of older parameters is renewed at the next login', async (t) => {
  const store = await openWithMailbox(t);
  const parameters = { memory: 16, passes: 1, parallelism: 1 };
  const accounts = createAccounts({ ...store, hasher: createPasswordHasher({ parameters }) });
  const stored = () => store.db.read((tx) => tx.get<{ password: string }>('SELECT password FROM login'));
  assert.match((await stored())?.password ?? '', /m=8,/);
  assert.ok(await accounts.authenticate(store.mailbox.address, password));
  assert.match((await stored())?.password ?? '', /m=16,/);
  assert.ok(await accounts.authenticate(store.mailbox.address, password));
});

test('an address of a removed mailbox goes to another only when that is said', async (t) => {
  const { accounts, mailbox } = await openWithMailbox(t);
  await accounts.removeMailbox(mailbox.address);
  assert.equal(await accounts.findMailbox(mailbox.address), undefined);
  await assert.rejects(accounts.removeMailbox(mailbox.address), { publicText: /no mailbox/ });
  await assert.rejects(accounts.addMailbox({ address: mailbox.address, password }), {
    publicText: /removed on 2026-01-15/,
  });
  const again = await accounts.addMailbox({ address: mailbox.address, password, reassign: true });
  assert.notEqual(again.id, mailbox.id);
});

test('what fails in the middle of making a mailbox leaves no half of it', async (t) => {
  const { accounts, mailbox } = await openWithMailbox(t);
  await accounts.addLogin(mailbox.address, { name: 'nuova@esempio.it', password });
  await assert.rejects(accounts.addMailbox({ address: 'nuova@esempio.it', password }), {
    publicText: /taken/,
  });
  assert.equal(await accounts.findMailbox('nuova@esempio.it'), undefined);
});
