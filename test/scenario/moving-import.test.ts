/** `pec mailbox import` from a real IMAP server over TLS: every byte, and what the person is told when it cannot be. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { MailStore } from '../../src/mailbox/mail-store.ts';
import { openImapSource } from '../../src/moving/import/imap-source.ts';
import { addresses, type ImapTestServer, password, startImapServer } from '../support/imap-server.ts';
import { makeProviderFolder, type ProviderFolder } from '../support/provider-folder.ts';

const [mario] = addresses;
const target = 'mario@prova.test';
let server: ImapTestServer;
let provider: ProviderFolder;
let files: { readonly ca: string; readonly password: string; readonly wrong: string };
/** Content ids that the server cannot read. */
const broken = new Set<number>();

const allBytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
const letters: readonly Buffer[] = [
  Buffer.from('Subject: lines\r\n\r\nCR LF\r\nbare LF\nbare CR\rno end'),
  Buffer.concat([Buffer.from('Subject: all bytes\r\n\r\n'), allBytes, allBytes]),
  Buffer.from('no header at all'),
  Buffer.alloc(0),
  Buffer.concat([Buffer.from('Subject: literal {5}\r\n\r\n{7}\r\n) OK FETCH\r\n')]),
  Buffer.concat([Buffer.from('Subject: large\r\n\r\n'), Buffer.alloc(2_500_000, allBytes)]),
  Buffer.concat([
    Buffer.from('Subject: a whole number of pieces\r\n\r\n'),
    Buffer.alloc(2 ** 20 - 38 + 1, 'x'),
  ]),
];

before(async () => {
  server = await startImapServer({
    wrapStore: (store) => ({
      ...store,
      read: (contentId, range) => {
        if (broken.has(contentId)) throw new Error('the disk is broken');
        return store.read(contentId, range);
      },
      smallContents: (contentIds) =>
        store.smallContents(contentIds.filter((contentId) => !broken.has(contentId))),
    }),
  });
  await fill(server.store, server.mailboxIds[0] ?? 0);
  provider = await makeProviderFolder();
  const place = (name: string, text: string) => {
    const file = join(provider.folder, name);
    writeFileSync(file, text);
    return file;
  };
  files = {
    ca: place('ca.pem', server.ca),
    password: place('password', password),
    wrong: place('wrong', 'falsa'),
  };
  await provider.pec('domain', 'add', 'prova.test');
  await provider.pec('mailbox', 'add', target, '--password-file', files.password);
});

after(async () => {
  provider.remove();
  await server.close();
});

async function fill(store: MailStore, mailboxId: number): Promise<void> {
  const inbox = await store.findFolder(mailboxId, 'INBOX');
  const messages = letters.map((bytes, index) => ({
    content: [bytes],
    flags: index % 2 === 0 ? ['\\Seen', '$Etichetta'] : [],
    internalDate: Date.UTC(2020, 0, index + 1, 12, 30, 15),
  }));
  await store.append(inbox?.id ?? 0, messages);
  const office = await store.createFolder(mailboxId, 'Uffici/Città & Comuni');
  await store.append(office.id, [
    { content: [Buffer.from('Subject: x\r\n\r\n')], flags: [], internalDate: 1000 },
  ]);
}

const importFrom = (more: readonly string[] = [], passwordFile = files.password) =>
  provider.pec(
    ...['mailbox', 'import', target, '--host', 'localhost', '--port', String(server.port), '--user', mario],
    ...['--ca', files.ca, '--password-file', passwordFile, ...more],
  );

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

async function digests(): Promise<string[]> {
  return provider.withStores(async ({ accounts, mail }) => {
    const mailbox = await accounts.findMailbox(target);
    const inbox = await mail.findFolder(mailbox?.id ?? 0, 'INBOX');
    const found: string[] = [];
    for (const { contentId } of await mail.messages(inbox?.id ?? 0, [[1, Infinity]])) {
      const hash = createHash('sha256');
      for await (const chunk of mail.read(contentId)) hash.update(chunk);
      found.push(hash.digest('hex'));
    }
    return found;
  });
}

test('wrong passwords, hosts and certificates are told apart, and nothing was stored', async () => {
  const wrong = await importFrom([], files.wrong);
  assert.equal(wrong.code, 1);
  assert.match(wrong.remarks, /localhost does not let mario\.rossi@alfa\.test in: check user and password/);
  const noAuthority = await provider.pec(
    ...['mailbox', 'import', target, '--host', 'localhost', '--port', String(server.port)],
    ...['--password-file', files.password],
  );
  assert.match(noAuthority.remarks, /cannot be trusted .* --ca/);
  assert.match((await importFrom(['--port', '1'])).remarks, /Nobody answers on localhost:1/);
  assert.match((await importFrom(['--host', 'nowhere.invalid'])).remarks, /no host nowhere\.invalid/);
  assert.match((await importFrom(['--folder', 'Bozze'])).remarks, /no folder Bozze; there are: INBOX, /);
  assert.deepEqual(await digests(), []);
});

test('a message that the server cannot read is left out, the others come with every byte', async () => {
  const inbox = await server.store.findFolder(server.mailboxIds[0] ?? 0, 'INBOX');
  const [first] = await server.store.messages(inbox?.id ?? 0, [[1, 1]]);
  broken.add(first?.contentId ?? 0);
  const { code, output, remarks } = await importFrom();
  broken.clear();
  assert.equal(code, 1, remarks);
  assert.match(output, /^7 messages imported/);
  assert.match(output, /^left out: INBOX, UID 1: /m);
  const there = letters.slice(1).map(digest);
  assert.deepEqual((await digests()).sort(), there.sort());
});

test('another run brings it, with flags and dates, and then there is nothing to do', async () => {
  const { code, output, remarks } = await importFrom();
  assert.equal(code, 0, remarks);
  assert.match(output, /^1 messages imported .*, 7 were here already/);
  assert.deepEqual((await digests()).sort(), letters.map(digest).sort());
  assert.match((await importFrom()).output, /^0 messages imported .*, 8 were here already/);
  await provider.withStores(async ({ accounts, mail }) => {
    const mailbox = await accounts.findMailbox(target);
    const inbox = await mail.findFolder(mailbox?.id ?? 0, 'INBOX');
    const found = (await mail.messages(inbox?.id ?? 0, [[1, Infinity]])).find(
      ({ size }) => size === letters[0]?.length,
    );
    assert.deepEqual([...(found?.flags ?? [])].sort(), ['$Etichetta', '\\Seen']);
    assert.equal(found?.internalDate, Date.UTC(2020, 0, 1, 12, 30, 15));
    assert.ok(await mail.findFolder(mailbox?.id ?? 0, 'Uffici/Città & Comuni'));
  });
});

test('another run with --flags follows what changed there', async () => {
  const inbox = await server.store.findFolder(server.mailboxIds[0] ?? 0, 'INBOX');
  await server.store.storeFlags(inbox?.id ?? 0, [[2, 2]], { operation: 'add', flags: ['\\Answered'] });
  assert.match((await importFrom()).output, /^0 messages imported .*, 8 were here already\.$/);
  const { code, output, remarks } = await importFrom(['--flags']);
  assert.equal(code, 0, remarks);
  assert.match(output, /^1 of these got the flags that they have there now\.$/m);
  await provider.withStores(async ({ accounts, mail }) => {
    const mailbox = await accounts.findMailbox(target);
    const here = await mail.findFolder(mailbox?.id ?? 0, 'INBOX');
    const answered = (await mail.messages(here?.id ?? 0, [[1, Infinity]])).filter(({ flags }) =>
      flags.includes('\\Answered'),
    );
    assert.deepEqual(
      answered.map(({ size }) => size),
      [letters[1]?.length],
    );
  });
});

test('the two ways of TLS are told apart', async () => {
  const clear = await startImapServer({ mode: 'imap' });
  const open = (port: number, implicitTls: boolean) =>
    openImapSource({
      host: 'localhost',
      port,
      implicitTls,
      user: mario,
      password,
      ca: server.ca,
      greetingMs: 300,
    });
  try {
    await assert.rejects(open(clear.port, true), /try it with --starttls/);
    await assert.rejects(open(server.port, false), /try it without --starttls/);
    const source = await open(clear.port, false);
    assert.ok((await source.listFolders()).some(({ path }) => path === 'INBOX'));
    await source.close();
  } finally {
    await clear.close();
  }
});

test('a mailbox that is not here is not made', async () => {
  const { code, remarks } = await provider.pec(
    ...['mailbox', 'import', 'altro@prova.test', '--host', 'localhost', '--password-file', files.password],
  );
  assert.equal(code, 1);
  assert.match(remarks, /pec mailbox add altro@prova\.test/);
});
