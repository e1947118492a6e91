/**
 * `npm run bench`: this provider against Postfix and Dovecot on the same machine. Starts and stops everything itself.
 * `--quick`: a rough answer in under 50 s. `--growth`: with a large store. `--write`: into docs/performance.md.
 */
import { parseArgs } from 'node:util';
import { measureSignatures } from './measure/ceiling.ts';
import { type GrowthPlan, growStore, wholeGrowth } from './measure/growth.ts';
import { type Latency, measureLatency } from './measure/latency.ts';
import { measureMemory } from './measure/memory.ts';
import { readMemory } from './measure/process-memory.ts';
import { measureStorage, type StorageResult } from './measure/storage.ts';
import { type Lane, measureThroughput, type ThroughputPlan } from './measure/throughput.ts';
import { writeSection } from './performance-page.ts';
import { type Comparison, type Measured, renderSections, renderText } from './report.ts';
import { describeStorage, renderStorage } from './report-storage.ts';
import type { BenchServer } from './servers/bench-server.ts';
import { findPlainObstacle, startPlain } from './servers/plain.ts';
import { makeProviders, type Provider, type Providers } from './servers/provider.ts';
import { formatSeries } from './statistics.ts';

const usage = `npm run bench [-- --quick | --only storage | --growth [--mailboxes <n>]] [-- --write]
  --quick   certified against plain only, a rough answer in under 50 s
  --only storage
            what one message of 30 MB to 50 recipients takes on disk, nothing else; two minutes
  --growth  an empty store against one with 100,000 mailboxes and 2 million messages, nothing else; with --mailboxes
            fewer (or more) of them, 20 messages in each
  --write   put the figures into docs/performance.md
`;

function say(text: string): void {
  process.stderr.write(`  ${text}\n`);
}

interface Servers {
  readonly plain: BenchServer;
  readonly providers: Providers;
}

interface Wanted {
  readonly quick?: boolean;
  readonly only?: string;
  readonly growth?: boolean;
  readonly mailboxes?: string;
  readonly write?: boolean;
  readonly help?: boolean;
}

/** @throws {Error} for what is not in the usage. */
function parseWanted(): Wanted {
  const flag = { type: 'boolean' } as const;
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: { quick: flag, only: text, growth: flag, mailboxes: text, write: flag, help: flag },
  });
  if (values.mailboxes !== undefined && !(Number(values.mailboxes) >= 1))
    throw new Error('--mailboxes wants a number');
  if (values.only !== undefined && values.only !== 'storage') throw new Error('--only wants: storage');
  return values;
}

async function run(): Promise<number> {
  let wanted: Wanted;
  try {
    wanted = parseWanted();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
    return 2;
  }
  const write = wanted.write === true;
  if (wanted.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  if (wanted.growth === true) {
    const mailboxes = Number(wanted.mailboxes ?? wholeGrowth.mailboxes);
    return compareGrowth({ ...wholeGrowth, mailboxes }, write);
  }
  if (wanted.only === 'storage') return lookAtStorage(write);
  const obstacle = findPlainObstacle();
  if (obstacle !== undefined) {
    process.stderr.write(`${obstacle}\n`);
    return 1;
  }
  const measured = await withServers((servers) =>
    wanted.quick ? measureQuick(servers) : measureAll(servers),
  );
  process.stdout.write(`${renderText(measured)}\n`);
  if (write) {
    const sections = renderSections(measured);
    for (const [name, markdown] of Object.entries(sections)) writeSection(name, markdown);
  }
  return 0;
}

async function lookAtStorage(write: boolean): Promise<number> {
  const storage = await measureFreshStorage();
  process.stdout.write(`${describeStorage(storage).join('\n')}\n`);
  if (write) writeSection('storage', renderStorage(storage));
  return 0;
}

/** Beside the providers that carried the loads: those still have work with what they took. */
function measureFreshStorage(): Promise<StorageResult> {
  say('storage: 30 MB to 50 recipients');
  return cleaningUp(async (later) => {
    const { alfa, remove } = await makeProviders();
    later(remove);
    await alfa.start();
    return measureStorage(alfa);
  });
}

async function withServers<T>(work: (servers: Servers) => Promise<T>): Promise<T> {
  say('starting Postfix, Dovecot and two providers');
  return cleaningUp(async (later) => {
    const providers = await makeProviders();
    later(providers.remove);
    await Promise.all([providers.alfa.start(), providers.beta.start()]);
    const plain = await startPlain(providers.alfa.tls);
    later(plain.stop);
    return work({ plain, providers });
  });
}

/** Undoes what `work` named, last first, when it ends and also when the benchmark is interrupted. */
async function cleaningUp<T>(work: (later: (undo: () => Promise<void>) => void) => Promise<T>): Promise<T> {
  const undos: (() => Promise<void>)[] = [];
  let undone: Promise<void> | undefined;
  const undoAll = async () => {
    for (const undo of undos.reverse()) await undo();
  };
  const cleanUp = () => {
    undone ??= undoAll();
    return undone;
  };
  const interrupted = () => {
    say('interrupted; stopping the servers');
    void cleanUp().finally(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, interrupted);
  try {
    return await work((undo) => undos.push(undo));
  } finally {
    await cleanUp();
  }
}

const smallMessages = { connections: 20, recipients: 1, size: 8192 };

function plainLane(plain: BenchServer): Lane {
  return { name: plain.name, from: plain, to: plain, certified: false };
}

function localLane({ alfa }: Providers): Lane {
  return { name: 'certified, one provider', from: alfa, to: alfa, certified: true };
}

async function compare(
  title: string,
  lanes: readonly Lane[],
  plan: Omit<ThroughputPlan, 'lanes'>,
): Promise<Comparison> {
  say(`${title}: ${lanes.map(({ name }) => name).join(', ')}`);
  const [plain, ...certified] = await measureThroughput({ lanes, ...plan });
  return { title, plain, certified };
}

async function measureQuick({ plain, providers }: Servers): Promise<Measured> {
  const lanes = [plainLane(plain), localLane(providers)];
  const times = { seconds: 4, warmUpSeconds: 3, repeats: 2 };
  const comparison = await compare('8 KB, 1 recipient', lanes, { ...smallMessages, ...times });
  const signatures = await measureSignatures(1);
  return { comparisons: [comparison], signatures, latencies: [], storage: undefined, memory: undefined };
}

async function measureAll({ plain, providers }: Servers): Promise<Measured> {
  const { alfa, beta } = providers;
  const local = [plainLane(plain), localLane(providers)];
  const between: Lane = { name: 'certified, between two providers', from: alfa, to: beta, certified: true };
  const times = { seconds: 8, warmUpSeconds: 4, repeats: 5 };
  const small = await compare('8 KB, 1 recipient', [...local, between], { ...smallMessages, ...times });
  const atPeak = readMemory(alfa.process?.child.pid ?? 0).peak;
  const fewer = { ...times, repeats: 3 };
  // Each fills many mailboxes, which goes on after the last 250: a short while of sending is a long run.
  const many = { connections: 20, recipients: 20, size: 8192 };
  const short = { seconds: 3, warmUpSeconds: 1, repeats: 3 };
  const twenty = await compare('8 KB, 20 recipients', local, { ...many, ...short });
  const large = { connections: 20, recipients: 1, size: 1_000_000 };
  const megabyte = await compare('1 MB, 1 recipient', local, { ...large, ...fewer });
  say('signatures of the machine alone');
  const signatures = await measureSignatures(8);
  const latencies = await measureLatencies({ plain, providers }, small);
  say('memory');
  const memory = { ...(await measureMemory(alfa)), atPeak };
  const storage = await measureFreshStorage();
  return { comparisons: [small, twenty, megabyte], signatures, latencies, storage, memory };
}

/** Each at half of its own peak. */
async function measureLatencies({ plain, providers }: Servers, peak: Comparison): Promise<Latency[]> {
  say('latency at half the peak rate');
  const seconds = 15;
  const certified = peak.certified[0]?.rate.median ?? 0;
  return [
    await measureLatency(plain, { rate: (peak.plain?.rate.median ?? 0) / 2, seconds, receipts: 0 }),
    {
      ...(await measureLatency(providers.alfa, { rate: certified / 2, seconds, receipts: 2 })),
      name: 'this provider',
    },
  ];
}

async function measureGrowth(plan: GrowthPlan, later: (undo: () => Promise<void>) => void) {
  const providers = await makeProviders();
  later(providers.remove);
  const { alfa, beta } = providers;
  say('filling a store; this takes some minutes');
  await growStore(beta, plan, say);
  await Promise.all([alfa.start(), beta.start()]);
  const lane = (name: string, server: Provider): Lane => ({
    name,
    from: server,
    to: server,
    certified: true,
  });
  const count = (value: number) => value.toLocaleString('en');
  const grown = `${count(plan.mailboxes)} mailboxes, ${count(plan.mailboxes * plan.messagesInEach)} messages`;
  const lanes = [lane('an empty store', alfa), lane(grown, beta)];
  return measureThroughput({ ...smallMessages, lanes, seconds: 10, warmUpSeconds: 5, repeats: 5 });
}

async function compareGrowth(plan: GrowthPlan, write: boolean): Promise<number> {
  const [empty, grown] = await cleaningUp((later) => measureGrowth(plan, later));
  if (empty === undefined || grown === undefined) throw new Error('two lanes give two results');
  const share = ((grown.rate.median / empty.rate.median) * 100).toFixed(0);
  const text =
    `${formatSeries(empty.rate)} certified messages/s with ${empty.name}; ${formatSeries(grown.rate)} with ` +
    `${grown.name} of 2 KB: ${share} % of it.`;
  process.stdout.write(`growth: ${share} %\n${text}\n`);
  if (write) writeSection('growth', `## A store that has grown\n\n${text}\n\n    npm run bench -- --growth`);
  return 0;
}

process.exitCode = await run();
