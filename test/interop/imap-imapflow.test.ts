/** imapflow, the library many webmails and gateways are built on. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { ImapFlow, type ImapFlowOptions } from 'imapflow';
import { type InteropScene, openScene, storedFlags } from '../support/imap-interop.ts';
import { deliver, readMessage } from '../support/imap-transcript.ts';

async function connect(
  t: TestContext,
  scene: InteropScene,
  more: Partial<ImapFlowOptions> = {},
): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: 'localhost',
    port: scene.server.port,
    secure: true,
    auth: { user: scene.user, pass: scene.password },
    tls: { ca: scene.server.ca },
    logger: false,
    ...more,
  });
  await client.connect();
  t.after(() => client.close());
  return client;
}

test('reads a PEC: structure, parts, exact source', async (t) => {
  const scene = await openScene(t);
  const client = await connect(t, scene);
  const box = await client.mailboxOpen('INBOX');
  assert.equal(box.exists, 3);
  const message = await client.fetchOne('2', {
    envelope: true,
    bodyStructure: true,
    source: true,
    flags: true,
  });
  assert.ok(message);
  assert.equal(message.envelope?.subject, 'POSTA CERTIFICATA: Offerta');
  assert.deepEqual(message.source, readMessage('pec.eml'));
  const original = message.bodyStructure?.childNodes?.[0]?.childNodes?.[2];
  assert.equal(original?.type, 'message/rfc822');
  assert.equal(original?.envelope?.subject, 'Offerta');
  const attachment = original?.childNodes?.[0]?.childNodes?.[2];
  assert.equal(attachment?.part, '1.3.3');
  assert.equal(attachment?.dispositionParameters?.filename, 'offerta perché.pdf');
  const { content } = await client.download('2', '1.3.3');
  const pdf = Buffer.concat(await Array.fromAsync(content as AsyncIterable<Buffer>));
  assert.equal(pdf.toString(), '%PDF-1.4\n');
});

test('searches, flags, appends, moves, deletes', async (t) => {
  const scene = await openScene(t);
  const client = await connect(t, scene);
  await client.mailboxOpen('INBOX');
  assert.deepEqual(await client.search({ from: 'mario.rossi', seen: false }, { uid: true }), [1, 2]);
  assert.deepEqual(await client.search({ body: 'perché' }), [3]);
  assert.ok(await client.messageFlagsAdd('1', ['\\Flagged', '$Pratica'], { uid: true }));
  assert.deepEqual((await storedFlags(scene.server, 'INBOX'))[0], '$Pratica \\Flagged');
  const appended = await client.append('Drafts', readMessage('note.eml'), ['\\Draft'], new Date(0));
  assert.ok(appended && appended.uid === 1);
  const moved = await client.messageMove('1:2', 'Archive', { uid: true });
  assert.ok(moved);
  assert.deepEqual(
    [...(moved.uidMap ?? [])],
    [
      [1, 1],
      [2, 2],
    ],
  );
  assert.ok(await client.messageDelete('3', { uid: true }));
  const status = await client.status('INBOX', { messages: true });
  assert.ok(status && status.messages === 0);
  const quota = await client.getQuota('INBOX');
  assert.ok(quota && (quota.storage?.limit ?? 0) > 0);
});

test('knows the folders by their use, and makes new ones with any name', async (t) => {
  const scene = await openScene(t);
  const client = await connect(t, scene);
  const uses = (await client.list()).map((folder) => `${folder.path} ${folder.specialUse ?? '-'}`);
  for (const wanted of ['INBOX \\Inbox', 'Sent \\Sent', 'Drafts \\Drafts', 'Trash \\Trash', 'Junk \\Junk']) {
    assert.ok(uses.includes(wanted), `${wanted} in ${uses.join(', ')}`);
  }
  const made = await client.mailboxCreate(['Città', 'R&D']);
  assert.equal(made.path, 'Città/R&D');
  assert.ok((await client.list()).some((folder) => folder.path === 'Città/R&D'));
  await client.mailboxRename('Città/R&D', 'Città/Ricerca');
  assert.equal((await client.mailboxOpen('Città/Ricerca')).exists, 0);
  await client.mailboxClose();
  await client.mailboxDelete('Città/Ricerca');
});

test('hears of new messages while it idles', async (t) => {
  const scene = await openScene(t);
  const client = await connect(t, scene);
  await client.mailboxOpen('INBOX');
  const news = new Promise<{ count: number }>((resolve) => {
    client.once('exists', resolve);
  });
  const idling = client.idle();
  // The client sends IDLE only after some checks of its own; a message before that would be told as well.
  await deliver(scene.server, 'INBOX', readMessage('many.eml'));
  assert.equal((await news).count, 4);
  await client.noop();
  await idling;
});

test('comes by STARTTLS, and resynchronizes quickly', async (t) => {
  const scene = await openScene(t, 'imap');
  const client = await connect(t, scene, { secure: false, doSTARTTLS: true, qresync: true });
  const box = await client.mailboxOpen('INBOX');
  assert.ok(client.secureConnection);
  assert.ok((box.highestModseq ?? 0n) > 0n);
  assert.ok(client.enabled.has('QRESYNC'));
});
