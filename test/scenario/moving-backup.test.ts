/** `pec backup`: what is brought back is what was there, and what is not what it was is told. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Config } from '../../src/config/schema.ts';
import { createSweeper } from '../../src/content/sweep.ts';
import { readFolderExtras, restoreFolderExtras } from '../../src/mailbox/folder-extras.ts';
import type { ArchivedFolder } from '../../src/moving/backup/archived-mailbox.ts';
import { readArchive } from '../../src/moving/backup/mailbox-archive.ts';
import { restoreMailbox } from '../../src/moving/backup/restore-mailbox.ts';
import { openStores, type Stores } from '../../src/wire.ts';
import { buildDeliveries, makeProviderFolder, type ProviderFolder } from '../support/provider-folder.ts';
import { runPec } from '../unit/cli/run-pec.ts';

const mario = 'mario@prova.test';
const anna = 'anna@prova.test';
const luca = 'luca@comune.test';
const password = 'segreta 1';
const extras = {
  rights: [{ identifier: 'anna@prova.test', rights: 'lr' }],
  annotations: [
    { login: null, entry: '/comment', base64: 'Y2lhbw==' },
    { login: luca, entry: '/vendor/x', base64: 'AAE=' },
  ],
};
const allBytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
const large = Buffer.concat([Buffer.from('Subject: in a blob\r\n\r\n'), Buffer.alloc(60_000, allBytes)]);
let provider: ProviderFolder;

before(async () => {
  provider = await makeProviderFolder();
  const secret = join(provider.folder, 'secret');
  writeFileSync(secret, password);
  for (const domain of ['prova.test', 'comune.test']) await provider.pec('domain', 'add', domain);
  for (const address of [mario, anna, luca])
    await provider.pec('mailbox', 'add', address, '--password-file', secret, '--name', `di ${address}`);
  await provider.append(buildDeliveries(3));
  await provider.withStores(async (stores) => {
    for (const address of [mario, anna, luca]) await fill(stores, address);
  });
});

after(() => provider.remove());

async function fill(stores: Stores, address: string): Promise<void> {
  const mailboxId = await idOf(stores, address);
  const inbox = await stores.mail.findFolder(mailboxId, 'INBOX');
  await append(stores, inbox?.id ?? 0, Buffer.from('Subject: removed\r\n\r\n'));
  await append(stores, inbox?.id ?? 0, Buffer.concat([large, Buffer.from(address)]), [
    '\\Seen',
    '$Etichetta',
  ]);
  await append(stores, inbox?.id ?? 0, Buffer.from(`Subject: to ${address}\r\n\r\nbare\nLF`));
  await append(stores, inbox?.id ?? 0, Buffer.from(`Subject: to ${address}\r\n\r\nbare\nLF`));
  await stores.mail.storeFlags(inbox?.id ?? 0, [[1, 1]], { operation: 'add', flags: ['\\Deleted'] });
  await stores.mail.expunge(inbox?.id ?? 0);
  const office = await stores.mail.createFolder(mailboxId, 'Uffici/Città\u2028');
  await append(stores, office.id, Buffer.from('Subject: ufficio\r\n\r\n'));
  await stores.mail.setSubscribed(mailboxId, office.name, true);
}

async function append(
  stores: Stores,
  folderId: number,
  bytes: Buffer,
  flags: readonly string[] = [],
): Promise<void> {
  const content = await stores.mail.storeContent(once(bytes));
  await stores.mail.append(folderId, [{ content, flags, internalDate: Date.UTC(2024, 1, 3, 4, 5, 6) }]);
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function idOf({ accounts }: Stores, address: string): Promise<number> {
  const found = await accounts.findMailbox(address);
  assert.ok(found, address);
  return found.id;
}

interface Seen {
  readonly folder: string;
  readonly uidValidity: number;
  readonly subscribed: boolean;
  readonly messages: readonly string[];
}

/** Everything a mail program sees of the mailbox. */
async function look(stores: Stores, address: string): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const { id, name, uidValidity, subscribed } of await stores.mail.listFolders(
    await idOf(stores, address),
  )) {
    const messages: string[] = [];
    for (const { uid, flags, internalDate, savedAt, contentId } of await stores.mail.messages(id, [
      [1, Infinity],
    ])) {
      const digest = createHash('sha256');
      for await (const chunk of stores.mail.read(contentId)) digest.update(chunk);
      messages.push([uid, flags.join(' '), internalDate, savedAt, digest.digest('hex')].join('|'));
    }
    seen.push({ folder: name, uidValidity, subscribed, messages });
  }
  return seen;
}

const withoutNumbers = (seen: readonly Seen[]) =>
  seen.map(({ folder, messages }) => [folder, ...messages.map((text) => text.split('|').at(-1)).sort()]);

const place = (name: string) => join(provider.folder, name);
const create = (name: string, ...more: string[]) =>
  provider.pec('backup', 'create', '--to', place(name), ...more);

async function withCopyOf<T>(config: Config, use: (stores: Stores) => Promise<T>): Promise<T> {
  const stores = await openStores(config);
  try {
    return await use(stores);
  } finally {
    await stores.close();
  }
}

/** Restores a whole backup for a provider with the same configuration and another data folder. */
async function restoreElsewhere(backup: string, name: string) {
  const shown = JSON.parse((await provider.pec('config', 'show')).output) as Config;
  const config = { ...shown, dataFolder: place(name) };
  const file = place(`${name}.json`);
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return { config, ran: await runPec(['backup', 'restore', backup, '--config', file]), file };
}

test('a whole backup verifies, its message log too, and the next one copies only what is new', async () => {
  const first = await create('whole');
  assert.equal(first.code, 0, first.remarks);
  const good = await runPec(['backup', 'verify', place('whole')]);
  assert.equal(good.code, 0, good.output + good.remarks);
  const log = await provider.pec('log', 'verify', '--data', first.output);
  assert.match(log.output, /3 entries/, log.remarks);
  assert.equal(log.code, 0, log.output);
  await provider.withStores(async (stores) => {
    const inbox = await stores.mail.findFolder(await idOf(stores, anna), 'INBOX');
    await append(stores, inbox?.id ?? 0, Buffer.concat([large, Buffer.from('second')]));
  });
  const second = await create('whole');
  assert.equal(second.code, 0, second.remarks);
  const blobs = (folder: string) =>
    new Map(
      readdirSync(join(folder, 'blobs'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => [entry.name, statSync(join(entry.parentPath, entry.name)).ino]),
    );
  const [old, now] = [blobs(first.output), blobs(second.output)];
  assert.deepEqual([old.size, now.size], [3, 4]);
  for (const [name, inode] of old) assert.equal(now.get(name), inode, 'a hard link, not a copy');
  const list = await runPec(['backup', 'list', place('whole')]);
  assert.match(list.output, /whole .* Gestore Prova/);
  assert.equal(list.output.split('\n').length, 3);
});

test('a backup does not go into what it is to save', async () => {
  const inside = join(provider.config.dataFolder, 'backups');
  const { code, remarks } = await provider.pec('backup', 'create', '--to', inside);
  assert.equal(code, 1);
  assert.match(remarks, /is in the data folder/);
});

test('a whole provider comes back as it was, and gives out no number twice', async () => {
  const before = await provider.withStores((stores) => look(stores, mario));
  const { config, ran } = await restoreElsewhere(place('whole'), 'restored');
  assert.equal(ran.code, 0, ran.remarks);
  await withCopyOf(config, async (stores) => {
    assert.deepEqual(await look(stores, mario), before);
    assert.ok(await stores.accounts.authenticate(mario, password));
    const inbox = await stores.mail.findFolder(await idOf(stores, mario), 'INBOX');
    const status = await stores.mail.status(inbox?.id ?? 0);
    assert.ok(status.uidNext > 1_000_000);
    const changes = await stores.mail.changesSince(inbox?.id ?? 0, 900_000);
    assert.deepEqual([changes.changed.length, changes.vanished.slice(0, 1)], [3, [1]]);
  });
  assert.deepEqual(readdirSync(config.dataFolder).includes('restoring'), false);
  const again = await restoreElsewhere(place('whole'), 'restored');
  assert.equal(again.ran.code, 1);
  assert.match(again.ran.remarks, /is not empty/);
});

test('a backup made while mail comes in and goes is whole', async () => {
  await provider.withStores(async (stores) => {
    const inbox = await stores.mail.findFolder(await idOf(stores, luca), 'INBOX');
    const folderId = inbox?.id ?? 0;
    const sweeper = createSweeper({ ...stores, clock: () => Date.now() + 86_400_000, graceMs: 0 });
    let busy = true;
    const writing = (async () => {
      for (let turn = 0; busy; turn += 1) {
        await append(stores, folderId, Buffer.concat([large, Buffer.from(`turn ${turn}`)]));
        const { uidNext } = await stores.mail.status(folderId);
        await stores.mail.storeFlags(folderId, [[uidNext - 1, uidNext - 1]], {
          operation: 'add',
          flags: ['\\Deleted'],
        });
        await stores.mail.expunge(folderId);
        await sweeper.sweep();
      }
    })();
    const made = await create('busy');
    busy = false;
    await writing;
    assert.equal(made.code, 0, made.remarks);
    assert.equal((await runPec(['backup', 'verify', made.output])).code, 0);
  });
});

test('a mailbox comes back with its logins, numbers, flags and dates after it was removed', async () => {
  // Receipts come in above the quota; what was there comes back all the same.
  await provider.pec('mailbox', 'set', luca, '--quota', '10');
  await provider.withStores(async (stores) => {
    const office = await stores.mail.findFolder(await idOf(stores, luca), 'Uffici/Città\u2028');
    await stores.db.transact((tx) => restoreFolderExtras(tx, office?.id ?? 0, extras));
  });
  const before = await provider.withStores((stores) => look(stores, luca));
  const made = await create('mailboxes', '--mailbox', luca);
  assert.equal(made.code, 0, made.remarks);
  await provider.pec('mailbox', 'remove', luca, '--yes');
  const restored = await provider.pec('backup', 'restore', place('mailboxes'));
  assert.equal(restored.code, 0, restored.remarks);
  assert.match(
    restored.output,
    /^luca@comune\.test \(made anew, .*\): 4 messages restored under their old numbers\.$/,
  );
  await provider.withStores(async (stores) => {
    assert.deepEqual(await look(stores, luca), before);
    const login = await stores.accounts.authenticate(luca, password);
    assert.equal(login?.mailboxId, await idOf(stores, luca));
    const office = await stores.mail.findFolder(await idOf(stores, luca), 'Uffici/Città\u2028');
    assert.deepEqual(await stores.db.read((tx) => readFolderExtras(tx, office?.id ?? 0)), extras);
    const { uidNext } = await stores.mail.status(
      (await stores.mail.findFolder(await idOf(stores, luca), 'INBOX'))?.id ?? 0,
    );
    assert.ok(uidNext > 1_000_000);
  });
});

test('into a mailbox with messages come those that it lacks, and nothing there changes', async () => {
  const made = await create('mailboxes', '--mailbox', mario, anna);
  assert.equal(made.code, 0, made.remarks);
  const before = await provider.withStores((stores) => look(stores, mario));
  assert.match(
    (await provider.pec('backup', 'restore', made.output, '--mailbox', mario)).output,
    /0 messages restored .*; 4 were there already/,
  );
  assert.deepEqual(await provider.withStores((stores) => look(stores, mario)), before);
  await provider.withStores(async (stores) => {
    const inbox = await stores.mail.findFolder(await idOf(stores, mario), 'INBOX');
    await stores.mail.storeFlags(inbox?.id ?? 0, [[3, 3]], { operation: 'add', flags: ['\\Deleted'] });
    await stores.mail.expunge(inbox?.id ?? 0);
    await stores.mail.deleteFolder(await idOf(stores, mario), 'Uffici/Città\u2028');
  });
  const { output } = await provider.pec('backup', 'restore', made.output, '--mailbox', mario.toUpperCase());
  assert.match(output, /2 messages restored under new numbers; 2 were there already/);
  const after = await provider.withStores((stores) => look(stores, mario));
  assert.deepEqual(withoutNumbers(after), withoutNumbers(before));
  assert.ok(
    after
      .find(({ folder }) => folder === 'INBOX')
      ?.messages.at(-1)
      ?.startsWith('5|'),
  );
  const other = await provider.pec('backup', 'restore', made.output, '--mailbox', 'x@prova.test');
  assert.match(other.remarks, /The backup has no mailbox x@prova\.test/);
});

test('a restoration that broke off goes on without giving a number to another message', async () => {
  const made = await create('broken-off', '--mailbox', anna);
  const numbers = (seen: readonly Seen[]) =>
    seen.flatMap(({ uidValidity, messages }) =>
      messages.map((text) => `${uidValidity} ${text.split('|')[0]} ${text.split('|').at(-1)}`),
    );
  const before = numbers(await provider.withStores((stores) => look(stores, anna)));
  await provider.pec('mailbox', 'remove', anna, '--yes');
  await provider.withStores(async (stores) => {
    for await (const archived of readArchive(made.output)) {
      const stopped = { ...archived, folders: archived.folders.map(breakOff) };
      await assert.rejects(
        restoreMailbox({ ...stores, clock: Date.now }, stopped, () => undefined),
        /pulled the plug/,
      );
    }
  });
  const { output } = await provider.pec('backup', 'restore', made.output);
  assert.match(output, /under new numbers/);
  const after = numbers(await provider.withStores((stores) => look(stores, anna)));
  assert.equal(after.length, before.length);
  for (const now of after) {
    const [validity, uid] = now.split(' ');
    const then = before.find((text) => text.startsWith(`${validity} ${uid} `));
    assert.ok(then === undefined || then === now, `${now} was ${then}`);
  }
});

/** The power goes when the last folder is read. */
function breakOff(folder: ArchivedFolder): ArchivedFolder {
  if (!folder.name.startsWith('Uffici/')) return folder;
  const messages = Object.assign([...folder.messages], {
    [Symbol.iterator]: () => {
      throw new Error('pulled the plug');
    },
  });
  return { ...folder, messages };
}

test('the second backup of mailboxes writes only what is new', async () => {
  const [second, first] = readdirSync(place('mailboxes')).sort().reverse();
  const third = await create('mailboxes', '--mailbox', mario, anna);
  assert.ok(first !== undefined && second !== undefined);
  assert.match(third.remarks, /; \d+(?:\.\d)? (?:B|KiB) of them written now/);
  const inode = (folder: string) => {
    const name = createHash('sha256')
      .update(Buffer.concat([large, Buffer.from(anna)]))
      .digest('hex');
    return statSync(join(folder, 'messages', name.slice(0, 2), `${name}.eml`)).ino;
  };
  assert.equal(inode(third.output), inode(join(place('mailboxes'), second)));
});

test('a domain comes back out of a backup of the whole provider', async () => {
  const made = await create('whole', '--link');
  assert.equal(made.code, 0, made.remarks);
  const before = await provider.withStores((stores) => look(stores, luca));
  await provider.pec('mailbox', 'remove', luca, '--yes');
  const { code, output } = await provider.pec('backup', 'restore', made.output, '--domain', 'comune.test');
  assert.equal(code, 0);
  assert.match(output, /^luca@comune\.test \(made anew/);
  assert.deepEqual(await provider.withStores((stores) => look(stores, luca)), before);
});

test('one flipped bit, a missing file, a cut manifest: each is told', async () => {
  const made = await create('damaged');
  const [shard = ''] = readdirSync(join(made.output, 'blobs'));
  const [blob = ''] = readdirSync(join(made.output, 'blobs', shard));
  const file = join(made.output, 'blobs', shard, blob);
  const bytes = readFileSync(file);
  bytes[1000] = (bytes[1000] ?? 0) ^ 1;
  writeFileSync(file, bytes);
  const flipped = await runPec(['backup', 'verify', made.output]);
  assert.equal(flipped.code, 1);
  assert.match(flipped.output, new RegExp(`^WRONG  blobs/${shard}/${blob}: has other bytes`, 'm'));
  const restored = await restoreElsewhere(made.output, 'half');
  assert.equal(restored.ran.code, 1);
  assert.match(restored.ran.remarks, new RegExp(`damaged: blobs/${shard}/${blob}`));
  rmSync(file);
  assert.match((await runPec(['backup', 'verify', made.output])).output, /cannot be read/);
  appendFileSync(join(made.output, 'manifest.jsonl'), '{}\n');
  assert.match((await runPec(['backup', 'verify', made.output])).remarks, /manifest\.jsonl of .* is damaged/);
  assert.match((await runPec(['backup', 'verify', place('nothing')])).remarks, /no backup in/);
});

test('a message that cannot be read stops no backup, and is told', async () => {
  const data = provider.config.dataFolder;
  const blob = await provider.withStores(async ({ db }) => {
    const row = await db.read((tx) =>
      tx.get<{ blob: string }>('SELECT blob FROM content_blob ORDER BY content_id LIMIT 1'),
    );
    return row?.blob ?? '';
  });
  rmSync(join(data, 'blobs', blob.slice(0, 3), blob));
  const whole = await create('incomplete');
  assert.equal(whole.code, 1);
  assert.match(whole.remarks, new RegExp(`damaged: blobs/${blob.slice(0, 3)}/${blob}: .*cannot be opened`));
  const verified = await runPec(['backup', 'verify', whole.output]);
  assert.equal(verified.code, 1);
  assert.match(verified.output, /not in the backup: blobs/);
  const some = await create('incomplete', '--domain', 'prova.test');
  assert.equal(some.code, 1);
  assert.match(some.remarks, /damaged: mario@prova\.test, INBOX, UID 2: /);
});
