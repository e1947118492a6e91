/** `pec mailbox import --flags`: flags that changed at the other provider, and those that the holder changed here. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createMailStore } from '../../../src/mailbox/store.ts';
import { importMailbox } from '../../../src/moving/import/import-mailbox.ts';
import { type MailSource, SourceError } from '../../../src/moving/import/mail-source.ts';
import { addTestMailbox, openStore } from '../../support/store.ts';

interface There {
  uidValidity: number;
  /** By UID. */
  readonly flags: Map<number, string[]>;
  /** How often reading of more flags breaks the connection. */
  breaks: number;
  /** UIDs whose flags were read. */
  readonly read: number[];
}

const letter = (uid: number) => Buffer.from(`Subject: ${uid}\r\n\r\n${uid}\r\n`);

function connect(there: There): MailSource {
  return {
    listFolders: async () => [
      { path: 'INBOX', levels: ['INBOX'], specialUse: undefined, subscribed: true, foreign: false },
    ],
    openFolder: async () => there,
    listUids: async () => [...there.flags.keys()],
    describe: async (uids) =>
      uids.map((uid) => ({
        uid,
        size: letter(uid).length,
        flags: there.flags.get(uid) ?? [],
        internalDate: 1000,
      })),
    readFlags: async (uids) => {
      if (there.read.length > 0 && there.breaks > 0) {
        there.breaks -= 1;
        throw new SourceError('lost', 'broken');
      }
      there.read.push(...uids);
      return uids.map((uid) => ({ uid, flags: there.flags.get(uid) ?? [] }));
    },
    readWhole: async function* (uids) {
      for (const uid of uids) yield { uid, bytes: letter(uid) };
    },
    read: async function* ({ uid }) {
      yield letter(uid);
    },
    close: async () => undefined,
  };
}

async function prepare(t: TestContext, flags: Readonly<Record<number, string[]>>) {
  const opened = openStore(t);
  const mailbox = await addTestMailbox(opened, 'mario@alfa.test');
  const mail = createMailStore(opened);
  const there: There = {
    uidValidity: 7,
    flags: new Map(Object.entries(flags).map(([uid, each]) => [Number(uid), each])),
    breaks: 0,
    read: [],
  };
  const run = async (followsFlags: boolean) => {
    const { folders } = await importMailbox(
      { ...opened, mail },
      {
        mailboxId: mailbox.id,
        host: 'imap.altrove.test',
        user: 'mario',
        followsFlags,
        connect: async () => connect(there),
        wait: async () => undefined,
        report: { progress: () => undefined, folderDone: () => undefined, reconnecting: () => undefined },
      },
    );
    const [folder] = folders;
    return [folder?.imported, folder?.reflagged];
  };
  const inbox = (await mail.findFolder(mailbox.id, 'INBOX'))?.id ?? 0;
  const look = async () =>
    (await mail.messages(inbox, [[1, Infinity]])).map(({ flags: here }) => [...here].sort().join(' '));
  return { mail, there, run, inbox, look, mailboxId: mailbox.id };
}

test('what changed there changes here, what was changed here stays', async (t) => {
  const { mail, there, run, inbox, look } = await prepare(t, {
    1: ['\\Seen'],
    2: ['$Etichetta'],
    3: [],
    4: ['\\Flagged'],
  });
  assert.deepEqual(await run(true), [4, 0]);
  // Here: the second read, the third marked, the fourth no longer marked.
  await mail.storeFlags(inbox, [[2, 2]], { operation: 'add', flags: ['\\Seen'] });
  await mail.storeFlags(inbox, [[3, 3]], { operation: 'add', flags: ['\\Flagged'] });
  await mail.storeFlags(inbox, [[4, 4]], { operation: 'remove', flags: ['\\Flagged'] });
  // There: the first unread, the second without its label, the third answered, the fourth removed soon.
  there.flags.set(1, []).set(2, []).set(3, ['\\Answered', '\\Odd']).set(4, ['\\Flagged', '\\Deleted']);
  there.flags.set(5, ['\\Draft']);
  assert.deepEqual(await run(false), [1, 0]);
  assert.deepEqual(await look(), ['\\Seen', '$Etichetta \\Seen', '\\Flagged', '', '\\Draft']);
  assert.deepEqual(await run(true), [0, 3]);
  assert.deepEqual(await look(), ['', '\\Seen', '\\Answered \\Flagged', '', '\\Draft']);
  assert.deepEqual(await run(true), [0, 0], 'nothing changed any more');
});

test('messages that were moved or removed here are left alone; a new numbering there is followed', async (t) => {
  const { mail, there, run, inbox, look, mailboxId } = await prepare(t, { 1: [], 2: [], 3: [] });
  await run(true);
  const archive = await mail.createFolder(mailboxId, 'Pratiche');
  await mail.move(inbox, [[1, 1]], archive.id);
  await mail.storeFlags(inbox, [[2, 2]], { operation: 'add', flags: ['\\Deleted'] });
  await mail.expunge(inbox);
  there.uidValidity = 8;
  for (const uid of [1, 2, 3]) there.flags.set(uid, ['\\Seen']);
  assert.deepEqual(await run(true), [0, 0], 'these numbers are known from now on');
  assert.deepEqual(await run(true), [0, 3]);
  assert.deepEqual(await look(), ['\\Seen']);
  assert.deepEqual((await mail.messages(archive.id, [[1, 9]]))[0]?.flags, []);
});

test('a connection that breaks does not look again at what it has seen', async (t) => {
  const many = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [index + 1, []]));
  const { there, run, look } = await prepare(t, many);
  await run(false);
  for (const uid of there.flags.keys()) there.flags.set(uid, ['\\Seen']);
  there.breaks = 2;
  assert.deepEqual(await run(true), [0, 600]);
  assert.equal(there.read.length, 600);
  assert.deepEqual([...new Set(await look())], ['\\Seen']);
});
