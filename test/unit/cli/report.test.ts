import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { noteBeat } from '../../../src/message-log/service-runs.ts';
import { buildDeliveries, makeProviderFolder, type ProviderFolder } from '../../support/provider-folder.ts';

let provider: ProviderFolder;
before(async () => {
  provider = await makeProviderFolder();
  await provider.append(buildDeliveries(30));
  const first = Date.UTC(2026, 9, 1);
  await provider.withStores(async ({ db }) => {
    for (const at of [first, first + 86_400_000])
      await db.transact((tx) => noteBeat(tx, { node: 'n1', beganAt: undefined, at }));
  });
  await provider.withStores(({ accounts }) => accounts.addDomain('prova.test'));
  for (const name of ['mario', 'anna'])
    await provider.withStores(({ accounts }) =>
      accounts.addMailbox({ address: `${name}@prova.test`, password: 'una lunga parola segreta' }),
    );
});
after(() => provider.remove());

interface Told {
  readonly period: unknown;
  readonly domains: number;
  readonly mailboxes: number;
  readonly messages: { readonly delivered: number };
  readonly availability: {
    readonly isEnough: boolean;
    readonly outages: { minutes: number; kind: string }[];
  };
}

async function tell(...args: string[]): Promise<Told> {
  const ran = await provider.pec('report', 'statistics', '--json', ...args);
  assert.equal(ran.code, 0, ran.remarks);
  return JSON.parse(ran.output) as Told;
}

test('report statistics tells messages, accounts and outages of four months', async () => {
  const told = await tell('--period', '2026-3');
  assert.deepEqual(told.period, { from: '2026-08-31T22:00:00.000Z', to: '2026-12-31T23:00:00.000Z' });
  assert.deepEqual([told.domains, told.mailboxes, told.messages.delivered], [1, 2, 30]);
  assert.equal(told.availability.isEnough, false);
  assert.deepEqual(told.availability.outages[0], {
    from: '2026-10-01T00:00:00.000Z',
    to: '2026-10-02T00:00:00.000Z',
    kind: 'failure',
    withinLimit: false,
    minutes: 1440,
  });
  assert.equal((await tell('--period', '2026-2')).messages.delivered, 0);
});

test('report statistics takes any period, and prints it for people', async () => {
  const told = await tell('--from', '2026-11-20T10:00', '--to', '2026-11-20T10:10');
  assert.equal(told.messages.delivered, 10);
  const { output } = await provider.pec('report', 'statistics', '--from', '2026-10-01', '--to', '2026-10-01');
  assert.match(output, /^mailboxes, now +2$/m);
  assert.match(output, /^to delivery +none$/m);
  assert.match(output, /min {2}failure, too long$/m);
});

test('report statistics says what it needs', async () => {
  const codeOf = async (...args: string[]) => (await provider.pec('report', 'statistics', ...args)).code;
  assert.equal(await codeOf(), 2);
  assert.equal(await codeOf('--period', '2026-4'), 2);
  assert.equal(await codeOf('--period', '2026-1', '--from', '2026-01-01'), 2);
  assert.equal(await codeOf('--from', '2026-01-02', '--to', '2026-01-01'), 2);
});
