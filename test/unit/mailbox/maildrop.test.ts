/** The inbox as POP3 has it: locked for one session, changed at its end, counted as it is sent. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { findLineEnds, LineEndMeter } from '../../../src/mailbox/line-ends.ts';
import { createMaildrops } from '../../../src/mailbox/maildrop.ts';
import { createMailStore } from '../../../src/mailbox/store.ts';
import { addTestMailbox, openStore } from '../../support/store.ts';

async function openInbox(t: TestContext, messages: readonly string[]) {
  const opened = openStore(t);
  const mailbox = await addTestMailbox(opened, 'mario@esempio.it');
  const store = createMailStore(opened);
  const inbox = await store.findFolder(mailbox.id, 'INBOX');
  const folderId = inbox?.id ?? 0;
  for (const text of messages) await append(text);
  async function append(text: string) {
    const content = await store.storeContent(
      (async function* () {
        for (const byte of Buffer.from(text)) yield Uint8Array.of(byte);
      })(),
    );
    await store.append(folderId, [{ content, flags: [], internalDate: 0 }]);
  }
  const process = (node?: string) =>
    createMaildrops({ ...opened, store, leaseMs: 30_000, ...(node === undefined ? {} : { node }) });
  return { ...opened, store, mailboxId: mailbox.id, folderId, process, append };
}

test('octets are those of the message with CRLF at every line end', async (t) => {
  const { process, mailboxId } = await openInbox(t, [
    'A: b\r\n\r\nc\r\n',
    'A: b\n\nc\n',
    'A: b\r\n\r\nc',
    'x\r',
  ]);
  const drop = await process().open(mailboxId);
  assert.deepEqual(
    drop?.messages.map(({ octets }) => octets),
    [11, 11, 11, 4],
  );
  await drop?.close();
});

test('line ends are counted alike however the bytes are cut, and also for contents that were never measured', () => {
  for (const [text, extra] of [
    ['', 0],
    ['\n', 1],
    ['a', 2],
    ['a\r', 2],
    ['a\r\n\nb\n', 2],
    ['\r\n\r\n', 0],
  ] as const) {
    for (const size of [1, 2, 3]) {
      const meter = new LineEndMeter();
      for (let at = 0; at < text.length; at += size) meter.push(Buffer.from(text.slice(at, at + size)));
      assert.equal(meter.extra, extra, JSON.stringify(text));
    }
    assert.equal(findLineEnds([Buffer.from(text)]), extra);
  }
});

test('one session has the maildrop, in this process and in others; a crash frees it after the lease', async (t) => {
  const { process, mailboxId, time } = await openInbox(t, ['a\r\n']);
  const [here, elsewhere] = [process(), process()];
  const first = await here.open(mailboxId);
  assert.ok(first);
  assert.equal(await here.open(mailboxId), undefined);
  assert.equal(await elsewhere.open(mailboxId), undefined);
  time.now += 30_000;
  const second = await elsewhere.open(mailboxId);
  assert.ok(second, 'the lease is over');
  await assert.rejects(first.finish({ removed: [1], seen: [] }), { kind: 'temporary' });
  await first.close();
  assert.equal(await here.open(mailboxId), undefined, 'who lost the lock does not free the new one');
  assert.equal(second.messages.length, 1, 'and has removed nothing');
  await second.close();
  const third = await here.open(mailboxId);
  assert.ok(third);
  await third.close();
});

test('a node that starts anew takes back what its earlier process left, and nothing of other nodes', async (t) => {
  const { process, mailboxId } = await openInbox(t, []);
  const lost = await process('n1').open(mailboxId);
  assert.ok(lost);
  for (const other of ['n', 'n10', 'n2']) assert.equal(await process(other).open(mailboxId), undefined);
  const again = process('n1');
  const drop = await again.open(mailboxId);
  assert.ok(drop);
  await assert.rejects(lost.finish({ removed: [1], seen: [] }), { kind: 'temporary' });
  assert.equal(await again.open(mailboxId), undefined, 'its own are its own');
  await drop.close();
});

test('a clock that was set back does not keep a lock for ever', async (t) => {
  const { process, mailboxId, time } = await openInbox(t, []);
  assert.ok(await process().open(mailboxId));
  time.now -= 3_600_000;
  const drop = await process().open(mailboxId);
  assert.ok(drop);
  await drop.close();
});

test('the end of a session removes what was marked, sets \\Seen, and nothing of it when the store fails', async (t) => {
  const { process, mailboxId, store, folderId, db, append } = await openInbox(t, ['1\r\n', '2\r\n', '3\r\n']);
  const failing = createMaildrops({
    store,
    clock: () => 0,
    db: { ...bind(db), transact: (fn) => db.transact((tx) => fn({ ...bind(tx), run: failOnFolders(tx) })) },
  });
  const broken = await failing.open(mailboxId);
  await assert.rejects(broken?.finish({ removed: [1], seen: [2] }) ?? Promise.resolve(), /disk full/);
  await broken?.close();
  assert.deepEqual(await store.uids(folderId), [1, 2, 3]);
  const drop = await process().open(mailboxId);
  await append('4\r\n');
  await drop?.finish({ removed: [1, 3, 99], seen: [2] });
  const left = await store.messages(folderId, [[1, 10]]);
  assert.deepEqual(
    left.map(({ uid, flags }) => [uid, flags]),
    [
      [2, ['\\Seen']],
      [4, []],
    ],
  );
});

/** The methods of an object with a prototype, as an object's own. */
function bind<T extends object>(target: T): T {
  return new Proxy(target, {
    get: (object, name) => {
      const value = Reflect.get(object, name) as unknown;
      return typeof value === 'function' ? value.bind(object) : value;
    },
    ownKeys: (object) => Reflect.ownKeys(Object.getPrototypeOf(object) as object),
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
  });
}

function failOnFolders(tx: { run(sql: string, ...values: never[]): Promise<{ changes: number }> }) {
  return async (sql: string, ...values: unknown[]) => {
    if (sql.includes('UPDATE folder')) throw new Error('disk full');
    return tx.run(sql, ...(values as never[]));
  };
}
