/**
 * Two providers as `pec serve` runs them, one process each, that know each other by the index: the files are those of
 * the sandbox, the mailboxes the benchmark's own.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { insertMailbox } from '../../src/accounts/mailboxes.ts';
import { parseJsonc } from '../../src/config/jsonc.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { ensureFirstFolders } from '../../src/mailbox/folder-rows.ts';
import { type PortName, sandboxFiles } from '../../src/sandbox/places.ts';
import { prepareSandbox } from '../../src/sandbox/prepare.ts';
import { openStores, type Stores } from '../../src/wire.ts';
import { type ServerProcess, startServer, waitFor } from '../../test/support/run-program.ts';
import { root, runPec } from '../../test/support/sandbox-process.ts';
import type { BenchServer, Certificate } from './bench-server.ts';
import { recipientsAtHand, sendersAtHand } from './bench-server.ts';

export interface Provider extends BenchServer {
  readonly config: Config;
  readonly configFile: string;
  readonly tls: Certificate;
  /** The process that serves; undefined while it is stopped. */
  readonly process: ServerProcess | undefined;
  /** Until it answers on every port. */
  start(env?: NodeJS.ProcessEnv): Promise<void>;
  halt(): Promise<void>;
}

export interface Providers {
  readonly alfa: Provider;
  readonly beta: Provider;
  remove(): Promise<void>;
}

const services: ReadonlySet<PortName> = new Set(['submission', 'submissions', 'mx', 'imap', 'imaps']);
const password = 'segreta-di-prova';
/** So that no run fills a mailbox. */
const quotaBytes = 2 ** 42;

/** Makes both in a temporary folder; nothing runs yet. */
export async function makeProviders(parent: string = tmpdir()): Promise<Providers> {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'openpec-bench-'));
  const files = sandboxFiles(folder);
  const prepared = await prepareSandbox({
    files,
    at: Date.now(),
    services,
    antivirus: { kind: 'eicar-only' },
  });
  const providers: Provider[] = [];
  for (const { key, domain, ports, configFile } of prepared) {
    const settings = parseJsonc(readFileSync(configFile, 'utf8')) as Record<string, unknown>;
    // 30 MB to 50 recipients is 1.5 GB in all, and 20 connections come from one address.
    settings.limits = { certifiedTotalBytes: 2 ** 32, connectionsPerAddress: 1000 };
    settings.log = { file: files.provider(key).log, level: 'warn' };
    writeFileSync(configFile, JSON.stringify(settings));
    const config = loadConfig(configFile);
    await makeMailboxes(config, domain);
    const { submissions = 0, imaps = 0 } = ports;
    const { tlsCertificate, tlsKey } = files.provider(key);
    const tls = { certificate: tlsCertificate, key: tlsKey };
    const place = { name: key, domain, folder: files.provider(key).folder, configFile, config, tls };
    providers.push(new ServedProvider({ ...place, ports: { submissions, imaps }, password }));
  }
  const [alfa, beta] = providers;
  if (alfa === undefined || beta === undefined) throw new Error('the sandbox has two providers');
  const remove = async () => {
    await Promise.all(providers.map((provider) => provider.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  return { alfa, beta, remove };
}

async function makeMailboxes(config: Config, domain: string): Promise<void> {
  const stores = await openStores(config);
  try {
    await stores.accounts.addDomain(domain);
    const first = `mittente0@${domain}`;
    await stores.accounts.addMailbox({ address: first, password, quotaBytes });
    const names = [
      ...Array.from({ length: sendersAtHand - 1 }, (_, index) => `mittente${index + 1}`),
      ...Array.from({ length: recipientsAtHand }, (_, index) => `casella${index}`),
    ];
    await copyMailbox(
      stores,
      first,
      names.map((name) => `${name}@${domain}`),
    );
  } finally {
    await stores.close();
  }
}

/** Mailboxes with the same password as `first`: its hash is slow by purpose, and made once. */
export async function copyMailbox(
  stores: Stores,
  first: string,
  addresses: readonly string[],
): Promise<void> {
  const at = Date.now();
  await stores.db.transact(async (tx) => {
    for (const address of addresses) {
      const { id } = await insertMailbox(tx, { address, quotaBytes }, at);
      await ensureFirstFolders(tx, id, at);
      await tx.run(
        `INSERT INTO login (name, name_key, mailbox_id, password, password_changed_at, created_at)
           SELECT ?, ?, ?, password, password_changed_at, created_at FROM login WHERE name_key = ?`,
        address,
        address,
        id,
        first,
      );
    }
  });
}

type Place = Omit<Provider, 'process' | 'start' | 'halt' | 'stop'>;

class ServedProvider implements Provider {
  readonly name: string;
  readonly domain: string;
  readonly password: string;
  readonly ports: Provider['ports'];
  readonly folder: string;
  readonly config: Config;
  readonly configFile: string;
  readonly tls: Certificate;
  #process: ServerProcess | undefined;

  constructor(place: Place) {
    this.name = place.name;
    this.domain = place.domain;
    this.password = place.password;
    this.ports = place.ports;
    this.folder = place.folder;
    this.config = place.config;
    this.configFile = place.configFile;
    this.tls = place.tls;
  }

  get process(): ServerProcess | undefined {
    return this.#process;
  }

  async start(env: NodeJS.ProcessEnv = {}): Promise<void> {
    const server = startServer(join(root, 'bin/pec'), ['serve', '--config', this.configFile], { env });
    this.#process = server;
    const healthy = async () =>
      (await runPec(['health', '--config', this.configFile])).status === 0 ? true : undefined;
    await waitFor(`provider ${this.name}`, healthy, { explain: server.output });
  }

  async halt(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    await running?.stop();
  }

  stop(): Promise<void> {
    return this.halt();
  }
}
