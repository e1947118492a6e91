import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { spool } from '../../../src/blob/read-segments.ts';
import { loadConfig } from '../../../src/config/load.ts';
import { addContent } from '../../../src/content/content.ts';
import { keepInfected } from '../../../src/message-log/infected.ts';
import { enqueue } from '../../../src/queue/outgoing.ts';
import { openStores, type Stores } from '../../../src/wire.ts';
import { chunked } from '../../support/point-parts.ts';
import { facts } from '../pec/sample.ts';
import { runPec } from './run-pec.ts';

const folder = mkdtempSync(join(tmpdir(), 'pec-cli-'));
const file = join(folder, 'provider', 'config.json');
after(() => rmSync(folder, { recursive: true }));
const at = Date.UTC(2026, 10, 21, 9, 11, 12);
const infected = Buffer.from('Subject: fattura\r\n\r\n'.padEnd(100_000, 'virus '));

const pec = (...args: string[]) => runPec([...args, '--config', file]);

before(async () => {
  const names = ['--name', 'Gestore Prova S.p.A.', '--domain', 'prova.test', '--hostname', 'localhost'];
  const made = await runPec(['init', '--config', file, ...names, '--development-keys']);
  assert.equal(made.code, 0, made.remarks);
  await withStores(async ({ db, blobs }) => {
    const { segments } = await spool(blobs, chunked(infected));
    await db.transact(async (tx) => {
      await keepInfected(tx, { at, side: 'incoming', facts, virus: 'Eicar\u001b[2J', segments });
      const contentId = await addContent(tx, [Buffer.from('Subject: x\r\n\r\n')]);
      await enqueue(tx, [buildItem(contentId)]);
    });
  });
});

async function withStores(use: (stores: Stores) => Promise<void>): Promise<void> {
  const stores = await openStores(loadConfig(file));
  await use(stores);
  await stores.close();
}

function buildItem(contentId: number) {
  return {
    node: 'n1',
    kind: 'envelope' as const,
    identificativo: 'pec.1@prova.test',
    messageId: undefined,
    mailId: '<pec.1@prova.test>',
    contentId,
    skip: 0,
    size: 14,
    eightBit: true,
    reversePath: 'mario@prova.test',
    recipient: 'luigi@beta.test',
    domain: 'beta.test',
    certified: true,
    queuedAt: at,
    expiresAt: at + 86_400_000,
  };
}

test('virus list shows what is kept, and nothing of it steers the terminal', async () => {
  const { code, output } = await pec('virus', 'list');
  assert.equal(code, 0);
  assert.match(
    output,
    /^1 .*incoming +Eicar \[2J +mario@alfa\.test +anna@beta\.test and 1 more +pec\.1@alfa\.test$/m,
  );
  const shown = JSON.parse((await pec('virus', 'list', '--json')).output) as { id: number }[];
  assert.deepEqual(
    shown.map(({ id }) => id),
    [1],
  );
  assert.equal((await pec('virus', 'list', '--after', '1')).output, 'No infected message is kept.');
});

test('virus export writes the bytes as they came, for this user alone, and never over a file', async () => {
  const out = join(folder, 'infetto.eml');
  const { code, output } = await pec('virus', 'export', '1', '--out', out);
  assert.equal(code, 0);
  assert.match(output, /Do not open it here/);
  assert.ok(readFileSync(out).equals(infected));
  assert.equal(statSync(out).mode & 0o777, 0o600);
  writeFileSync(out, 'altro');
  const again = await pec('virus', 'export', '1', '--out', out);
  assert.deepEqual([again.code, again.remarks], [1, `${out} exists already; name another.`]);
  assert.equal(readFileSync(out, 'utf8'), 'altro');
  assert.equal((await pec('virus', 'export', '2', '--out', join(folder, 'x'))).code, 1);
  assert.equal((await pec('virus', 'export', '1', '--out', join(folder, 'none', 'x'))).code, 1);
});

test('queue show says everything about one, hold and retry what they change', async () => {
  const { code, output } = await pec('queue', 'show', '1');
  assert.equal(code, 0);
  assert.match(output, /^what +transport envelope$/m);
  assert.match(output, /^to +luigi@beta\.test \(certified\)$/m);
  assert.match(output, /^last answer +\(none yet\)$/m);
  await pec('queue', 'hold', '1');
  assert.match((await pec('queue', 'show', '1')).output, /^next try +held: /m);
  await pec('queue', 'retry', '1');
  const row = JSON.parse((await pec('queue', 'show', '1', '--json')).output) as { held: boolean };
  assert.equal(row.held, false);
  const missing = await pec('queue', 'show', '7');
  assert.deepEqual(
    [missing.code, missing.remarks],
    [1, 'The queue has no such id; it may have left in the meantime.'],
  );
});

test('domain set limits whom mailboxes may write to, and lifts the limits', async () => {
  await pec('domain', 'add', 'prova.test');
  const closed = await pec(
    'domain',
    'set',
    'prova.test',
    '--certified-only',
    '--closed-group',
    'B.it, comune-forlì.it',
  );
  assert.match(closed.output, /b\.it, xn--comune-forl-mcb\.it$/m);
  const opened = await pec('domain', 'set', 'prova.test', '--no-closed-group');
  assert.match(opened.output, /certified recipients$/m);
  assert.match((await pec('domain', 'set', 'prova.test', '--no-certified-only')).output, /anybody$/m);
  const wrong = await pec('domain', 'set', 'prova.test', '--closed-group', 'non un dominio');
  assert.equal(wrong.code, 1);
});
