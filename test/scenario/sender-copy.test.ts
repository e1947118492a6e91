/**
 * Certified mail in a plain mail program: an IMAP client that waits in IDLE on its folder for sent mail sees how its
 * message fares; several logins and application passwords on one mailbox, named by the log, taken back while open.
 */
import assert from 'node:assert/strict';
import { ImapFlow } from 'imapflow';
import { writeMail } from '../support/scenario-mail.ts';
import { type Site, scenarioPassword } from '../support/scenario-site.ts';
import { SmtpTalker, transact } from '../support/scenario-smtp.ts';
import { scenario, until, type World } from '../support/scenario-world.ts';

async function connect({ pki }: World, site: Site, user: string, pass = scenarioPassword): Promise<ImapFlow> {
  const client = new ImapFlow({
    host: 'localhost',
    port: site.ports.imaps,
    secure: true,
    auth: { user, pass },
    tls: { ca: pki.ca.root.certificatePem },
    logger: false,
  });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** What a client in IDLE hears of the flags of the only message. */
function listen(client: ImapFlow): string[][] {
  const heard: string[][] = [];
  client.on('flags', ({ flags }: { flags: Set<string> }) => heard.push([...flags].sort()));
  return heard;
}

async function flagsOf(client: ImapFlow, folder: string): Promise<string[][]> {
  await client.mailboxOpen(folder);
  const messages = await client.fetchAll('1:*', { flags: true });
  return messages.map(({ flags }) => [...(flags ?? [])].sort());
}

scenario('a mail program in IDLE sees acceptance and delivery on its own copy', {}, async (world) => {
  const { alfa, beta } = world;
  const from = alfa.address('mario.rossi');
  const to = [beta.address('anna.bianchi')];
  const message = writeMail({ from, to });
  const client = await connect(world, alfa, from);
  await client.append('Sent', message, ['\\Seen']);
  await client.mailboxOpen('Sent');
  const heard = listen(client);
  const idle = client.idle();
  assert.equal((await alfa.submit({ from, to, message })).code, 250);
  await until('the delivery was told', () => heard.at(-1)?.includes('$PEC-Delivered') === true);
  assert.deepEqual(heard[0], ['$PEC-Accepted', '\\Seen']);
  assert.deepEqual(heard.at(-1), ['$PEC-Accepted', '$PEC-Delivered', '\\Seen']);
  await client.logout();
  await idle;
  const [entry] = await alfa.events();
  assert.equal(entry?.type === 'accepted' && entry.login, from);
});

scenario('a copy that comes after the receipts, and one of a message that failed', {}, async (world) => {
  const { alfa, beta } = world;
  const from = alfa.address('mario.rossi');
  const good = writeMail({ from, to: [beta.address('anna.bianchi')] });
  const bad = writeMail({ from, to: [beta.address('anna.bianchi'), beta.address('nessuno')] });
  await alfa.submit({ from, to: [beta.address('anna.bianchi')], message: good });
  await alfa.submit({ from, to: [beta.address('anna.bianchi'), beta.address('nessuno')], message: bad });
  await world.settle();
  const client = await connect(world, alfa, from);
  await client.append('Sent', good, ['\\Seen']);
  await client.append('Sent', bad, ['\\Seen']);
  assert.deepEqual(await flagsOf(client, 'Sent'), [
    ['$PEC-Accepted', '$PEC-Delivered', '\\Seen'],
    ['$PEC-Accepted', '$PEC-Failed', '\\Seen'],
  ]);
  await client.logout();
});

scenario(
  'a second login sends under its own name, and what is taken back ends while open',
  {},
  async (world) => {
    const { alfa, beta, pki } = world;
    const from = alfa.address('mario.rossi');
    const to = [beta.address('anna.bianchi')];
    const { accounts } = alfa.stores;
    const rights = { read: true, write: false, send: true, manage: false };
    await accounts.addLogin(from, { name: 'segreteria', password: 'parola della segreteria', rights });
    await accounts.setMailbox(from, { sentCopy: true });
    const { id: loginId } = await accounts.findLogin('segreteria');
    const wanted = { loginId, label: 'telefono', scopes: ['imap', 'smtp'] as const };
    const phone = await accounts.addApplicationPassword(wanted);

    const talker = await SmtpTalker.open(alfa.ports.submissions, pki.ca.root.certificatePem);
    await talker.command('EHLO client.test');
    assert.equal((await talker.login('segreteria', phone.secret)).code, 235);
    assert.equal((await transact(talker, { from, to, message: writeMail({ from, to }) })).code, 250);
    await world.settle();
    const accepted = (await alfa.events()).find(({ type }) => type === 'accepted');
    assert.equal(accepted?.type === 'accepted' && accepted.login, 'segreteria');

    const client = await connect(world, alfa, 'segreteria', phone.secret);
    assert.deepEqual(await flagsOf(client, 'Sent'), [['$PEC-Accepted', '$PEC-Delivered', '\\Seen']]);
    const closed = new Promise<void>((resolve) => void client.on('close', resolve));
    void client.idle();
    // From beside the running provider, as the command line does it.
    await accounts.revokeApplicationPassword(loginId, phone.id);
    await closed;
    assert.equal((await transact(talker, { from, to, message: writeMail({ from, to }) })).code, 530);
    await talker.quit();
  },
);
