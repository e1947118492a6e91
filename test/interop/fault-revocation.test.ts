/**
 * Servers of revocation lists at their worst, for real: they take the question and never answer, answer a byte a second,
 * or never end. The provider starts and serves all the same; what comes from the other providers is judged by the lists
 * there are, as `trust.crl` says; and when the servers answer again, so does it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { buildIndex, parseIndex } from '../../src/provider-index/index-ldif.ts';
import { noteFault } from '../support/fault-figures.ts';
import { checkOutcomes, startLoad } from '../support/fault-load.ts';
import { readImapFolder } from '../support/imap-by-openssl.ts';
import { makeOwnProvider, type OwnProvider } from '../support/own-provider.ts';
import { type PeerProvider, startPeer } from '../support/peer-provider.ts';
import { waitFor } from '../support/run-program.ts';
import { type Account, fieldOf, pec } from '../support/sandbox-process.ts';
import { type Reply, SmtpTalker, transact } from '../support/scenario-smtp.ts';

const limit = { timeout: 295_000 };
const hour = 3_600_000;
/** Much longer than an answer takes, much shorter than a server of lists is waited for. */
const patienceMs = 15_000;

/** A provider with a mailbox `anna`, in whose index the peers stand. */
async function openScene(t: TestContext, domains: readonly string[], crl: 'required' | 'if-available') {
  const own = await makeOwnProvider('alfa.test');
  t.after(() => own.remove());
  await pec('domain', 'add', own.domain, '--config', own.configFile);
  const anna = await own.addMailbox('anna');
  const peers: PeerProvider[] = [];
  for (const domain of domains) peers.push(await startPeer(t, domain));
  const index = join(own.folder, 'index/index.ldif');
  const { providers } = parseIndex(readFileSync(index));
  writeFileSync(index, buildIndex([...providers, ...peers.map(({ record }) => record)]));
  const place = (name: string, pem: string) => {
    writeFileSync(join(own.folder, 'trust', name), pem);
    return `trust/${name}`;
  };
  const anchors = peers.map(({ domain, anchorPem }) => place(`${domain}.pem`, anchorPem));
  const issuers = peers.map(({ domain, intermediatePem }) => place(`${domain}-ca.pem`, intermediatePem));
  // Nobody listens there: the receipts for the peers wait.
  const routes = Object.fromEntries(domains.map((domain) => [domain, { host: 'localhost', port: 1 }]));
  await own.configure({
    trust: {
      anchors: ['trust/ca.pem', ...anchors],
      intermediates: ['trust/issuing.pem', ...issuers],
      crl,
    },
    relay: { routes },
  });
  return { own, anna, peers };
}

/** As if all lists had been fetched so many hours ago; the provider does not run. */
function ageLists({ folder }: OwnProvider, hours: number): void {
  const lists = join(folder, 'data/revocation');
  const names = readdirSync(lists).filter((name) => name.endsWith('.crl'));
  assert.ok(names.length > 0, 'the provider kept no list');
  const at = new Date(Date.now() - hours * hour);
  for (const name of names) utimesSync(join(lists, name), at, at);
}

/** Hands over the messages of the peers, and remembers what was answered. */
function openHandOver({ ports }: OwnProvider, { address }: Account) {
  const taken: string[] = [];
  let sent = 0;

  async function handOver(peer: PeerProvider): Promise<Reply> {
    const msgid = `<${++sent}@${peer.domain}>`;
    const message = await peer.writeEnvelope(address, msgid);
    const began = performance.now();
    const talker = await SmtpTalker.open(ports.mx);
    await talker.command(`EHLO mx.${peer.domain}`);
    const reply = await transact(talker, { from: `luigi@${peer.domain}`, to: [address], message });
    await talker.quit();
    assert.ok(performance.now() - began < patienceMs, 'no message waits for a list');
    if (reply.code === 250) taken.push(msgid);
    return reply;
  }

  return {
    taken,
    get sent() {
      return sent;
    },
    handOver,
    /** One after the other until one is taken; what was answered before. */
    async untilTaken(peer: PeerProvider, limitMs = 30_000): Promise<readonly string[]> {
      const before: string[] = [];
      await waitFor(
        `${peer.domain} is believed again`,
        async () => {
          const { code, enhanced } = await handOver(peer);
          if (code === 250) return true;
          before.push(`${code} ${enhanced}`);
          await delay(500);
          return undefined;
        },
        { limitMs, explain: () => before.join(', ') },
      );
      return before;
    },
  };
}

/** Each message that was answered 250 lies in the mailbox once, and nothing else does. */
async function countArrived(anna: Account, taken: readonly string[]) {
  const where = { ...anna, port: anna.ports.imaps, folder: 'INBOX' };
  let found: string[] = [];
  await waitFor(
    'what was taken is in the mailbox',
    async () => {
      const headers = await readImapFolder(where, 'HEADER');
      found = headers.map(({ bytes }) => fieldOf(bytes, 'X-Riferimento-Message-ID') ?? 'none');
      return found.length >= taken.length ? true : undefined;
    },
    { explain: () => `${found.length} of ${taken.length}` },
  );
  assert.deepEqual(found.sort(), [...taken].sort());
  return { found: found.length, lost: taken.filter((msgid) => !found.includes(msgid)).length };
}

test('servers of revocation lists hang, drip or never end; fresh lists required', limit, async (t) => {
  const { own, anna, peers } = await openScene(t, ['beta.test', 'gamma.test', 'delta.test'], 'required');
  const [mario, carla] = [await own.addMailbox('mario'), await own.addMailbox('carla')];
  const mail = openHandOver(own, anna);
  await own.serve();
  for (const peer of peers) await mail.untilTaken(peer);
  await own.stop();

  ageLists(own, 30);
  const behaviours = ['hangs', 'drips', 'endless'] as const;
  for (const [index, peer] of peers.entries()) peer.listServer = behaviours[index] ?? 'hangs';
  const server = await own.serve();
  const local = startLoad({ from: mario, to: carla, clients: 1 });
  t.after(() => local.stop());
  const hasGivenUp = () =>
    (server.output().match(/no answer within 60000 ms/g) ?? []).length >= 2 &&
    /more than 33554432 bytes/.test(server.output());
  await waitFor(
    'the lists are given up',
    async () => {
      for (const peer of peers) {
        const { code, enhanced } = await mail.handOver(peer);
        assert.deepEqual([code, enhanced], [451, '4.7.5'], peer.domain);
      }
      await local.untilTaken(5);
      return hasGivenUp() ? true : undefined;
    },
    { limitMs: 120_000, explain: server.output },
  );
  assert.match(server.output(), /no fresh revocation status/);

  for (const peer of peers) peer.listServer = 'answers';
  for (const peer of peers) await mail.untilTaken(peer, 150_000);
  await local.stop();
  const inside = await checkOutcomes(local, mario, carla);
  const outside = await countArrived(anna, mail.taken);
  noteFault(t, {
    sent: inside.sent + mail.sent,
    taken: inside.taken + mail.taken.length,
    found: inside.found + outside.found,
    lost: inside.lost + outside.lost,
  });
  assert.match(await pec('log', 'verify', '--config', own.configFile), /\S/);
});

test('a server of revocation lists hangs; lists count if they can be had', limit, async (t) => {
  const { own, anna, peers } = await openScene(t, ['beta.test'], 'if-available');
  const [beta] = peers;
  assert.ok(beta !== undefined);
  const mail = openHandOver(own, anna);
  beta.listServer = 'hangs';
  await own.serve();
  await waitFor('the question for a list', () => (beta.asked > 0 ? true : undefined));
  for (let times = 0; times < 5; times++) assert.equal((await mail.handOver(beta)).code, 250);
  await own.stop();

  beta.listServer = 'answers';
  beta.isRevoked = true;
  await own.serve();
  await waitFor('the revocation counts', async () =>
    (await mail.handOver(beta)).code === 550 ? true : undefined,
  );
  await own.stop();

  // What an old list revokes stays revoked.
  ageLists(own, 500);
  beta.listServer = 'hangs';
  const asked = beta.asked;
  await own.serve();
  await waitFor('the question for a newer list', () => (beta.asked > asked ? true : undefined));
  for (let times = 0; times < 5; times++) {
    const { code, enhanced } = await mail.handOver(beta);
    assert.deepEqual([code, enhanced], [550, '5.7.1']);
  }
  noteFault(t, {
    ...{ sent: mail.sent, taken: mail.taken.length },
    ...(await countArrived(anna, mail.taken)),
  });
});
