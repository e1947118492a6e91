/**
 * One provider of a scenario: its files, its mailboxes, and the provider itself in this process or in a process
 * of its own that can be killed. The scenario reads the store beside it, as the command line does.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAccounts } from '../../src/accounts/accounts.ts';
import { createPasswordHasher } from '../../src/accounts/password.ts';
import type { VirusScanner } from '../../src/antivirus/scanner.ts';
import { parseConfig } from '../../src/config/load.ts';
import type { Config, ConfigInput } from '../../src/config/schema.ts';
import type { Steps } from '../../src/lib/steps.ts';
import type { Clock } from '../../src/lib/time.ts';
import { startProvider } from '../../src/main.ts';
import { listNodes, readStream } from '../../src/message-log/find.ts';
import type { LogEvent } from '../../src/pec/events.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { openStores, type Stores } from '../../src/wire.ts';
import { nextLine, startProgram } from './programs.ts';
import type { Link } from './scenario-link.ts';
import { readMail, type StoredMail } from './scenario-mail.ts';
import { domainOfProvider, type ProviderKey, providerNames, type ScenarioPki } from './scenario-pki.ts';
import { type Reply, SmtpTalker, type Transaction, transact } from './scenario-smtp.ts';
import { countInFlight, isAllSettled, listDue } from './scenario-state.ts';

export const scenarioPassword = 'parola segreta';
/** The last one is where other providers' prese in carico and virus detections go. */
const mailboxNames = ['mario.rossi', 'anna.bianchi', 'protocollo', 'ricevute-gestore'];

export interface StartOptions {
  readonly steps?: Steps;
  readonly scanner?: VirusScanner;
}

/** To a process of its own: where it kills itself. */
export interface KillPoint {
  readonly step: string;
  /** At the n-th time it is reached; 1 = the first. */
  readonly count: number;
}

interface Running {
  readonly ports: { readonly submissions: number; readonly mx: number; readonly imaps: number };
  readonly clockMoved: () => void;
  /** To a process of its own. */
  readonly killAt: (point: KillPoint) => void;
  /** What SIGHUP does. */
  readonly reload: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly kill: () => Promise<void>;
  /** Resolves when a process of its own has ended. */
  readonly ended: Promise<unknown>;
  readonly isChild: boolean;
  readonly pid: number;
}

export interface SiteOptions {
  readonly key: ProviderKey;
  readonly folder: string;
  readonly pki: ScenarioPki;
  readonly clock: Clock & { readonly offset: () => number };
  readonly routes: Readonly<Record<string, number>>;
  readonly link: Link;
  readonly settings?: Partial<ConfigInput>;
  readonly caFile?: string;
}

export class Site {
  readonly key: ProviderKey;
  readonly name: string;
  readonly domain: string;
  readonly config: Config;
  readonly stores: Stores;
  readonly link: Link;
  readonly #options: SiteOptions;
  readonly #logFile: string;
  /** Lines of diagnostics at level warn and above, of providers in this process. */
  readonly diagnostics: string[] = [];
  #running: Running | undefined;

  private constructor(options: SiteOptions, config: Config, stores: Stores) {
    this.#options = options;
    this.key = options.key;
    this.name = providerNames[options.key];
    this.domain = domainOfProvider(options.key);
    this.config = config;
    this.stores = stores;
    this.link = options.link;
    this.#logFile = join(options.folder, 'child.log');
  }

  static async make(options: SiteOptions): Promise<Site> {
    mkdirSync(options.folder, { recursive: true });
    const input = buildConfig(options);
    writeFileSync(join(options.folder, 'config.json'), JSON.stringify(input));
    const config = parseConfig(input, join(options.folder, 'config.json'));
    const site = new Site(options, config, await openStores(config, options.clock));
    await site.#makeMailboxes();
    return site;
  }

  get running(): boolean {
    return this.#running !== undefined;
  }

  get ports(): Running['ports'] {
    if (this.#running === undefined) throw new Error(`${this.domain} is not running`);
    return this.#running.ports;
  }

  now(): number {
    return this.#options.clock();
  }

  address(name: string): string {
    return `${name}@${this.domain}`;
  }

  /** Starts the provider in this process. */
  async start(options: StartOptions = {}): Promise<void> {
    const log = createLog({
      level: 'warn',
      destination: { write: (line: string) => void this.diagnostics.push(line) },
    });
    const provider = await startProvider(this.config, { log, clock: this.#options.clock, ...options });
    const { submissions, mx, imaps } = provider.listening;
    this.#use({
      ports: { submissions: submissions?.port ?? 0, mx: mx?.port ?? 0, imaps: imaps?.port ?? 0 },
      clockMoved: () => provider.clockMoved(),
      killAt: () => undefined,
      reload: () => provider.reload(),
      stop: () => provider.stop(),
      kill: () => Promise.reject(new Error('only a process of its own can be killed')),
      ended: new Promise(() => undefined),
      isChild: false,
      pid: process.pid,
    });
  }

  /** Starts the provider in a process of its own, which kills itself at the point, or when told. */
  async startChild(killAt?: KillPoint, orders: { readonly readingScanner?: boolean } = {}): Promise<void> {
    const program = startProgram(join(import.meta.dirname, '../scenario/programs/provider.ts'), [
      JSON.stringify({
        configFile: join(this.#options.folder, 'config.json'),
        logFile: this.#logFile,
        offset: this.#options.clock.offset(),
        killAt,
        ...orders,
      }),
    ]);
    const ports = JSON.parse(await nextLine(program)) as Running['ports'];
    const { child, ended } = program;
    child.stdin?.on('error', () => undefined);
    this.#use({
      ports,
      reload: () => Promise.reject(new Error('only a provider in this process is read again')),
      clockMoved: () => void child.stdin?.write(`offset ${this.#options.clock.offset()}\n`),
      killAt: ({ step, count }) => void child.stdin?.write(`kill ${step} ${count}\n`),
      stop: async () => {
        child.stdin?.end();
        await ended;
      },
      kill: async () => {
        child.kill('SIGKILL');
        await ended;
      },
      ended,
      isChild: true,
      pid: child.pid ?? 0,
    });
    this.clockMoved(); // it may have been moved while the process started
    void ended.then(() => {
      if (this.#running?.ended === ended) this.#forget();
    });
  }

  /** Tells a process that runs where to kill itself from now on. */
  killAt(point: KillPoint): void {
    this.#running?.killAt(point);
  }

  /** Resolves when the process has killed itself. */
  async died(): Promise<void> {
    await this.#running?.ended;
    this.#forget();
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#forget();
    await running?.stop();
  }

  async kill(): Promise<void> {
    const running = this.#running;
    this.#forget();
    await running?.kill();
  }

  clockMoved(): void {
    this.#running?.clockMoved();
  }

  /** Reads keys and certificates again, as SIGHUP does. */
  async reload(): Promise<void> {
    await this.#running?.reload();
  }

  async close(): Promise<void> {
    const running = this.#running;
    this.#forget();
    await (running?.isChild === true ? running.kill() : running?.stop());
    await this.link.close();
    await this.stores.close();
  }

  /** Submits as the user of the reverse path: the reply to the final dot or the first refusal. */
  async submit(transaction: Transaction): Promise<Reply> {
    const talker = await this.logIn(transaction.from);
    try {
      return await transact(talker, transaction);
    } finally {
      await talker.quit();
    }
  }

  /** An open session of a user at the access point. */
  async logIn(address: string): Promise<SmtpTalker> {
    const talker = await SmtpTalker.open(this.ports.submissions, this.#options.pki.ca.root.certificatePem);
    await talker.command('EHLO client.test');
    const reply = await talker.login(address, scenarioPassword);
    if (reply.code !== 235) throw new Error(`login of ${address}: ${reply.code} ${reply.text}`);
    return talker;
  }

  /** Hands a message to the incoming point as another server would, over TLS. */
  async deliver(transaction: Transaction): Promise<Reply> {
    const talker = await SmtpTalker.open(this.ports.mx);
    try {
      await talker.command('EHLO peer.test');
      await talker.startTls(this.#options.pki.ca.root.certificatePem);
      await talker.command('EHLO peer.test');
      return await transact(talker, transaction);
    } finally {
      await talker.quit();
    }
  }

  /** Of a provider in a process of its own. */
  get pid(): number {
    return this.#running?.pid ?? 0;
  }

  /** All messages of a mailbox's INBOX, oldest first. */
  async mails(name: string): Promise<StoredMail[]> {
    return (await this.#listInbox(name, Number.POSITIVE_INFINITY)).map(({ mail }) => mail);
  }

  /**
   * The same, of large messages the beginning only, where all stands but the enclosed original and the signature.
   */
  mailHeads(name: string): Promise<{ readonly mail: StoredMail; readonly whole: boolean }[]> {
    return this.#listInbox(name, 4 * 1024 * 1024);
  }

  async #listInbox(name: string, limit: number) {
    const mailbox = await this.stores.accounts.findMailbox(this.address(name));
    if (mailbox === undefined) throw new Error(`no mailbox ${this.address(name)}`);
    const inbox = await this.stores.mail.findFolder(mailbox.id, 'INBOX');
    const records = await this.stores.mail.messages(inbox?.id ?? 0, [[1, Number.POSITIVE_INFINITY]]);
    return Promise.all(
      records.map(async ({ contentId, size }) => {
        const range = { offset: 0, length: Math.min(size, limit) };
        const chunks: Uint8Array[] = [];
        for await (const chunk of this.stores.mail.read(contentId, range)) chunks.push(chunk);
        return { mail: readMail(Buffer.concat(chunks)), whole: size <= limit };
      }),
    );
  }

  async listMailboxes(): Promise<string[]> {
    const mailboxes = await this.stores.accounts.listMailboxes();
    return mailboxes.map(({ address }) => address.split('@')[0] ?? '');
  }

  /** The whole message log. */
  async events(): Promise<LogEvent[]> {
    return this.stores.db.read(async (tx) => {
      const events: LogEvent[] = [];
      for (const node of await listNodes(tx))
        for (let after = 0; ; ) {
          const page = await readStream(tx, { node, after, limit: 1000 });
          events.push(...page.map(({ event }) => event));
          after = page.at(-1)?.seq ?? 0;
          if (page.length < 1000) break;
        }
      return events;
    });
  }

  /** What is due now and not done yet, in words; empty when the provider is at rest. */
  async pending(): Promise<string[]> {
    const due = await this.stores.db.read((tx) => listDue(tx, this.now()));
    return due.map((what) => `${this.key}: ${what}`);
  }

  /** True when every recipient has its outcome and nothing waits in the queue, also for later. */
  isSettled(): Promise<boolean> {
    return this.stores.db.read(isAllSettled);
  }

  /** Messages accepted here of which not every recipient has its outcome. */
  inFlight(): Promise<number> {
    return this.stores.db.read(countInFlight);
  }

  /** Diagnostics that say that something unexpected went wrong. */
  faults(): string[] {
    const lines = [...this.diagnostics, ...readLines(this.#logFile)];
    return lines.filter(
      (line) =>
        /"event":"(fault|failure|lost)"|"level":(50|"error")/.test(line) &&
        // No scenario has a time-stamp authority: that seals wait, and say so, is as it must be.
        !line.includes('"event":"log-stamp-missing"'),
    );
  }

  #use(running: Running): void {
    this.#running = running;
    this.link.aim(running.ports.mx);
  }

  #forget(): void {
    this.#running = undefined;
    this.link.aim(undefined);
  }

  async #makeMailboxes(): Promise<void> {
    const { db } = this.stores;
    const hasher = createPasswordHasher({ parameters: { memory: 64, passes: 1, parallelism: 1 } });
    const accounts = createAccounts({ db, clock: this.#options.clock, hasher });
    await accounts.addDomain(this.domain);
    for (const name of mailboxNames)
      await accounts.addMailbox({ address: this.address(name), password: scenarioPassword });
    await accounts.addMailbox({
      address: this.address('piena'),
      password: scenarioPassword,
      quotaBytes: 10,
    });
  }
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function buildConfig({ key, folder, pki, routes, settings, caFile }: SiteOptions): ConfigInput {
  const domain = domainOfProvider(key);
  const here = { address: '127.0.0.1', port: 0 };
  const clear = { submission: null, imap: null, pop3: null };
  return {
    provider: { name: providerNames[key], domain, hostname: 'localhost' },
    node: `${key}1`,
    dataFolder: join(folder, 'data'),
    listen: { ...clear, submissions: here, mx: here, imaps: here, pop3s: null },
    tls: { certificate: pki.tls.certificateFile, key: pki.tls.keyFile },
    signing: { kind: 'pem', key: pki.providers[key].keyFile, chain: pki.providers[key].chainFile },
    trust: { anchors: [caFile ?? pki.caFile], intermediates: [pki.issuingFile] },
    index: { kind: 'file', path: pki.indexFile },
    antivirus: { kind: 'eicar-only' },
    relay: {
      routes: Object.fromEntries(
        Object.entries(routes).map(([name, port]) => [name, { host: 'localhost', port }]),
      ),
    },
    stopSeconds: 5,
    sandbox: true,
    ...settings,
  };
}
