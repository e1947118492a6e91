/** The full text index changes no answer: the same search with it, without it and while it is behind. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { addContent, releaseContents } from '../../src/content/content.ts';
import { createSweeper } from '../../src/content/sweep.ts';
import { indexLeftOut, indexNext } from '../../src/content/text-index.ts';
import { startTextIndexer } from '../../src/content/text-indexer.ts';
import { valuesOf } from '../../src/imap/number-ranges.ts';
import { runSearch } from '../../src/imap/search/run-search.ts';
import { FolderView } from '../../src/imap/view.ts';
import type { SearchKey } from '../../src/imap/wire/search-keys.ts';
import { deliver } from '../../src/mailbox/deliver.ts';
import type { MailStore } from '../../src/mailbox/mail-store.ts';
import { createMailStore } from '../../src/mailbox/store.ts';
import { addTestMailbox, openStore, type TestStore } from '../support/store.ts';

const words = [
  'perché',
  'PERCHE',
  'città',
  'Straße',
  'ﬁrma',
  '漢字かな',
  'e\u0301tà',
  'İstanbul',
  '😀😁😂',
  'a"b\'c',
  'x',
  'ΣΊΣΥΦΟΣ',
];
const word = fc.oneof(fc.constantFrom(...words), fc.string({ unit: 'grapheme', maxLength: 8 }));
const text = fc.array(word, { maxLength: 8 }).map((all) => all.join(' ').replaceAll(/[\r\n]/g, ' '));

interface Letter {
  readonly subject: string;
  readonly body: string;
  readonly inner: string;
  readonly form: 'plain' | 'base64' | 'latin1' | 'enclosed';
}
const letter: fc.Arbitrary<Letter> = fc.record({
  subject: text,
  body: text,
  inner: text,
  form: fc.constantFrom('plain', 'base64', 'latin1', 'enclosed'),
});

function writeLetter({ subject, body, inner, form }: Letter): Buffer {
  const head = `Subject: =?utf-8?B?${Buffer.from(subject).toString('base64')}?=\r\nX-Other: ${subject}\r\nMIME-Version: 1.0\r\n`;
  const type = 'Content-Type: text/plain; charset=';
  if (form === 'base64') {
    const encoded = Buffer.from(body).toString('base64');
    return Buffer.from(`${head}${type}utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n${encoded}\r\n`);
  }
  if (form === 'latin1') return Buffer.from(`${head}${type}iso-8859-1\r\n\r\n${body}\r\n`, 'latin1');
  if (form === 'plain') return Buffer.from(`${head}${type}utf-8\r\n\r\n${body}\0${inner}\r\n`);
  return Buffer.from(
    `${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${type}utf-8\r\n\r\n${body}\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: ${inner}\r\n\r\n${inner}\r\n--b--\r\n`,
  );
}

async function fill(opened: TestStore, letters: readonly Letter[]) {
  const { id: mailboxId } = await addTestMailbox(opened, `m${Math.random()}@esempio.it`, 1e9);
  for (const each of letters) {
    const bytes = writeLetter(each);
    await opened.db.transact(async (tx) => {
      const contentId = await addContent(tx, [bytes]);
      await deliver(tx, { mailboxId, contentId, size: bytes.length, internalDate: 0 });
    });
  }
  return mailboxId;
}

async function search(store: MailStore, mailboxId: number, key: SearchKey): Promise<number[]> {
  const folder = await store.findVisible(
    {
      mailboxId,
      name: 'x',
      address: 'x',
      loginId: 0,
      rights: { read: true, write: true, manage: true },
    } as never,
    'INBOX',
  );
  assert.ok(folder);
  const view = new FolderView({
    folder,
    ...(await store.snapshot(folder.id)),
    readOnly: true,
    firstRecent: 1,
  });
  const scope = {
    store,
    view,
    clock: () => 0,
    out: { assertOpen: () => undefined },
    savedSearch: [],
    has: () => false,
  };
  return [...valuesOf((await runSearch(scope, key)).uids)];
}

test('a search finds the same with the index, without it and while it is behind', async (t) => {
  const opened = openStore(t);
  const indexed = createMailStore(opened);
  const plain = createMailStore({ ...opened, fullText: false });
  let after = 0;
  let matches = 0;
  let ruledOut = 0;
  const property = fc.asyncProperty(
    fc.array(letter, { minLength: 1, maxLength: 12 }),
    fc.array(word, { minLength: 1, maxLength: 6 }),
    async (letters, needles) => {
      const mailboxId = await fill(opened, letters);
      after = (await indexNext(opened, after)) ?? after;
      for (const needle of [...needles, ...words.slice(0, 3), needles.join(' ')]) {
        const keys: SearchKey[] = [
          { kind: 'text', text: needle },
          { kind: 'body', text: needle },
          { kind: 'not', key: { kind: 'body', text: needle } },
          {
            kind: 'or',
            keys: [
              { kind: 'text', text: needle },
              { kind: 'header', name: 'x-other', text: needle },
            ],
          },
        ];
        for (const key of keys) {
          const expected = await search(plain, mailboxId, key);
          assert.deepEqual(await search(indexed, mailboxId, key), expected, needle);
          matches += expected.length;
        }
      }
      const folder = await indexed.findFolder(mailboxId, 'INBOX');
      const records = await indexed.messages(folder?.id ?? 0, [[1, 100]]);
      const without = await indexed.withoutTexts(
        records.map(({ contentId }) => contentId),
        ['perché non'],
      );
      ruledOut += without.get('perché non')?.size ?? 0;
    },
  );
  await fc.assert(property, { numRuns: 15 });
  assert.ok(matches > 30, `only ${matches} matches were compared`);
  assert.ok(ruledOut > 15, `the index ruled out only ${ruledOut} messages`);
});

test('the index forgets a message with its content', async (t) => {
  const opened = openStore(t);
  await fill(opened, [{ subject: 'una', body: 'parola rara', inner: '', form: 'plain' }]);
  await indexNext(opened, 0);
  const count = () =>
    opened.db.read((tx) =>
      tx.all(`SELECT rowid FROM content_text WHERE content_text MATCH '"ARO"'`).then((rows) => rows.length),
    );
  assert.equal(await count(), 1);
  await opened.db.transact(async (tx) => {
    await tx.run('DELETE FROM message');
    await releaseContents(tx, [1]);
  });
  await createSweeper(opened).sweep();
  assert.equal(await count(), 0);
});

test('long texts: of base64 every group is in the index; one with too many groups is read', async (t) => {
  const opened = openStore(t);
  const octets = createHash('shake256', { outputLength: 400_000 }).update('a').digest();
  const digits = octets.toString('base64');
  const signs = Array.from({ length: 150_000 }, (_, at) =>
    String.fromCharCode(0x4e00 + (octets.readUInt16BE(2 * at) % 20_000)),
  );
  const bodies = [`${digits} parola rara`, `${signs.join('')} parola rara`, 'altro'];
  const letters = bodies.map((body): Letter => ({ subject: 'x', body, inner: '', form: 'base64' }));
  const mailboxId = await fill(opened, letters);
  await indexNext(opened, 0);
  const states = await opened.db.read((tx) =>
    tx.all<{ indexed: number }>('SELECT indexed FROM content_text_state ORDER BY content_id'),
  );
  assert.deepEqual(
    states.map(({ indexed }) => indexed),
    [1, 0, 1],
  );
  const store = createMailStore(opened);
  for (const needle of ['parola rara', digits.slice(-30)]) {
    const without = (await store.withoutTexts([1, 2, 3], [needle])).get(needle);
    assert.deepEqual([...(without ?? [])], [3]);
  }
  assert.deepEqual(await search(store, mailboxId, { kind: 'body', text: 'parola rara' }), [1, 2]);
});

/** The indexed contents. */
function readIndexedIds({ db }: TestStore): Promise<number[]> {
  return db.read(async (tx) =>
    (await tx.all<{ id: number }>('SELECT content_id AS id FROM content_text_state ORDER BY 1')).map(
      ({ id }) => id,
    ),
  );
}

const three: readonly Letter[] = ['uno', 'due', 'tre'].map((body) => ({
  subject: 'parola rara',
  body,
  inner: '',
  form: 'plain',
}));

test('a message that comes into a folder after the index went past its content is indexed late', async (t) => {
  const opened = openStore(t);
  const bytes = writeLetter({ subject: 'tardiva', body: 'arrivata dopo', inner: '', form: 'plain' });
  const early = await opened.db.transact((tx) => addContent(tx, [bytes]));
  const mailboxId = await fill(opened, three);
  assert.equal(await indexNext(opened, 0), 4);
  assert.deepEqual(await readIndexedIds(opened), [2, 3, 4]);
  await opened.db.transact((tx) =>
    deliver(tx, { mailboxId, contentId: early, size: bytes.length, internalDate: 0 }),
  );
  const indexed = createMailStore(opened);
  const key: SearchKey = { kind: 'body', text: 'arrivata' };
  assert.deepEqual(await search(indexed, mailboxId, key), [4], 'before');
  assert.equal(await indexNext(opened, 4), undefined);
  assert.equal(await indexLeftOut(opened, 0, 4), 4);
  assert.equal(await indexLeftOut(opened, 4, 4), undefined);
  assert.deepEqual(await readIndexedIds(opened), [1, 2, 3, 4]);
  assert.deepEqual(await search(indexed, mailboxId, key), [4], 'after');
});

test('the late pass goes on where it was, in small steps, and leaves alone what lies ahead of the index', async (t) => {
  const opened = openStore(t);
  await fill(opened, [...three, ...three, ...three, ...three]);
  assert.equal(await indexLeftOut(opened, 0, 10), 8, 'as many as one transaction takes');
  assert.equal(await indexLeftOut(opened, 8, 10), 10);
  assert.equal(await indexLeftOut(opened, 10, 10), undefined);
  assert.deepEqual(await readIndexedIds(opened), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
});

test('a running index reaches every message in the end, whatever it passed over before', async (t) => {
  const opened = openStore(t);
  const mailboxId = await fill(opened, three);
  const run = async (until: number) => {
    const errors: unknown[] = [];
    const runner = startTextIndexer({
      ...opened,
      onError: (error) => errors.push(error),
      everyMs: 1,
      lateEveryMs: 1,
      // Less often while there is mail, never not at all.
      isBusy: () => true,
    });
    while ((await readIndexedIds(opened)).length < until && errors.length === 0) await setTimeout(2);
    await runner.stop();
    assert.deepEqual(errors, []);
  };
  await run(3);
  // As if the messages had been stored by a provider without an index, and one in no folder at first.
  await opened.db.transact((tx) => tx.run('DELETE FROM content_text_state WHERE content_id < 3'));
  const bytes = writeLetter({ subject: 'x', body: 'y', inner: '', form: 'plain' });
  const hidden = await opened.db.transact((tx) => addContent(tx, [bytes]));
  await fill(opened, three);
  await run(6);
  await opened.db.transact((tx) =>
    deliver(tx, { mailboxId, contentId: hidden, size: bytes.length, internalDate: 0 }),
  );
  await run(7);
  assert.deepEqual(await readIndexedIds(opened), [1, 2, 3, 4, 5, 6, 7]);
});
