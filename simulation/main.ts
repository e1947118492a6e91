/**
 * `npm run simulate -- --seed N`: worlds of providers, each drawn from its seed, run and checked. Several seeds run in
 * several processes; one that fails is made small and kept as a case.
 */
import { availableParallelism } from 'node:os';
import { keepCase, readCase } from './case-file.ts';
import { drawPlan } from './draw-plan.ts';
import { addRun, describeTotals, emptyTotals, writeFigures } from './figures.ts';
import { type Options, parseOptions, usage } from './options.ts';
import type { Plan } from './plan.ts';
import { runMany } from './run-many.ts';
import { describeKind, shrink } from './shrink.ts';
import { type Run, simulate } from './simulate.ts';

async function main(words: readonly string[]): Promise<boolean> {
  const options = readOptions(words);
  if (options === undefined) return false;
  if (options.case !== undefined) return runPlan(readCase(options.case).plan, options);
  if (options.seeds === 1) return runPlan(drawPlan(options.seed, options.size), options);
  return runSeeds(options);
}

function readOptions(words: readonly string[]): Options | undefined {
  try {
    return parseOptions(words, availableParallelism());
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    return undefined;
  }
}

async function runPlan(plan: Plan, options: Options): Promise<boolean> {
  const totals = emptyTotals();
  const run = await simulate(plan);
  const { user, system } = process.cpuUsage();
  addRun(totals, run, (user + system) / 1e6);
  console.log(describeTotals(totals));
  console.log(`trace ${run.trace}`);
  if (run.breaches.length === 0) return true;
  await tellFailure(plan, run, options);
  return false;
}

/** Says 130 or 143 when it was interrupted, as a shell would. */
async function runSeeds(options: Options): Promise<boolean> {
  const { totals, failed, interrupted } = await runMany(options);
  if (interrupted !== undefined) process.exit(interrupted === 'SIGINT' ? 130 : 143);
  for (const run of [...failed].sort((one, other) => one.seed - other.seed).slice(0, 5))
    await tellFailure(drawPlan(run.seed, options.size), run, options);
  if (failed.length > 0) console.log(`failing seeds: ${failed.map(({ seed }) => seed).join(' ')}`);
  if (options.write) writeFigures(totals, options);
  return failed.length === 0;
}

/** What broke, and the smallest plan that breaks so: kept as a case. */
async function tellFailure(plan: Plan, { breaches }: Pick<Run, 'breaches'>, options: Options): Promise<void> {
  console.log(`\nseed ${plan.seed} breaks ${breaches.length} times:`);
  for (const { at, provider, text } of breaches.slice(0, 10))
    console.log(`  ${(at / 3_600_000).toFixed(2)} h ${provider}: ${text}`);
  const [first] = breaches;
  if (options.shrink === 0 || first === undefined) return;
  const small = await shrink(plan, breaches, {
    run: async (one) => (await simulate(one)).breaches,
    budget: options.shrink,
  });
  const { messages, faults, providers } = small.plan;
  console.log(
    `  smaller, after ${small.runs} runs: ${providers} providers, ${messages.length} messages, ${faults.length} faults`,
  );
  const why = describeKind(small.breaches[0] ?? first);
  const path = keepCase(`seed-${plan.seed}`, { why, plan: small.plan });
  console.log(`  kept as ${path}; again with: npm run simulate -- --case ${path}`);
}

process.exitCode = (await main(process.argv.slice(2))) ? 0 : 1;
