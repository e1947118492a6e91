/**
 * Worlds of providers on bad days: what every seed must keep, that a seed is the same world every time, and that the
 * checks see what is broken. `npm run simulate` runs many more.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listCases } from '../../simulation/case-file.ts';
import { drawPlan } from '../../simulation/draw-plan.ts';
import { hour, type Plan } from '../../simulation/plan.ts';
import { shrink } from '../../simulation/shrink.ts';
import { type Run, simulate } from '../../simulation/simulate.ts';

const small = { providers: 8, mailboxes: 20, messages: 25 };
/** Large enough that each mood is there several times. */
const seeds = 50;

function describe({ seed, breaches }: Run): string[] {
  return breaches.slice(0, 5).map(({ provider, text }) => `seed ${seed}, ${provider}: ${text}`);
}

test(`${seeds} worlds keep every promise`, async () => {
  const broken: string[] = [];
  const struck = new Set<string>();
  for (let seed = 1000; seed < 1000 + seeds; seed += 1) {
    const run = await simulate(drawPlan(seed, small));
    broken.push(...describe(run));
    for (const what of run.struck.keys()) struck.add(what.split(':')[0] ?? '');
  }
  assert.deepEqual(broken, []);
  // A world in which nothing goes wrong proves nothing.
  const kinds = [
    'crash',
    'network',
    'disk',
    'database',
    'signer',
    'scanner',
    'clock',
    'intrusion',
    'time stamps',
    'lists',
    'revocation',
  ];
  for (const what of kinds) assert.ok(struck.has(what), `no seed had this fault: ${what}`);
});

test('a seed is the same world every time, and another seed another', async () => {
  const first = await simulate(drawPlan(11, small));
  const again = await simulate(drawPlan(11, small));
  const other = await simulate(drawPlan(12, small));
  assert.equal(again.trace, first.trace);
  assert.deepEqual(again.figures, first.figures);
  assert.notEqual(other.trace, first.trace);
});

test('twenty providers with thousands of mailboxes', async () => {
  const run = await simulate(drawPlan(21, { providers: 24, mailboxes: 250, messages: 60 }));
  assert.deepEqual(describe(run), []);
  assert.ok(run.figures.deliveries > 0);
});

for (const { name, why, plan } of listCases())
  test(`kept: ${name} (${why})`, async () => {
    assert.deepEqual(describe(await simulate(plan)), []);
  });

const quiet: Plan = {
  seed: 1,
  providers: 2,
  mailboxes: 3,
  messages: [0, 1, 2, 3, 4, 5].map((id) => ({
    id,
    at: (id + 1) * 1000,
    from: `utente${id % 3}@gestore0.test`,
    to: [`utente${(id + 1) % 3}@gestore${id % 2}.test`],
    cc: [],
    size: 40_000,
    receiptKind: undefined,
    flaw: undefined,
  })),
  holders: [],
  intrusions: [],
  faults: [],
};

test('a disk that says it has written and has not is found out', async () => {
  const lie = { kind: 'lying-disk', from: 0, until: hour, provider: 0 } as const;
  const crash = { kind: 'crash', at: 3500, provider: 0, downMs: 1000, events: 5 } as const;
  assert.deepEqual(describe(await simulate(quiet)), []);
  const run = await simulate({ ...quiet, faults: [lie, crash] });
  assert.ok(describe(run).length > 0, 'bytes were lost and nobody saw it');
});

test('where a fresh list is required mail waits for it, and what a revoked key signed is refused', async () => {
  const plan: Plan = {
    ...quiet,
    lists: 'required',
    faults: [
      { kind: 'lists', from: 0, until: 2 * hour, provider: 1, trouble: 'away' },
      { kind: 'revocation', at: hour, provider: 0, stolen: true },
    ],
  };
  const run = await simulate(plan);
  assert.deepEqual(describe(run), []);
  assert.ok((run.struck.get('lists: mail waited for one') ?? 0) > 0, 'no mail waited');
  assert.ok((run.struck.get('revocation: mail was refused') ?? 0) > 0, 'nothing was refused');
  assert.ok((run.struck.get('intrusion: thief of a revoked key') ?? 0) > 0, 'no thief tried');
});

test('a failing plan is made small and still fails', async () => {
  const lie = { kind: 'lying-disk', from: 0, until: hour, provider: 0 } as const;
  const crash = { kind: 'crash', at: 3500, provider: 0, downMs: 1000, events: 5 } as const;
  const partition = { kind: 'partition', from: 0, until: 10_000, inside: [0], oneWay: false } as const;
  const failing: Plan = { ...quiet, faults: [partition, lie, crash] };
  const { breaches } = await simulate(failing);
  const run = async (plan: Plan) => (await simulate(plan)).breaches;
  const shrunk = await shrink(failing, breaches, { run, budget: 60 });
  assert.ok(shrunk.breaches.length > 0);
  assert.ok(shrunk.plan.messages.length < quiet.messages.length);
  assert.deepEqual(
    shrunk.plan.faults.filter(({ kind }) => kind === 'partition'),
    [],
  );
});
