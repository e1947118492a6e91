import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Folder, MailStore } from '../../../src/mailbox/mail-store.ts';
import { createMailStore } from '../../../src/mailbox/store.ts';
import { planBatches } from '../../../src/moving/import/import-folder.ts';
import { importMailbox } from '../../../src/moving/import/import-mailbox.ts';
import { choosePlace } from '../../../src/moving/import/local-folder.ts';
import { type MailSource, SourceError, type SourceFolder } from '../../../src/moving/import/mail-source.ts';
import { addTestMailbox, openStore } from '../../support/store.ts';

interface Remote {
  uidValidity: number;
  readonly messages: Map<number, Buffer>;
}

/** Another provider: folders by path, and what goes wrong there. */
interface Provider {
  readonly folders: Map<string, Remote>;
  /** By UID: how often the connection breaks when it is read. */
  readonly breaks: Map<number, number>;
  readonly refused: Set<number>;
  /** By UID: what happens when its size is asked for. */
  readonly undescribed: Map<number, 'lost' | 'message'>;
  /** By UID: the size that is announced. */
  readonly announced: Map<number, number>;
  connections: number;
  /** UIDs whose bytes were sent. */
  readonly sent: number[];
}

function connect(provider: Provider): MailSource {
  provider.connections += 1;
  let open: Remote | undefined;
  const bytesOf = (uid: number) => {
    const left = provider.breaks.get(uid) ?? 0;
    if (left > 0) {
      provider.breaks.set(uid, left - 1);
      throw new SourceError('lost', 'broken');
    }
    if (provider.refused.has(uid)) throw new SourceError('message', 'damaged there');
    const bytes = open?.messages.get(uid);
    if (bytes === undefined) throw new SourceError('message', 'gone');
    provider.sent.push(uid);
    return bytes;
  };
  return {
    listFolders: async () => [...provider.folders.keys()].map(toFolder),
    openFolder: async (path) => {
      open = provider.folders.get(path);
      assert.ok(open);
      return open;
    },
    listUids: async () => [...(open?.messages.keys() ?? [])],
    describe: async (uids) =>
      uids.flatMap((uid) => {
        const fault = provider.undescribed.get(uid);
        if (fault !== undefined) throw new SourceError(fault, 'no size');
        const bytes = open?.messages.get(uid);
        const size = provider.announced.get(uid) ?? bytes?.length ?? 0;
        return bytes === undefined
          ? []
          : [{ uid, size, flags: ['\\Seen', '\\Odd'], internalDate: 86_400_000 * uid }];
      }),
    readFlags: async () => assert.fail('nobody asked for flags'),
    readWhole: async function* (uids) {
      for (const uid of uids) yield { uid, bytes: bytesOf(uid) };
    },
    read: async function* ({ uid }) {
      yield bytesOf(uid);
    },
    close: async () => undefined,
  };
}

function toFolder(path: string): SourceFolder {
  const specialUse = path === 'Posta inviata' ? '\\Sent' : undefined;
  return { path, levels: path.split('.'), specialUse, subscribed: true, foreign: path === 'Tutti' };
}

const letter = (text: string) =>
  Buffer.from(`Message-ID: <${text}@x>\r\nSubject: ${text}\r\n\r\n${text}\r\n`);

async function prepare(t: TestContext, folders: Readonly<Record<string, readonly string[]>>, quota?: number) {
  const store = openStore(t);
  const mailbox = await addTestMailbox(store, 'mario@alfa.test', quota);
  const mail = createMailStore(store);
  const provider: Provider = {
    folders: new Map(
      Object.entries(folders).map(([path, texts]) => [
        path,
        { uidValidity: 7, messages: new Map(texts.map((text, index) => [index + 1, letter(text)])) },
      ]),
    ),
    breaks: new Map(),
    refused: new Set(),
    undescribed: new Map(),
    announced: new Map(),
    connections: 0,
    sent: [],
  };
  const waits: number[] = [];
  /** What the next connections meet. */
  const refusals: SourceError[] = [];
  const dial = async () => {
    const refusal = refusals.shift();
    if (refusal !== undefined && provider.connections > 0) throw refusal;
    if (refusal !== undefined) refusals.unshift(refusal);
    return connect(provider);
  };
  const run = (only?: readonly string[], host = 'imap.altrove.test') =>
    importMailbox(
      { ...store, mail },
      {
        mailboxId: mailbox.id,
        host,
        user: 'mario',
        ...(only === undefined ? {} : { folders: only }),
        connect: dial,
        wait: async (milliseconds) => void waits.push(milliseconds),
        report: { progress: () => undefined, folderDone: () => undefined, reconnecting: () => undefined },
      },
    );
  const inbox = () => provider.folders.get('INBOX') ?? assert.fail();
  return { mail, mailboxId: mailbox.id, provider, run, waits, refusals, inbox };
}

async function subjects(mail: MailStore, mailboxId: number, name = 'INBOX'): Promise<string[]> {
  const folder = await mail.findFolder(mailboxId, name);
  assert.ok(folder, name);
  const found: string[] = [];
  for (const { contentId } of await mail.messages(folder.id, [[1, Infinity]])) {
    let text = '';
    for await (const chunk of mail.read(contentId)) text += Buffer.from(chunk).toString();
    found.push(/Subject: (.*)\r/.exec(text)?.[1] ?? '');
  }
  return found;
}

test('folders, flags and dates come over; another run takes only what is new', async (t) => {
  const { mail, mailboxId, provider, run, inbox } = await prepare(t, {
    INBOX: ['a', 'b'],
    'Posta inviata': ['c'],
    'Uffici.Anagrafe': ['d'],
    Tutti: ['a', 'b', 'c', 'd'],
  });
  const first = await run();
  assert.deepEqual(
    first.folders.map(({ name, imported, known, total }) => [name, imported, known, total]),
    [
      ['INBOX', 2, 0, 2],
      ['Sent', 1, 0, 1],
      ['Uffici/Anagrafe', 1, 0, 1],
    ],
  );
  const folder = await mail.findFolder(mailboxId, 'INBOX');
  const [one] = await mail.messages(folder?.id ?? 0, [[1, 1]]);
  assert.deepEqual([one?.flags, one?.internalDate], [['\\Seen'], 86_400_000]);
  assert.ok((await mail.findFolder(mailboxId, 'Uffici/Anagrafe'))?.subscribed);
  inbox().messages.set(3, letter('e'));
  provider.sent.length = 0;
  const second = await run();
  assert.deepEqual(provider.sent, [3]);
  assert.deepEqual(
    second.folders.map(({ imported, known }) => [imported, known]),
    [
      [1, 2],
      [0, 1],
      [0, 1],
    ],
  );
  assert.deepEqual(await subjects(mail, mailboxId), ['a', 'b', 'e']);
});

test('what was removed here after an import does not come back', async (t) => {
  const { mail, mailboxId, run } = await prepare(t, { INBOX: ['a', 'b'] });
  await run();
  const folder = await mail.findFolder(mailboxId, 'INBOX');
  await mail.storeFlags(folder?.id ?? 0, [[1, 1]], { operation: 'add', flags: ['\\Deleted'] });
  await mail.expunge(folder?.id ?? 0);
  await run();
  assert.deepEqual(await subjects(mail, mailboxId), ['b']);
});

test('a folder that was numbered anew brings no doubles, and equal messages stay as many as they were', async (t) => {
  const { mail, mailboxId, run, inbox } = await prepare(t, { INBOX: ['a', 'twin', 'twin'] });
  await run();
  const old = [...inbox().messages.values()];
  inbox().uidValidity = 8;
  inbox().messages.clear();
  for (const [index, bytes] of [...old.reverse(), letter('twin'), letter('new')].entries())
    inbox().messages.set(index + 10, bytes);
  const { folders } = await run();
  assert.deepEqual([folders[0]?.imported, folders[0]?.known], [2, 3]);
  assert.deepEqual(await subjects(mail, mailboxId), ['a', 'twin', 'twin', 'twin', 'new']);
  assert.deepEqual((await run()).folders[0]?.imported, 0);
});

test('another name of the same server brings no doubles; two runs at once neither', async (t) => {
  const { mail, mailboxId, run } = await prepare(t, { INBOX: ['a', 'b'] });
  await Promise.all([run(), run()]);
  await run(undefined, 'imaps.altrove.test');
  assert.deepEqual((await subjects(mail, mailboxId)).sort(), ['a', 'b']);
});

test('a connection that breaks is made anew, and nothing comes twice', async (t) => {
  const { mail, mailboxId, provider, run, waits } = await prepare(t, { INBOX: ['a', 'b', 'c', 'd'] });
  provider.breaks.set(2, 1).set(4, 1);
  const { skipped } = await run();
  assert.deepEqual(skipped, []);
  assert.deepEqual((await subjects(mail, mailboxId)).sort(), ['a', 'b', 'c', 'd']);
  assert.deepEqual(waits, [1000, 1000]);
});

test('a server that is away for a moment, or too busy to let anybody in, is tried again', async (t) => {
  const { provider, run, waits, refusals } = await prepare(t, { INBOX: ['a', 'b'] });
  provider.breaks.set(2, 1);
  refusals.push(new SourceError('denied', 'refused'), new SourceError('denied', 'too many connections'));
  const { folders } = await run();
  assert.equal(folders[0]?.imported, 2);
  assert.deepEqual(waits, [1000, 2000, 5000]);
});

test('a message that breaks the connection each time is left out and told, the others come', async (t) => {
  const { mail, mailboxId, provider, run } = await prepare(t, { INBOX: ['a', 'b', 'c'] });
  provider.breaks.set(2, 3);
  const { skipped } = await run();
  assert.deepEqual(skipped, [{ path: 'INBOX', uid: 2, reason: 'broken' }]);
  assert.deepEqual(await subjects(mail, mailboxId), ['a', 'c']);
  await run();
  assert.deepEqual(await subjects(mail, mailboxId), ['a', 'c', 'b']);
});

test('a provider that is gone is tried for a while and then given up', async (t) => {
  const { provider, run, waits } = await prepare(t, { INBOX: ['a'] });
  provider.folders.get('INBOX')?.messages.set(1, letter('a'));
  Object.defineProperty(provider, 'connections', {
    get: () => 0,
    set: () => {
      throw new SourceError('lost', 'nobody there');
    },
  });
  await assert.rejects(run(), /nobody there/);
  assert.deepEqual(waits, [1000, 2000, 5000, 10_000, 30_000, 60_000]);
});

test('a damaged message is left out of its batch, a removed one is not called damaged', async (t) => {
  const { mail, mailboxId, provider, run, inbox } = await prepare(t, { INBOX: ['a', 'b', 'c'] });
  provider.refused.add(2);
  const { skipped } = await run();
  assert.deepEqual(skipped, [{ path: 'INBOX', uid: 2, reason: 'damaged there' }]);
  assert.deepEqual(await subjects(mail, mailboxId), ['a', 'c']);
  provider.refused.clear();
  inbox().messages.delete(2);
  assert.deepEqual((await run()).skipped, []);
});

test('a server that breaks off, or refuses, when a damaged message is measured loses only that one', async (t) => {
  for (const fault of ['lost', 'message'] as const)
    await t.test(fault, async (inner) => {
      const { mail, mailboxId, provider, run } = await prepare(inner, { INBOX: ['a', 'b', 'c', 'd'] });
      provider.undescribed.set(3, fault);
      const { skipped } = await run();
      assert.deepEqual(skipped, [{ path: 'INBOX', uid: 3, reason: 'no size' }]);
      assert.deepEqual(await subjects(mail, mailboxId), ['a', 'b', 'd']);
    });
});

test('a wrong size does not keep a message out when it comes twice alike', async (t) => {
  const { mail, mailboxId, provider, run } = await prepare(t, { INBOX: ['a', 'b'] });
  provider.announced.set(1, 9);
  const { folders, skipped } = await run();
  assert.deepEqual([folders[0]?.resized, skipped], [1, []]);
  assert.deepEqual((await subjects(mail, mailboxId)).sort(), ['a', 'b']);
});

test('a full mailbox ends the import with what came before', async (t) => {
  const { mail, mailboxId, provider, run } = await prepare(t, { INBOX: ['a'] }, 300);
  await run();
  provider.folders.get('INBOX')?.messages.set(2, Buffer.alloc(400, 'x'));
  await assert.rejects(run(), /full/);
  assert.deepEqual(await subjects(mail, mailboxId), ['a']);
});

test('folders can be chosen by path or by name; one that is not there is told with those that are', async (t) => {
  const { run } = await prepare(t, { INBOX: ['a'], 'Uffici.Anagrafe': ['b'], Tutti: ['a'] });
  const { folders } = await run(['uffici/anagrafe', 'Tutti']);
  assert.deepEqual(
    folders.map(({ path }) => path),
    ['Uffici.Anagrafe', 'Tutti'],
  );
  await assert.rejects(run(['Bozze']), /no folder Bozze; there are: INBOX, Uffici\/Anagrafe, Tutti/);
});

test('names that the store does not take are made ones that it takes', () => {
  const sent = { name: 'Sent', specialUse: '\\Sent' } as Folder;
  const place = (levels: readonly string[], specialUse?: string) =>
    choosePlace({ path: '', levels, specialUse, subscribed: false, foreign: false }, [sent]);
  assert.deepEqual(place(['inbox']), { name: 'INBOX', specialUse: undefined });
  assert.deepEqual(place(['Gesendet'], '\\Sent'), { name: 'Sent', specialUse: undefined });
  assert.deepEqual(place(['Bozze'], '\\Drafts'), { name: 'Bozze', specialUse: '\\Drafts' });
  assert.deepEqual(place(['a/b', '50%*', ' ', 'x\u0007']), { name: 'a_b/50__/_/x_', specialUse: undefined });
  assert.ok(Buffer.byteLength(place(['è'.repeat(900)]).name) <= 1000);
});

test('batches hold few messages and few bytes; large and suspect ones stand alone', () => {
  const message = (uid: number, size: number) => ({ uid, size, flags: [], internalDate: 0 });
  const sizes = [10, 20, 600_000, 30, 40, 50];
  const messages = sizes.map((size, index) => message(index + 1, size));
  const plan = planBatches(messages, new Map([[5, 0]]));
  assert.deepEqual(
    plan.map((batch) => batch.map(({ uid }) => uid)),
    [[1, 2], [3], [4], [5], [6]],
  );
  const many = planBatches(
    Array.from({ length: 250 }, (_, index) => message(index + 1, 100_000)),
    new Map(),
  );
  assert.ok(many.every((batch) => batch.length * 100_000 <= 4 * 1024 * 1024));
  assert.equal(many.flat().length, 250);
});
