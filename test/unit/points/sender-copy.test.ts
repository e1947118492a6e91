/** The sender's own copy: its marks, whenever it is stored, and the folders receipts and sent mail go to. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectSegments } from '../../../src/blob/read-segments.ts';
import { loadContent } from '../../../src/content/content.ts';
import { createMailStore } from '../../../src/mailbox/store.ts';
import { readSentMarks } from '../../../src/points/sender-copy.ts';
import { buildMail, deliverDue, openPoints, submit, type TestPoints } from '../../support/point-parts.ts';

type Test = Parameters<typeof openPoints>[0];

async function open(t: Test) {
  const points = await openPoints(t);
  const store = createMailStore({ ...points, sentMarks: readSentMarks });
  const mailbox = await points.accounts.findMailbox('mario@alfa.test');
  const mailboxId = mailbox?.id ?? 0;
  const folder = async (name: string) => {
    const found = await store.findFolder(mailboxId, name);
    assert.ok(found, `there is a folder ${name}`);
    return found;
  };
  return { points, store, mailboxId, folder };
}

type Opened = Awaited<ReturnType<typeof open>>;

const everything = [[1, Number.POSITIVE_INFINITY]] as const;

/** Flags and modseq of all messages of a folder. */
async function look({ store, folder }: Opened, name: string) {
  return store.messages((await folder(name)).id, everything);
}

async function flagsIn(opened: Opened, name: string): Promise<string[]> {
  return (await look(opened, name)).map(({ flags }) => flags.join(' '));
}

async function append({ store, folder }: Opened, name: string, flags: string[], to = ['anna@alfa.test']) {
  const message = { content: [buildMail({ to })], flags, internalDate: 0 };
  await store.append((await folder(name)).id, [message]);
}

function readBytes({ db, blobs }: TestPoints, contentId: number): Promise<Uint8Array> {
  return db
    .read((tx) => loadContent(tx, contentId))
    .then(({ segments, size }) => collectSegments(blobs, segments, size));
}

test('a copy stored between acceptance and delivery is marked at once, and again when the receipt comes', async (t) => {
  const opened = await open(t);
  await submit(opened.points, { to: ['anna@alfa.test'] });
  await append(opened, 'Sent', ['\\Seen']);
  const [before] = await look(opened, 'Sent');
  assert.deepEqual(before?.flags, ['\\Seen', '$PEC-Accepted']);
  const heard: number[] = [];
  opened.store.watch(opened.mailboxId, ({ folderId }) => heard.push(folderId ?? 0));
  await deliverDue(opened.points);
  const [after] = await look(opened, 'Sent');
  assert.deepEqual(after?.flags, ['\\Seen', '$PEC-Accepted', '$PEC-Delivered']);
  assert.ok((after?.modseq ?? 0) > (before?.modseq ?? 0));
  const sent = await opened.folder('Sent');
  assert.ok(heard.includes(sent.id));
  const { changed } = await opened.store.changesSince(sent.id, before?.modseq ?? 0);
  assert.equal(changed.length, 1);
  assert.deepEqual(await opened.store.keywords(sent.id), ['$PEC-Accepted', '$PEC-Delivered']);
  assert.equal(after?.contentId, before?.contentId);
});

test('a copy stored before sending, and one stored after all receipts, come to the same', async (t) => {
  const opened = await open(t);
  await append(opened, 'Sent', []);
  assert.deepEqual(await flagsIn(opened, 'Sent'), ['']);
  await submit(opened.points, { to: ['anna@alfa.test'] });
  assert.deepEqual(await flagsIn(opened, 'Sent'), ['$PEC-Accepted']);
  await deliverDue(opened.points);
  await append(opened, 'Archive', ['$Work']);
  assert.deepEqual(await flagsIn(opened, 'Sent'), ['$PEC-Accepted $PEC-Delivered']);
  assert.deepEqual(await flagsIn(opened, 'Archive'), ['$Work $PEC-Accepted $PEC-Delivered']);
});

test('one recipient that fails marks the copy as failed, and not as delivered', async (t) => {
  const opened = await open(t);
  const to = ['anna@alfa.test', 'nessuno@alfa.test'];
  await submit(opened.points, { to });
  await append(opened, 'Sent', []);
  await deliverDue(opened.points);
  assert.deepEqual(await flagsIn(opened, 'Sent'), ['$PEC-Accepted $PEC-Failed']);
});

test('a refused message is failed; the same one sent again and accepted is not', async (t) => {
  const opened = await open(t);
  await opened.points.accounts.setDomain('alfa.test', { certifiedOnly: true });
  await submit(opened.points, { to: ['anna@altrove.test'] });
  await append(opened, 'Sent', []);
  assert.deepEqual(await flagsIn(opened, 'Sent'), ['$PEC-Failed']);
  await submit(opened.points, { to: ['anna@alfa.test'] });
  assert.deepEqual(await flagsIn(opened, 'Sent'), ['$PEC-Accepted']);
});

test('an outcome of an earlier message under the same Message-ID marks nothing', async (t) => {
  const opened = await open(t);
  await append(opened, 'Sent', []);
  await submit(opened.points, { to: ['nessuno@alfa.test'] });
  await submit(opened.points, { to: ['anna@alfa.test'] });
  await deliverDue(opened.points);
  assert.deepEqual(await flagsIn(opened, 'Sent'), ['$PEC-Accepted $PEC-Delivered']);
});

test('drafts, other mailboxes’ copies and received mail are no copies', async (t) => {
  const opened = await open(t);
  const { points, store } = opened;
  await append(opened, 'Drafts', []);
  await append(opened, 'Archive', ['\\Draft']);
  const anna = await points.accounts.findMailbox('anna@alfa.test');
  const annaSent = await store.findFolder(anna?.id ?? 0, 'Sent');
  await store.append(annaSent?.id ?? 0, [
    { content: [buildMail({ to: ['x@alfa.test'] })], flags: [], internalDate: 0 },
  ]);
  await submit(points, { to: ['anna@alfa.test', 'mario@alfa.test'] });
  await deliverDue(points);
  await append(opened, 'Drafts', []);
  assert.deepEqual(await flagsIn(opened, 'Drafts'), ['', '']);
  assert.deepEqual(await flagsIn(opened, 'Archive'), ['\\Draft']);
  assert.ok((await flagsIn(opened, 'INBOX')).every((flags) => flags === ''));
  const [theirs] = await store.messages(annaSent?.id ?? 0, everything);
  assert.deepEqual(theirs?.flags, []);
});

test('a copy that was moved is still the copy', async (t) => {
  const opened = await open(t);
  await submit(opened.points, { to: ['anna@alfa.test'] });
  await append(opened, 'Sent', []);
  const { store, folder } = opened;
  await store.move((await folder('Sent')).id, everything, (await folder('Archive')).id);
  await deliverDue(opened.points);
  assert.deepEqual(await flagsIn(opened, 'Archive'), ['$PEC-Accepted $PEC-Delivered']);
});

test('a mailbox full of keywords loses no receipt', async (t) => {
  const opened = await open(t);
  const keywords = Array.from({ length: 100 }, (_, index) => `k${index}`);
  await append(opened, 'Sent', keywords);
  await submit(opened.points, { to: ['anna@alfa.test'] });
  await deliverDue(opened.points);
  const [sent] = await look(opened, 'Sent');
  assert.deepEqual(sent?.flags.slice(100), ['$PEC-Accepted', '$PEC-Delivered']);
});

test('the sent copy: as the client sent it, read, marked, in the folder for sent mail', async (t) => {
  const opened = await open(t);
  const { points, store, mailboxId } = opened;
  await points.accounts.setMailbox('mario@alfa.test', { sentCopy: true });
  await store.deleteFolder(mailboxId, 'Sent');
  await store.createFolder(mailboxId, 'Posta inviata', '\\Sent');
  await submit(points, { to: ['anna@alfa.test'] });
  await deliverDue(points);
  const [copy] = await look(opened, 'Posta inviata');
  assert.deepEqual(copy?.flags, ['\\Seen', '$PEC-Accepted', '$PEC-Delivered']);
  assert.deepEqual(
    Buffer.from(await readBytes(points, copy?.contentId ?? 0)),
    buildMail({ to: ['anna@alfa.test'] }),
  );
  await store.deleteFolder(mailboxId, 'Posta inviata');
  await submit(points, { to: ['anna@alfa.test'] });
  const sent = await opened.folder('Sent');
  assert.deepEqual([sent.specialUse, sent.subscribed], ['\\Sent', true]);
  assert.equal((await look(opened, 'Sent')).length, 1);
});

test('a large sent copy adds no bytes to the store; a full mailbox sends all the same, without a copy', async (t) => {
  const opened = await open(t);
  const { points, store } = opened;
  await points.accounts.setMailbox('mario@alfa.test', { sentCopy: true });
  const lines = ['', ...Array.from({ length: 2000 }, () => 'x'.repeat(50))];
  await submit(points, { to: ['anna@alfa.test'], lines });
  const [copy] = await look(opened, 'Sent');
  const { segments } = await points.db.read((tx) => loadContent(tx, copy?.contentId ?? 0));
  const blobs = await Array.fromAsync(points.blobs.list());
  assert.deepEqual(segments, [{ blob: blobs[0]?.blob, offset: 0, length: copy?.size }]);
  assert.equal(blobs.length, 1);
  const { usedBytes } = await store.quota(opened.mailboxId);
  await points.accounts.setMailbox('mario@alfa.test', { quotaBytes: usedBytes });
  const answer = await submit(points, { to: ['anna@alfa.test'] });
  assert.match(answer.text, /accepted/);
  assert.equal((await look(opened, 'Sent')).length, 1);
});

test('receipts go into the folder the mailbox names, made and subscribed; notices into the inbox', async (t) => {
  const opened = await open(t);
  const { points, store, mailboxId } = opened;
  await points.accounts.setMailbox('mario@alfa.test', { receiptsFolder: 'Ricevute' });
  await submit(points, { to: ['anna@alfa.test', 'nessuno@alfa.test'] });
  await deliverDue(points);
  assert.equal((await look(opened, 'Ricevute')).length, 2);
  assert.equal((await look(opened, 'INBOX')).length, 1);
  assert.equal((await opened.folder('Ricevute')).subscribed, true);
  await store.deleteFolder(mailboxId, 'Ricevute');
  await submit(points, { to: ['anna@alfa.test'] });
  assert.equal((await look(opened, 'Ricevute')).length, 1);
  await points.accounts.setMailbox('mario@alfa.test', { receiptsFolder: null });
  await submit(points, { to: ['anna@alfa.test'] });
  assert.equal((await look(opened, 'Ricevute')).length, 1);
});

test('a receipts folder that cannot be had loses no receipt', async (t) => {
  const opened = await open(t);
  await opened.points.accounts.setMailbox('mario@alfa.test', { receiptsFolder: 'a//b%' });
  await submit(opened.points, { to: ['anna@alfa.test'] });
  assert.equal((await look(opened, 'INBOX')).length, 1);
});
