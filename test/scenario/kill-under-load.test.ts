/**
 * Both providers die again and again at one step after the other while dozens of messages are under way; clients
 * send again what was not answered. In the end every recipient of every message has exactly one outcome.
 */
import assert from 'node:assert/strict';
import { submitUntilTaken } from '../support/scenario-client.ts';
import { type StoredMail, summarize, writeMail } from '../support/scenario-mail.ts';
import type { KillPoint, Site } from '../support/scenario-site.ts';
import { scenario, untilSettled } from '../support/scenario-world.ts';

const clients = 6;
const messagesEach = 6;

const deaths: Readonly<Record<'alfa' | 'beta', readonly KillPoint[]>> = {
  alfa: [
    { step: 'access:committed', count: 3 },
    { step: 'relay:answered', count: 2 },
    { step: 'delivery:signed', count: 4 },
    { step: 'incoming:committed', count: 7 },
    { step: 'access:signed', count: 4 },
    { step: 'delivery:committed', count: 3 },
    { step: 'incoming:signed', count: 5 },
    { step: 'relay:settled', count: 2 },
  ],
  beta: [
    { step: 'incoming:committed', count: 2 },
    { step: 'delivery:committed', count: 3 },
    { step: 'relay:answered', count: 4 },
    { step: 'non-delivery:committed', count: 2 },
    { step: 'incoming:signed', count: 3 },
    { step: 'delivery:signed', count: 4 },
    { step: 'relay:settled', count: 5 },
  ],
};

scenario('deaths under load', { start: false, timeout: 120_000 }, async (world) => {
  const { alfa, beta } = world;
  const [toll, peerToll] = [keepAlive(alfa, deaths.alfa), keepAlive(beta, deaths.beta)];
  const to = [
    alfa.address('anna.bianchi'),
    beta.address('anna.bianchi'),
    beta.address('protocollo'),
    beta.address('nessuno'),
  ];
  const from = alfa.address('mario.rossi');
  const msgids = Array.from({ length: clients * messagesEach }, (_, index) => `<m${index}@client.test>`);
  const waiting = [...msgids];
  const work = async () => {
    for (let msgid = waiting.shift(); msgid !== undefined; msgid = waiting.shift())
      await submitUntilTaken(alfa, { from, to, message: writeMail({ from, to, msgid }) });
  };
  await Promise.all(Array.from({ length: clients }, work));
  await untilSettled(world);
  const died = [...(await toll.end()), ...(await peerToll.end())];
  await untilSettled(world);
  assert.ok(died.length >= 8, `only ${died.length} deaths: ${died.join(', ')}`);

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
  for (const mails of [
    await alfa.mails('anna.bianchi'),
    await beta.mails('anna.bianchi'),
    await beta.mails('protocollo'),
  ])
    assert.deepEqual(listMsgids(mails), [...msgids].sort());
});

function listMsgids(mails: readonly StoredMail[]): string[] {
  return mails.map(({ data }) => data?.msgid ?? '').sort();
}

/** Starts the provider again whenever it has died, each time with the next way to die, at last with none. */
function keepAlive(site: Site, points: readonly KillPoint[]): { end(): Promise<string[]> } {
  const died: string[] = [];
  let ending = false;
  const loop = async () => {
    for (const point of points) {
      if (ending) break;
      await site.startChild(point);
      await site.died();
      if (!ending) died.push(`${site.key} ${point.step}`);
    }
    await site.startChild();
  };
  const living = loop();
  living.catch(() => undefined); // told by `end`
  return {
    end: async () => {
      ending = true;
      // What was not reached any more is no death of its own.
      if (died.length < points.length) await site.kill();
      await living;
      return died;
    },
  };
}
