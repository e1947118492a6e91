/**
 * A failing plan made small: parts of it are left out as long as it still fails in the same way. What is left is what a
 * person has to think about.
 */
import type { Plan } from './plan.ts';
import type { Breach } from './world.ts';

export interface Shrinking {
  /** Breaches of one run of a plan. */
  readonly run: (plan: Plan) => Promise<readonly Breach[]>;
  /** Runs at most. */
  readonly budget: number;
}

export interface Shrunk {
  readonly plan: Plan;
  readonly breaches: readonly Breach[];
  readonly runs: number;
}

type List = 'faults' | 'intrusions' | 'holders' | 'messages';
const lists: readonly List[] = ['faults', 'intrusions', 'holders', 'messages'];

/** The smallest plan found that still fails like this one. */
export async function shrink(failing: Plan, breaches: readonly Breach[], how: Shrinking): Promise<Shrunk> {
  const wanted = new Set(breaches.map(describeKind));
  const search = { best: { plan: failing, breaches, runs: 0 }, wanted, how };
  let before = Number.POSITIVE_INFINITY;
  while (sizeOf(search.best.plan) < before && search.best.runs < how.budget) {
    before = sizeOf(search.best.plan);
    for (const list of lists) await shrinkList(search, list);
    await shrinkRecipients(search);
    await shrinkProviders(search);
  }
  return search.best;
}

interface Search {
  best: Shrunk;
  readonly wanted: ReadonlySet<string>;
  readonly how: Shrinking;
}

/** What kind of breach it is: its text without what differs between two runs. */
export function describeKind({ text }: Breach): string {
  const [line = ''] = text.split('\n');
  return line
    .replace(/<?[\w.]+@[\w.]+>?/g, '…')
    .replace(/\d+/g, '#')
    .trim();
}

function sizeOf(plan: Plan): number {
  const recipients = plan.messages.reduce((sum, { to, cc }) => sum + to.length + cc.length, 0);
  return plan.providers + recipients + lists.reduce((sum, list) => sum + plan[list].length, 0);
}

/** Halves first, then quarters, down to single items. */
async function shrinkList(search: Search, list: List): Promise<void> {
  for (let piece = search.best.plan[list].length; piece >= 1; piece = Math.floor(piece / 2)) {
    for (let from = 0; from < search.best.plan[list].length; ) {
      const items: readonly unknown[] = search.best.plan[list];
      const left = [...items.slice(0, from), ...items.slice(from + piece)];
      if (!(await attempt(search, { ...search.best.plan, [list]: left }))) from += piece;
    }
  }
}

async function shrinkRecipients(search: Search): Promise<void> {
  for (const { id } of search.best.plan.messages)
    for (const part of ['to', 'cc'] as const) {
      for (let place = 0; ; ) {
        const message = search.best.plan.messages.find((one) => one.id === id);
        const addresses = message?.[part] ?? [];
        if (message === undefined || place >= addresses.length || message.to.length + message.cc.length < 2)
          break;
        const changed = { ...message, [part]: addresses.filter((_, index) => index !== place) };
        const messages = search.best.plan.messages.map((one) => (one.id === id ? changed : one));
        if (!(await attempt(search, { ...search.best.plan, messages }))) place += 1;
      }
    }
}

async function shrinkProviders(search: Search): Promise<void> {
  for (const providers of [2, 3, 4, 6, 8, 12, 16])
    if (providers < search.best.plan.providers && (await attempt(search, { ...search.best.plan, providers })))
      return;
}

/** True when the smaller plan fails too, in one of the same ways; it is the best then. */
async function attempt(search: Search, plan: Plan): Promise<boolean> {
  const { best, wanted, how } = search;
  if (best.runs >= how.budget || sizeOf(plan) >= sizeOf(best.plan)) return false;
  const breaches = await how.run(plan);
  const fails = breaches.some((breach) => wanted.has(describeKind(breach)));
  search.best = fails ? { plan, breaches, runs: best.runs + 1 } : { ...best, runs: best.runs + 1 };
  return fails;
}
