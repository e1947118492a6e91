/** One simulated world: its providers, its network, its clock, and what the plan lets happen in it. */
import { addDomain } from '../src/accounts/domains.ts';
import { insertMailbox } from '../src/accounts/mailboxes.ts';
import { createIndex } from '../src/provider-index/index-from-records.ts';
import type { IndexedProvider, ProviderIndex } from '../src/provider-index/provider-index.ts';
import { hashCertificate } from '../src/smime/certificate.ts';
import type { Trust } from '../src/smime/trust.ts';
import { authority, type CertifiedKey } from './authority.ts';
import { Clients } from './clients.ts';
import { Conditions } from './conditions.ts';
import { SimulatedDatabase } from './database.ts';
import { actAsHolder } from './holders.ts';
import { intrude, signAsThief } from './intruders.ts';
import { ListServer, listUrl, plainTrust } from './lists.ts';
import { Network } from './network.ts';
import { domainOfNumber, endOf, hour, mailboxOf, minute, type Plan, type PlannedFault } from './plan.ts';
import { SimulatedProvider } from './provider.ts';
import { Random } from './random.ts';
import { Rows } from './rows.ts';
import { Scheduler } from './scheduler.ts';

/** Something that must never happen. */
export interface Breach {
  readonly at: number;
  readonly provider: string;
  readonly text: string;
}

/** A Monday morning. */
export const beginning = Date.UTC(2026, 10, 23, 8, 0, 0);
/** After the last fault: everything must have its end by then. */
export const aftermath = 48 * hour;

export class World {
  readonly plan: Plan;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly conditions = new Conditions();
  readonly network: Network;
  readonly clients: Clients;
  /** Of whoever looks at it from outside, with no regard to revocation. */
  readonly trust: Trust = plainTrust;
  readonly listServer = new ListServer(beginning);
  readonly providers: SimulatedProvider[] = [];
  readonly breaches: Breach[] = [];
  /** Messages of a provider's own that no server took. */
  lost = 0;
  readonly #byDomain = new Map<string, SimulatedProvider>();
  readonly #indexes = new Map<string, ProviderIndex>();

  constructor(plan: Plan) {
    this.plan = plan;
    this.random = new Random(`world ${plan.seed}`);
    this.scheduler = new Scheduler(beginning);
    this.network = new Network({
      scheduler: this.scheduler,
      conditions: this.conditions,
      random: this.random.fork('network'),
      findProvider: (domain) => this.#byDomain.get(domain),
    });
    this.clients = new Clients(this, this.random.fork('clients'));
  }

  /** Before anything happens: disks with domains and mailboxes, processes started. */
  async prepare(): Promise<void> {
    const { providers, mailboxes } = this.plan;
    for (let number = 0; number < providers; number += 1) {
      const rows = Rows.load(await prepareDisk(number, mailboxes));
      const provider = new SimulatedProvider(this, number, rows);
      this.providers.push(provider);
      this.#byDomain.set(provider.domain, provider);
      provider.start();
    }
    for (const fault of this.plan.faults) this.#arm(fault);
    for (const message of this.plan.messages)
      this.at(message.at, 'submission due', () => this.clients.submit(message));
    for (const act of this.plan.holders) this.at(act.at, act.act, () => actAsHolder(this, act));
    for (const intrusion of this.plan.intrusions)
      this.at(intrusion.at, intrusion.kind, () => intrude(this, intrusion));
  }

  /** Runs it to its end: the plan, and two days after its last fault. */
  async run(): Promise<void> {
    await this.scheduler.run(beginning + endOf(this.plan) + aftermath);
  }

  providerOf(address: string): SimulatedProvider | undefined {
    return this.#byDomain.get(address.split('@').at(-1)?.toLowerCase() ?? '');
  }

  keyOf(provider: number, generation: number): CertifiedKey {
    const address = `posta-certificata@${domainOfNumber(provider)}`;
    const lists = this.plan.lists === undefined ? undefined : listUrl;
    return authority.issue(`Gestore ${provider}`, address, generation, lists);
  }

  /** All that stand in the index. */
  certificates(): Uint8Array[] {
    return Array.from({ length: this.plan.providers }, (_, provider) => provider).flatMap((provider) =>
      [0, 1].map((generation) => this.keyOf(provider, generation).certificate),
    );
  }

  momentOf(sinceBeginning: number): number {
    return beginning + sinceBeginning;
  }

  /** The copy of the index that a provider has now. */
  indexOf(provider: number): ProviderIndex {
    const missing = this.conditions.at('stale-index', provider).map((fault) => fault.missing);
    // Nobody forgets itself.
    const left = [...new Set(missing)].filter((number) => number !== provider).sort();
    const known = this.#indexes.get(left.join());
    if (known !== undefined) return known;
    const records = this.providers.filter(({ number }) => !left.includes(number)).map(recordOf);
    const index = createIndex(records, beginning - 12 * hour);
    // While providers are still being made, the list is not whole.
    if (this.providers.length === this.plan.providers) this.#indexes.set(left.join(), index);
    return index;
  }

  report(provider: { readonly domain: string }, text: string): void {
    this.scheduler.note(`breach at ${provider.domain}: ${text.split('\n')[0]}`);
    this.breaches.push({ at: this.scheduler.now - beginning, provider: provider.domain, text });
  }

  noteLost(provider: SimulatedProvider, what: string): void {
    this.scheduler.note(`${provider.domain} lost ${what}`);
    this.lost += 1;
  }

  at(moment: number, what: string, act: () => void): void {
    const { scheduler } = this;
    scheduler.after(beginning + moment - scheduler.now, scheduler.nature, what, act);
  }

  #arm(fault: PlannedFault): void {
    if ('at' in fault) {
      this.at(fault.at, fault.kind, () => this.#strike(fault));
      return;
    }
    this.at(fault.from, `${fault.kind} begins`, () => {
      this.conditions.begin(fault);
      if (fault.kind === 'clock') this.#moveClock(fault.provider, fault.offMs);
    });
    this.at(fault.until, `${fault.kind} ends`, () => {
      this.conditions.end(fault);
      if (fault.kind === 'clock') this.#moveClock(fault.provider, -fault.offMs);
      else if ('provider' in fault) this.providers[fault.provider]?.wake();
    });
  }

  #moveClock(number: number, ms: number): void {
    const provider = this.providers[number];
    if (provider === undefined) return;
    this.conditions.count('clock: moved');
    provider.clockOff += ms;
    provider.wake();
  }

  #renew(provider: SimulatedProvider): void {
    provider.renew().catch((error: unknown) => this.scheduler.note(`renewal put off: ${error}`));
  }

  #letThiefSign(at: number, victim: SimulatedProvider): void {
    for (const later of thefts) this.at(at + later, 'thief', () => signAsThief(this, victim));
  }

  #strike(fault: Extract<PlannedFault, { at: number }>): void {
    const provider = this.providers[fault.provider];
    if (provider === undefined) return;
    switch (fault.kind) {
      case 'crash':
        provider.eventsToDeath = fault.events;
        break;
      case 'crash-at-step':
        provider.stepsToDieAt.set(fault.step, fault.nth);
        break;
      case 'crash-in-transaction':
        provider.transactionsToDeath = fault.nth;
        break;
      case 'renewal':
        this.conditions.count('key renewed');
        this.#renew(provider);
        return;
      case 'revocation':
        this.conditions.count('revocation: a key');
        this.listServer.revoke(this.keyOf(fault.provider, 0).certificate, this.scheduler.now);
        this.#renew(provider);
        if (fault.stolen) this.#letThiefSign(fault.at, provider);
        return;
    }
    provider.downMs = fault.downMs;
  }
}

/** When a thief tries, after the theft was told. */
const thefts = [minute, hour, 5 * hour, 13 * hour];

function recordOf(provider: SimulatedProvider): IndexedProvider {
  const certificates = [0, 1].map(
    (generation) => provider.world.keyOf(provider.number, generation).certificate,
  );
  return {
    name: provider.name,
    mailReceipt: `ricevute@${provider.domain}`,
    managedDomains: [provider.domain],
    certificates,
    certificateHashes: certificates.map(hashCertificate),
  };
}

const disks = new Map<string, Promise<Uint8Array>>();

/** The rows of a provider on its first day; made once, since they are the same in every world. */
function prepareDisk(number: number, mailboxes: number): Promise<Uint8Array> {
  const name = `${number} ${mailboxes}`;
  const known = disks.get(name);
  if (known !== undefined) return known;
  const making = makeDisk(number, mailboxes);
  disks.set(name, making);
  return making;
}

async function makeDisk(number: number, mailboxes: number): Promise<Uint8Array> {
  const rows = Rows.create(beginning);
  const scheduler = new Scheduler(beginning);
  const db = new SimulatedDatabase({
    rows,
    scheduler,
    life: scheduler.nature,
    random: new Random('disk'),
    faults: { failTransaction: () => undefined, dieInTransaction: () => false },
    die: () => undefined,
    onBreach: (text) => {
      throw new Error(text);
    },
  });
  const domain = domainOfNumber(number);
  const filled = db.transact(async (tx) => {
    await addDomain(tx, domain, beginning);
    for (let mailbox = 0; mailbox < mailboxes; mailbox += 1)
      await insertMailbox(tx, { address: mailboxOf(number, mailbox), quotaBytes: 50_000_000 }, beginning);
  });
  await scheduler.run(Number.POSITIVE_INFINITY);
  await filled;
  const image = rows.save();
  rows.close();
  return image;
}
