/** One desk for all edges: the guard counts what comes by any of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLoginDesk, type DeskAccounts } from '../../../src/edge/login-desk.ts';
import { createLoginGuard } from '../../../src/edge/login-guard.ts';
import { mechanisms, type SaslMechanism } from '../../../src/sasl/mechanisms.ts';
import { deriveScramKeys } from '../../../src/sasl/scram.ts';
import { ScramClient } from '../../support/scram-client.ts';

const here = '192.0.2.1';
const keys = await deriveScramKeys('giusta', { salt: Buffer.from('sale'), iterations: 10 });

function openDesks(failing = { now: false }) {
  const asked: string[] = [];
  const accounts: DeskAccounts<string> = {
    authenticate: async (name, password, scope, from) => {
      asked.push(`${scope} ${name} ${from}`);
      if (failing.now) throw new Error('the store is away');
      return password === 'giusta' ? name : undefined;
    },
    offerKeys: async (name) => ({ keys, accept: async () => name }),
  };
  const guard = createLoginGuard(() => 0, { failuresPerPair: 2, delayMs: 7 });
  const open = (scope: 'imap' | 'pop3' | 'smtp') => createLoginDesk({ accounts, guard, scope });
  return { asked, imap: open('imap'), pop3: open('pop3'), smtp: open('smtp') };
}

function scramBy(desk: ReturnType<typeof openDesks>['imap'], password: string) {
  const client = new ScramClient({ name: 'mario', password });
  const answers = [(text: string) => client.answer(text), (text: string) => client.checkServer(text)];
  const scram = mechanisms.find(({ name }) => name === 'SCRAM-SHA-256') as SaslMechanism;
  return desk.bySasl(here, scram, {
    initial: Buffer.from(client.first),
    channel: undefined,
    challenge: async (bytes) => Buffer.from(answers.shift()?.(Buffer.from(bytes).toString()) ?? ''),
  });
}

test('wrong passwords count over protocols and mechanisms; then nothing is looked at', async () => {
  const { imap, pop3, smtp, asked } = openDesks();
  assert.deepEqual(await imap.byPassword(here, 'mario', 'x'), {
    result: 'credentials',
    name: 'mario',
    delayMs: 7,
  });
  assert.deepEqual(await scramBy(pop3, 'y'), { result: 'credentials', name: 'mario', delayMs: 14 });
  assert.equal((await smtp.byPassword(here, 'mario', 'giusta')).result, 'locked');
  assert.equal((await scramBy(smtp, 'giusta')).result, 'locked');
  assert.deepEqual(asked, [`imap mario ${here}`]);
  assert.equal((await smtp.byPassword(here, 'anna', 'giusta')).result, 'ok');
});

test('a right password takes back what was counted, whatever way it comes', async () => {
  const { imap, pop3 } = openDesks();
  for (let round = 0; round < 5; round += 1) {
    assert.equal((await imap.byPassword(here, 'mario', 'x')).result, 'credentials');
    assert.deepEqual(await scramBy(pop3, 'giusta'), { result: 'ok', name: 'mario', login: 'mario' });
  }
});

test('what could not be looked at, or was given up, does not count', async () => {
  const failing = { now: true };
  const { imap } = openDesks(failing);
  for (let round = 0; round < 5; round += 1)
    await assert.rejects(imap.byPassword(here, 'mario', 'giusta'), /away/);
  const plain = mechanisms.find(({ name }) => name === 'SCRAM-SHA-256') as SaslMechanism;
  for (let round = 0; round < 5; round += 1)
    await assert.rejects(
      imap.bySasl(here, plain, {
        initial: Buffer.from('n,,n=mario,r=x'),
        channel: undefined,
        challenge: () => Promise.reject(new Error('gone')),
      }),
      /gone/,
    );
  failing.now = false;
  assert.equal((await imap.byPassword(here, 'mario', 'giusta')).result, 'ok');
});

test('forty programs with the right password get in at once, and none may guess more by it', async () => {
  const { imap, pop3, smtp, asked } = openDesks();
  const ways = [imap, pop3, smtp];
  const right = Array.from({ length: 40 }, (_, i) => ways[i % 3]?.byPassword(here, 'mario', 'giusta'));
  assert.deepEqual([...new Set((await Promise.all(right)).map((each) => each?.result))], ['ok']);
  asked.length = 0;
  const wrong = Array.from({ length: 40 }, (_, i) => ways[i % 3]?.byPassword(here, 'anna', `x${i}`));
  const results = (await Promise.all(wrong)).map((each) => each?.result);
  assert.equal(results.filter((result) => result === 'credentials').length, 2);
  assert.equal(results.filter((result) => result === 'locked').length, 38);
  assert.equal(asked.length, 2);
});
