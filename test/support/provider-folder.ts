/** A provider that `pec init` made in a folder of its own, its log written by the test: for commands that read it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { appendEvent } from '../../src/message-log/append.ts';
import type { LogEvent } from '../../src/pec/events.ts';
import { openStores, type Stores } from '../../src/wire.ts';
import { type Ran, runPec } from '../unit/cli/run-pec.ts';

export interface ProviderFolder {
  readonly folder: string;
  readonly config: Config;
  /** A command on this provider. */
  pec(...args: string[]): Promise<Ran>;
  append(events: readonly LogEvent[]): Promise<void>;
  withStores<T>(use: (stores: Stores) => Promise<T>): Promise<T>;
  remove(): void;
}

export async function makeProviderFolder(): Promise<ProviderFolder> {
  const folder = mkdtempSync(join(tmpdir(), 'pec-provider-'));
  const file = join(folder, 'provider', 'config.json');
  const names = ['--name', 'Gestore Prova', '--domain', 'prova.test', '--hostname', 'localhost'];
  const made = await runPec(['init', '--config', file, ...names, '--development-keys']);
  assert.equal(made.code, 0, made.remarks);
  const config = loadConfig(file);
  const withStores: ProviderFolder['withStores'] = async (use) => {
    const stores = await openStores(config);
    try {
      return await use(stores);
    } finally {
      await stores.close();
    }
  };
  return {
    folder,
    config,
    withStores,
    pec: (...args) => runPec([...args, '--config', file]),
    append: (events) =>
      withStores(async ({ db }) => {
        for (const event of events) await db.transact((tx) => appendEvent(tx, event, config.node));
      }),
    remove: () => rmSync(folder, { recursive: true }),
  };
}

const epoch = Date.UTC(2026, 10, 20, 9);

/** Deliveries from mario to anna, a minute apart, from 10:00 of 20 November 2026 in Rome on. */
export function buildDeliveries(count: number): LogEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    type: 'delivered',
    at: epoch + index * 60_000,
    facts: {
      identificativo: `pec.${index}@prova.test`,
      msgid: `<${index}@pc>`,
      sender: 'mario@prova.test',
      recipients: [{ address: 'anna@prova.test', certified: true }],
      replyTo: 'mario@prova.test',
      subject: `Perché no (${index})`,
    },
    sendingProvider: 'Gestore Prova',
    generated: [],
    recipient: 'anna@prova.test',
    receiptKind: 'completa',
  }));
}
