/**
 * One provider of a simulated world: what is on its disk stays, its processes come and go. A process is the real
 * points, workers and upkeep over simulated ports; when it dies, everything it was about to do never happens.
 */
import { type Accounts, createAccounts } from '../src/accounts/accounts.ts';
import { MailError } from '../src/lib/mail-error.ts';
import { type Runner, startRunner } from '../src/lib/runner.ts';
import type { MailStore } from '../src/mailbox/mail-store.ts';
import { createMailStore } from '../src/mailbox/store.ts';
import { startSealRunner } from '../src/message-log/seal/seal-runner.ts';
import { defaultForbiddenExtensions } from '../src/pec/attachment-rules.ts';
import { type AccessPoint, createAccessPoint } from '../src/points/access-point.ts';
import { createDeliveryPoint } from '../src/points/delivery-point.ts';
import { startDeliveryWorker } from '../src/points/delivery-worker.ts';
import { startHousekeeping } from '../src/points/housekeeping.ts';
import { createIncomingPoint, type IncomingPoint } from '../src/points/incoming-point.ts';
import type { PointParts } from '../src/points/parts.ts';
import { createReadyCheck } from '../src/points/readiness.ts';
import { createRelayOutcome } from '../src/points/relay-outcome.ts';
import { makeServiceMailbox } from '../src/points/service-mailbox.ts';
import { keepChain } from '../src/points/signing-chains.ts';
import { startTimeoutWatch } from '../src/points/timeout-watch.ts';
import { startQueueRunner } from '../src/queue/queue-runner.ts';
import type { Trust } from '../src/smime/trust.ts';
import type { KeptDocument } from '../src/trust/kept-files.ts';
import type { LiveTrust } from '../src/trust/live-trust.ts';
import type { CertifiedKey } from './authority.ts';
import { BlobDisk } from './blobs.ts';
import { openSimulatedTrust, plainTrust } from './lists.ts';
import { domainOfNumber, hour } from './plan.ts';
import { buildBlobs, buildDatabase, buildScanner, buildSealer, buildSigner } from './provider-parts.ts';
import type { Random } from './random.ts';
import type { Rows } from './rows.ts';
import type { Life } from './scheduler.ts';
import type { World } from './world.ts';

/** A process that serves. */
export interface Serving {
  readonly life: Life;
  readonly parts: PointParts;
  readonly access: AccessPoint;
  readonly incoming: IncomingPoint;
  readonly accounts: Accounts;
  readonly mail: MailStore;
}

/** What real workers find out by looking every few seconds the world tells them, so that an idle hour costs nothing. */
const sleepMs = 3 * hour;
const megabyte = 1024 * 1024;

export class SimulatedProvider {
  readonly world: World;
  readonly number: number;
  readonly name: string;
  readonly domain: string;
  readonly rows: Rows;
  readonly disk = new BlobDisk();
  readonly segments = new Map<string, Uint8Array>();
  /** Revocation lists that were fetched. */
  readonly keptLists = new Map<string, KeptDocument>();
  /** How far its clock is off, milliseconds. */
  clockOff = 0;
  serving: Serving | undefined;
  /** Steps at which this process dies, with how often they are still to be reached. */
  readonly stepsToDieAt = new Map<string, number>();
  transactionsToDeath = 0;
  eventsToDeath = 0;
  downMs = 1000;
  #life: Life | undefined;
  #lives = 0;
  #generation = 0;
  readonly #random: Random;
  #runners: Runner[] = [];

  constructor(world: World, number: number, rows: Rows) {
    this.world = world;
    this.number = number;
    this.domain = domainOfNumber(number);
    this.name = `Gestore ${number}`;
    this.rows = rows;
    this.#random = world.random.fork(`provider ${number}`);
  }

  get certified(): CertifiedKey {
    return this.world.keyOf(this.number, this.#generation);
  }

  clock(): number {
    return Math.floor(this.world.scheduler.now + this.clockOff);
  }

  /** Starts a process; when it cannot start it ends, and comes again. */
  start(): void {
    this.#lives += 1;
    const life: Life = { name: `p${this.number}.${this.#lives}`, alive: true, events: 0 };
    life.mayGoOn = () => this.#countDown();
    this.#life = life;
    const { scheduler } = this.world;
    scheduler.after(this.#random.fraction() * 50, life, 'start', () => {
      this.#open(life, this.#random.fork(life.name)).catch((error: unknown) => {
        this.#noteError(error);
        this.crash('could not start', 5000);
      });
    });
  }

  /** It is dead at once; another process starts after a while. */
  crash(how: string, downMs: number = this.downMs): void {
    const life = this.#life;
    if (life === undefined || !life.alive) return;
    life.alive = false;
    this.#life = undefined;
    this.serving = undefined;
    this.#runners = [];
    this.stepsToDieAt.clear();
    this.transactionsToDeath = 0;
    this.eventsToDeath = 0;
    this.rows.rollBack();
    const unsynced = this.disk.crash(this.#random);
    const { conditions, scheduler } = this.world;
    conditions.count(`crash: ${how}`);
    for (let count = 0; count < unsynced; count += 1) conditions.count('disk: unsynced at a crash');
    scheduler.note(`${life.name} died ${how}`);
    scheduler.after(downMs, scheduler.nature, `restart p${this.number}`, () => this.start());
  }

  /** The workers look again: what stood in their way is gone, or the clock was moved. */
  wake(): void {
    for (const runner of this.#runners) runner.wake();
  }

  /** A new key, in the index already; used by this process as after `reload`. */
  async renew(): Promise<void> {
    this.#generation = 1;
    const { serving } = this;
    if (serving === undefined) return;
    const signer = buildSigner(this, serving.life, this.#random.fork('renewed'));
    await serving.parts.db.transact((tx) => keepChain(tx, signer, this.clock()));
    Object.assign(serving.parts, { signer });
  }

  diesInTransaction(): boolean {
    if (this.transactionsToDeath === 0) return false;
    this.transactionsToDeath -= 1;
    return this.transactionsToDeath === 0;
  }

  #countDown(): boolean {
    if (this.eventsToDeath === 0) return true;
    this.eventsToDeath -= 1;
    if (this.eventsToDeath > 0) return true;
    this.crash('between two events');
    return false;
  }

  async #open(life: Life, random: Random): Promise<void> {
    const trust = this.world.plan.lists === undefined ? undefined : await this.#openTrust(life, random);
    const parts = this.#buildParts(life, random, () => trust?.current() ?? plainTrust);
    const { db, clock } = parts;
    const accounts = createAccounts({ db, clock, hasher: noHasher });
    await db.transact((tx) => keepChain(tx, parts.signer, clock()));
    const onError = (error: unknown) => this.#noteError(error);
    const options = { parts, onError, longestSleepMs: sleepMs };
    const deliveries = await startDeliveryWorker({
      ...options,
      deliveryPoint: createDeliveryPoint(parts),
      concurrency: 64,
    });
    const { settle } = createRelayOutcome({
      parts,
      onLost: (row, result) =>
        this.world.noteLost(this, `${row.mailId} to ${row.recipient}: ${result.code} ${result.text}`),
    });
    const relay = this.world.network.relayOf(this, life, parts.blobs);
    const node = parts.node;
    const queue = await startQueueRunner({
      ...options,
      db,
      clock,
      relay,
      owner: node,
      concurrency: 50,
      settle,
    });
    const timeouts = startTimeoutWatch(options);
    await makeServiceMailbox(parts, accounts);
    const sealer = buildSealer(this, life, this.#random.fork(`${life.name} sealing`));
    const housekeeping = startHousekeeping({ ...options, longestSleepMs: 2 * sleepMs, accounts, retention });
    const sealing = startSealRunner({
      seal: () => sealer.seal(),
      afterwards: async () => undefined,
      clock,
      onRound: () => undefined,
      onError,
      longestSleepMs: sleepMs,
    });
    Object.assign(parts.workers, {
      deliveriesWaiting: () => deliveries.wake(),
      queueWaiting: () => queue.wake(),
      timeoutsChanged: () => timeouts.wake(),
      reserveDelivery: deliveries.reserve,
    });
    const listKeeping = trust === undefined ? [] : [keepListsCurrent(trust, parts, onError)];
    this.#runners = [deliveries, queue, timeouts, housekeeping, sealing, ...listKeeping];
    this.serving = {
      life,
      parts,
      accounts,
      access: createAccessPoint(parts),
      incoming: createIncomingPoint(parts),
      mail: createMailStore(parts),
    };
  }

  /** With what earlier processes kept. */
  async #openTrust(life: Life, random: Random): Promise<LiveTrust> {
    const trust = openSimulatedTrust(this, life, random.fork('lists'));
    await trust.load();
    return trust;
  }

  #buildParts(life: Life, random: Random, trust: () => Trust): PointParts {
    const { world, number, domain } = this;
    const nothing = () => undefined;
    const ready = createReadyCheck({
      isClockRight: () => world.conditions.at('not-ready', number).length === 0,
      index: () => world.indexOf(number),
      maxIndexAgeMs: Number.POSITIVE_INFINITY,
      clock: () => this.clock(),
    });
    return {
      provider: { name: this.name, domain, address: `posta-certificata@${domain}` },
      hostname: `mx.${domain}`,
      node: 'n1',
      clock: () => this.clock(),
      random: (length) => random.bytes(length),
      db: buildDatabase(this, life, random.fork('rows')),
      blobs: buildBlobs(this, life, random.fork('blobs')),
      signer: buildSigner(this, life, random.fork('signer')),
      scanner: buildScanner(this, life, random.fork('scanner')),
      ready,
      index: () => world.indexOf(number),
      trust,
      limits: {
        recipients: 500,
        messageBytes: 100 * megabyte,
        totalBytes: 100 * megabyte,
        headBytes: megabyte,
        envelopeAgeMs: 72 * hour,
      },
      briefHash: number % 2 === 0 ? 'sha1' : 'sha256',
      localTakeInCharge: number % 3 === 0,
      forbiddenExtensions: defaultForbiddenExtensions,
      sendingLimits: { perHour: undefined, perDay: undefined },
      ordinaryMail: number % 4 === 0 ? 'accept' : 'refuse',
      origin: undefined,
      revocation: world.plan.lists === 'required' ? 'signer' : 'none',
      mailReceipt: () => `ricevute@${domain}`,
      steps: { reached: (step) => this.#reach(step, life, random) },
      workers: { deliveriesWaiting: nothing, queueWaiting: nothing, timeoutsChanged: nothing },
    };
  }

  #reach(step: string, life: Life, random: Random): Promise<void> {
    const left = this.stepsToDieAt.get(step);
    if (left !== undefined) this.stepsToDieAt.set(step, left - 1);
    if (left === 1) {
      this.crash(`at ${step}`);
      return new Promise(() => undefined);
    }
    return this.world.scheduler.wait(random.fraction(), life, step);
  }

  /** What the points may throw is what an edge can answer; everything else is a bug. */
  #noteError(error: unknown): void {
    if (error instanceof MailError && error.kind === 'temporary') return;
    this.world.report(this, `unexpected error: ${error instanceof Error ? error.stack : error}`);
  }
}

function keepListsCurrent(
  trust: LiveTrust,
  { clock }: PointParts,
  onError: (error: unknown) => void,
): Runner {
  const round = async () => {
    const next = await trust.refresh();
    return next === undefined ? undefined : next - clock();
  };
  return startRunner({ round, onError, longestSleepMs: sleepMs });
}

const retention = { logMonths: 30, infectedMonths: 30, envelopeDays: 1, removedMailboxDays: 1 };

/** Nobody logs in here; a password is not worth a real hash. */
const noHasher = {
  hash: async () => '$argon2id$v=19$m=8,t=1,p=1$c2ltdWxhdGVk$c2ltdWxhdGVk',
  verify: async () => 'no' as const,
};
