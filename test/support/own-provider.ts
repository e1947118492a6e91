/**
 * A provider as its operator makes one: by bin/pec alone, in a folder of its own, with free ports on loopback. Nothing
 * here uses the project's code.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePorts } from './free-ports.ts';
import { type ServerProcess, startServer, waitFor } from './run-program.ts';
import { type Account, type Ports, pec, root, runPec } from './sandbox-process.ts';

export interface OwnProvider {
  readonly folder: string;
  readonly configFile: string;
  readonly domain: string;
  readonly ports: Ports;
  /** PEM file of its development authority. */
  readonly ca: string;
  /** Changes settings, as with an editor; counts from the next start. */
  configure(changes: Record<string, unknown>): Promise<void>;
  /** A new mailbox, by bin/pec; works while the provider runs. */
  addMailbox(name: string): Promise<Account>;
  /** `pec serve`, until it answers on every port. */
  serve(): Promise<ServerProcess>;
  /** Stops what serves. */
  stop(): Promise<void>;
  /** The same, and removes the folder. */
  remove(): Promise<void>;
}

const portNames = ['submission', 'submissions', 'mx', 'imap', 'imaps', 'pop3', 'pop3s', 'https'] as const;

/** `pec init` with development keys; by default without a virus scanner but for the test file. */
export async function makeOwnProvider(domain: string): Promise<OwnProvider> {
  const folder = mkdtempSync(join(tmpdir(), 'openpec-own-'));
  const configFile = join(folder, 'config.json');
  const config = ['--config', configFile];
  const name = `Gestore ${domain.split('.')[0]}`;
  await pec(
    'init',
    '--name',
    name,
    '--domain',
    domain,
    '--hostname',
    'localhost',
    '--development-keys',
    ...config,
  );
  const ca = join(folder, 'trust/ca.pem');
  const ports = Object.fromEntries(
    (await findFreePorts(portNames.length)).map((port, at) => [portNames[at], port]),
  );
  const running: ServerProcess[] = [];
  const own: OwnProvider = {
    ...{ folder, configFile, domain, ca, ports: ports as unknown as Ports },
    async configure(changes) {
      const before = JSON.parse(await pec('config', 'show', '--changed', ...config)) as Record<
        string,
        unknown
      >;
      writeFileSync(configFile, JSON.stringify({ ...before, ...changes }, null, 2));
    },
    async addMailbox(local) {
      const password = `segreta-${local}`;
      const address = `${local}@${domain}`;
      const added = await runPec(
        ['mailbox', 'add', address, '--password-file', '-', ...config],
        `${password}\n`,
      );
      assert.equal(added.status, 0, added.text);
      return { address, password, ports: own.ports, ca };
    },
    async serve() {
      const server = startServer(join(root, 'bin/pec'), ['serve', ...config]);
      running.push(server);
      await waitFor(
        'pec serve',
        async () => ((await runPec(['health', ...config])).status === 0 ? true : undefined),
        { explain: server.output },
      );
      return server;
    },
    async stop() {
      await Promise.all(running.map((server) => server.stop()));
    },
    async remove() {
      await own.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const listen = Object.fromEntries(
    portNames.map((key) => [key, { address: '127.0.0.1', port: own.ports[key] }]),
  );
  await own.configure({ listen, antivirus: { kind: 'eicar-only' }, sandbox: true });
  return own;
}
