/** Keys for SCRAM: kept with the password, offered for every name. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createAccounts } from '../../../src/accounts/accounts.ts';
import { deriveScramKeys } from '../../../src/sasl/scram.ts';
import { cheapHasher, openStore } from '../../support/store.ts';

const password = 'correct horse battery';
const address = 'mario@esempio.it';

async function open(t: TestContext) {
  const store = openStore(t);
  const open = (scramIterations?: number) =>
    createAccounts({
      ...store,
      hasher: cheapHasher,
      ...(scramIterations === undefined ? {} : { scramIterations }),
    });
  const accounts = open(1000);
  await accounts.addDomain('esempio.it');
  const knows = async (name: string, secret: string, from = accounts) => {
    const offer = await from.offerKeys?.(name, 'imap', '192.0.2.1');
    assert.ok(offer);
    const derived = await deriveScramKeys(secret, offer.keys);
    return Buffer.compare(derived.storedKey, offer.keys.storedKey) === 0;
  };
  return { ...store, open, accounts, knows };
}

test('keys come with the password, and go with it', async (t) => {
  const { accounts, knows } = await open(t);
  await accounts.addMailbox({ address, password });
  await accounts.addLogin(address, { name: ' protocollo ', password });
  assert.ok(await knows('MARIO@esempio.it', password));
  assert.ok(await knows('protocollo', password));
  const offer = await accounts.offerKeys?.(address, 'imap', '192.0.2.1');
  assert.equal((await offer?.accept())?.name, address);
  await accounts.setPassword(address, 'un altro segreto');
  assert.equal(await knows(address, password), false);
  assert.ok(await knows(address, 'un altro segreto'));
  assert.equal(
    await offer?.accept(),
    undefined,
    'what was offered before the change proves nothing any more',
  );
  await accounts.setLogin('protocollo', { disabled: true });
  const disabled = await accounts.offerKeys?.('protocollo', 'imap');
  assert.equal(await disabled?.accept(), undefined);
});

test('who has no keys gets them when the password is seen; one set without keys leaves none of an old one', async (t) => {
  const { accounts, open: again, knows } = await open(t);
  const without = again();
  assert.equal(without.offerKeys, undefined);
  await without.addMailbox({ address, password });
  assert.equal(await knows(address, password), false);
  await accounts.authenticate(address, 'sbagliata', 'imap');
  assert.equal(await knows(address, password), false);
  await accounts.authenticate(address, password, 'imap');
  assert.ok(await knows(address, password));
  const stronger = again(2000);
  await stronger.authenticate(address, password, 'imap');
  assert.equal((await stronger.offerKeys?.(address, 'imap'))?.keys.iterations, 2000);
  await without.setPassword(address, 'un altro segreto');
  assert.equal(await knows(address, password), false);
});

test('a name that is not there is offered the same salt each time, by every process, and lets nobody in', async (t) => {
  const { accounts, open: again } = await open(t);
  const offers = [];
  for (const from of [accounts, accounts, again(1000)])
    offers.push(await from.offerKeys?.('Nessuno@esempio.it', 'imap'));
  const salts = new Set(offers.map((offer) => Buffer.from(offer?.keys.salt ?? '').toString('hex')));
  assert.equal(salts.size, 1);
  const other = await accounts.offerKeys?.('altro@esempio.it', 'imap');
  assert.ok(!salts.has(Buffer.from(other?.keys.salt ?? '').toString('hex')));
  assert.equal(other?.keys.salt.length, 16);
  assert.equal(other?.keys.iterations, 1000);
  assert.equal(await other?.accept(), undefined);
});

test('one salt for all passwords of a login: the own one or any application password may be proved', async (t) => {
  const { accounts, time } = await open(t);
  await accounts.addMailbox({ address, password });
  const { id: loginId } = await accounts.findLogin(address);
  const wanted = { loginId, label: 'x', expiresAt: time.now + 1000 };
  const phone = await accounts.addApplicationPassword({ ...wanted, scopes: ['imap'], readOnly: true });
  const post = await accounts.addApplicationPassword({ ...wanted, scopes: ['smtp'] });
  /** Whom a client that derives from this secret proves itself to be. */
  const proves = async (secret: string, scope: 'imap' | 'smtp' = 'imap') => {
    const offer = await accounts.offerKeys?.(address, scope, '192.0.2.1');
    assert.ok(offer);
    const derived = await deriveScramKeys(secret, offer.keys);
    return [offer, ...(offer.others ?? [])].find(
      ({ keys }) => Buffer.compare(keys.storedKey, derived.storedKey) === 0,
    );
  };
  assert.equal((await (await proves(password))?.accept())?.credential.kind, 'password');
  const login = await (await proves(phone.secret))?.accept();
  assert.deepEqual([login?.credential.kind, login?.rights.write], ['application-password', false]);
  assert.equal(await proves(post.secret), undefined, 'not for this protocol');
  assert.ok(await proves(post.secret, 'smtp'));
  await accounts.setPassword(address, 'un altro segreto');
  assert.ok(await proves(phone.secret), 'it goes on when the own password is another');
  const offered = await proves(phone.secret);
  await accounts.revokeApplicationPassword(loginId, phone.id);
  assert.equal(await offered?.accept(), undefined, 'revoked since it was offered');
  assert.equal(await proves(phone.secret), undefined);
  time.now += 1000;
  assert.equal(await proves(post.secret, 'smtp'), undefined, 'expired');
});

test('an application password without keys gets them when it is seen, as it was printed', async (t) => {
  const { accounts, open: again } = await open(t);
  const without = again();
  await without.addMailbox({ address, password });
  const { id: loginId } = await without.findLogin(address);
  const { secret } = await without.addApplicationPassword({ loginId, label: 'x', scopes: ['imap'] });
  const others = async () => (await accounts.offerKeys?.(address, 'imap'))?.others ?? [];
  assert.equal((await others()).length, 0);
  assert.ok(await accounts.authenticate(address, secret.replaceAll('-', '').toUpperCase(), 'imap'));
  const [offer] = await others();
  assert.ok(offer);
  const derived = await deriveScramKeys(secret, offer.keys);
  assert.deepEqual(Buffer.from(offer.keys.storedKey), Buffer.from(derived.storedKey));
});

test('keys brought back from another store are derived anew when their password is seen', async (t) => {
  const { accounts, db, knows } = await open(t);
  await accounts.addMailbox({ address, password });
  const { id: loginId } = await accounts.findLogin(address);
  const { secret } = await accounts.addApplicationPassword({ loginId, label: 'x', scopes: ['imap'] });
  await db.transact(async (tx) => {
    await tx.run("UPDATE scram_key SET salt = x'00'");
    await tx.run("UPDATE application_password SET scram_salt = x'01'");
  });
  assert.equal(await knows(address, password), false);
  await accounts.authenticate(address, password, 'imap');
  assert.ok(await knows(address, password));
  assert.equal((await accounts.offerKeys?.(address, 'imap'))?.others?.length, 0);
  await accounts.authenticate(address, secret, 'imap');
  assert.equal((await accounts.offerKeys?.(address, 'imap'))?.others?.length, 1);
});
