/**
 * `kill -9` of either provider at each step of the exchange while 200 messages are in flight. Clients send again
 * what was not answered. In the end every recipient of every message has exactly one outcome, and both logs and all
 * mailboxes are coherent.
 */
import assert from 'node:assert/strict';
import { submitUntilTaken } from '../support/scenario-client.ts';
import { type StoredMail, summarize, writeMail } from '../support/scenario-mail.ts';
import { minute, scenario, until, untilSettled, type World } from '../support/scenario-world.ts';

/** Accepted, and not every recipient has its outcome. */
const inFlight = 200;
const clients = 8;

interface Death {
  readonly place: 'alfa' | 'beta';
  readonly step: string;
  readonly count: number;
}

const deaths: readonly Death[] = [
  // The first while the messages leave, then while they are taken in charge, then while the receipts come back.
  { place: 'alfa', step: 'access:bytes-durable', count: 3 },
  { place: 'beta', step: 'incoming:bytes-durable', count: 7 },
  { place: 'alfa', step: 'access:signed', count: 4 },
  { place: 'beta', step: 'incoming:signed', count: 11 },
  { place: 'alfa', step: 'access:committed', count: 5 },
  { place: 'beta', step: 'incoming:committed', count: 13 },
  { place: 'alfa', step: 'delivery:signed', count: 3 },
  { place: 'beta', step: 'delivery:signed', count: 17 },
  { place: 'alfa', step: 'delivery:committed', count: 3 },
  { place: 'beta', step: 'delivery:committed', count: 19 },
  { place: 'alfa', step: 'relay:answered', count: 9 },
  { place: 'beta', step: 'non-delivery:signed', count: 4 },
  { place: 'alfa', step: 'relay:settled', count: 6 },
  { place: 'beta', step: 'non-delivery:committed', count: 5 },
  { place: 'alfa', step: 'incoming:bytes-durable', count: 12 },
  { place: 'beta', step: 'relay:answered', count: 15 },
  { place: 'alfa', step: 'incoming:signed', count: 10 },
  { place: 'beta', step: 'relay:settled', count: 8 },
  { place: 'alfa', step: 'incoming:committed', count: 20 },
];

scenario('deaths under load', { start: false, timeout: 600_000 }, async (world) => {
  const { alfa, beta } = world;
  const mail = createClients(world);
  await Promise.all([alfa.startChild(), beta.startChild()]);
  const fewest = await dieEverywhere(world, mail);
  await mail.done();
  await untilSettled(world, 240_000);
  const { msgids } = mail;
  console.log(`${msgids.length} messages, at least ${fewest} in flight at each of ${deaths.length} deaths`);

  const sent = Map.groupBy(await alfa.mails('mario.rossi'), ({ data }) => data?.msgid);
  assert.deepEqual([...sent.keys()].sort(), [...msgids].sort());
  for (const msgid of msgids)
    assert.deepEqual(
      summarize(sent.get(msgid) ?? []),
      [
        'accettazione',
        'avvenuta-consegna anna.bianchi@alfa.test',
        'avvenuta-consegna anna.bianchi@beta.test',
        'avvenuta-consegna protocollo@beta.test',
        'errore-consegna nessuno@beta.test',
      ],
      `what the sender of ${msgid} has`,
    );
  for (const [site, name] of [
    [alfa, 'anna.bianchi'],
    [beta, 'anna.bianchi'],
    [beta, 'protocollo'],
  ] as const)
    assert.deepEqual(listMsgids(await site.mails(name)), [...msgids].sort(), `${name} at ${site.key}`);
});

/** Each death in turn; the fewest messages that were in flight when one could begin. */
async function dieEverywhere(world: World, mail: Clients): Promise<number> {
  const { alfa, beta, sites } = world;
  let fewest = Number.POSITIVE_INFINITY;
  for (const { place, step, count } of deaths) {
    const dying = world[place];
    for (const { link } of sites) {
      link.stall(true);
      link.cut();
    }
    await mail.fill(alfa);
    fewest = Math.min(fewest, await alfa.inFlight());
    dying.killAt({ step, count });
    for (const { link } of sites) link.stall(false);
    world.moveClock(5 * minute); // what failed on a line that was cut is due again
    mail.send(10);
    await until(`the death of ${place} at ${step}`, () => !dying.running, 120_000);
    await dying.startChild();
  }
  assert.ok(beta.running);
  assert.ok(fewest >= inFlight, `only ${fewest} in flight`);
  return fewest;
}

interface Clients {
  readonly msgids: readonly string[];
  /** So many messages more, sooner or later. */
  send(count: number): void;
  /** Until so many are in flight as there must be. */
  fill(site: World['alfa']): Promise<void>;
  /** Until everything is taken. */
  done(): Promise<void>;
}

function createClients({ alfa, beta }: World): Clients {
  const from = alfa.address('mario.rossi');
  const to = [
    alfa.address('anna.bianchi'),
    ...['anna.bianchi', 'protocollo', 'nessuno'].map((name) => beta.address(name)),
  ];
  const msgids: string[] = [];
  const waiting: string[] = [];
  const working = new Set<Promise<void>>();
  const work = async () => {
    for (let msgid = waiting.shift(); msgid !== undefined; msgid = waiting.shift())
      await submitUntilTaken(alfa, { from, to, message: writeMail({ from, to, msgid }) });
  };
  const send = (count: number) => {
    for (let left = count; left > 0; left--) {
      const msgid = `<m${msgids.length}@client.test>`;
      msgids.push(msgid);
      waiting.push(msgid);
    }
    while (working.size < Math.min(clients, waiting.length)) {
      const one = work().finally(() => working.delete(one));
      working.add(one);
    }
  };
  const done = async () => {
    while (working.size > 0) await Promise.all(working);
  };
  const fill = async (site: World['alfa']) => {
    for (;;) {
      await done();
      const missing = inFlight - (await site.inFlight());
      if (missing <= 0) return;
      send(missing);
    }
  };
  return { msgids, send, fill, done };
}

function listMsgids(mails: readonly StoredMail[]): string[] {
  return mails.map(({ data }) => data?.msgid ?? '').sort();
}
