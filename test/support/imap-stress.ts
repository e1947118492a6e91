/**
 * Many sessions on one mailbox doing random things for a while. Now and then all stop, say NOOP, and what each
 * believes of its folder is compared with what a fresh session is told. One seed gives the same choices again;
 * what the sessions then meet also hangs on their timing.
 */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { ImapTestClient } from './imap-client.ts';
import { type KnownMessage, ModelClient } from './imap-model-client.ts';
import { addresses, type ImapTestServer, password } from './imap-server.ts';

export interface StressOptions {
  readonly sessions: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface StressResult {
  readonly commands: number;
  readonly comparisons: number;
}

type Random = (below: number) => number;

/** Numbers from 0 to below `below` (mulberry32). */
function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * below) | 0;
  };
}

/** What the sessions have in common: the folders' names, as they are now. */
interface World {
  readonly names: string[];
  renames: number;
}

interface Actor {
  client: ModelClient;
  readonly enable: readonly string[];
  readonly hearsAtOnce: boolean;
  readonly random: Random;
  readonly world: World;
}

const kinds: readonly (readonly string[])[] = [
  [],
  ['QRESYNC'],
  ['CONDSTORE'],
  ['IMAP4rev2'],
  ['QRESYNC', 'IMAP4rev2'],
  ['UIDONLY', 'CONDSTORE'],
  ['UIDONLY', 'QRESYNC'],
];
/** What some of them ask for with NOTIFY: news between commands; who counts messages hears of removals later. */
const notifies = [
  'NOTIFY SET (SELECTED (MessageNew (UID FLAGS) MessageExpunge FlagChange)) (PERSONAL (MessageNew MessageExpunge))',
  'NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge FlagChange)) (PERSONAL (MailboxName))',
];
const flags = ['\\Seen', '\\Flagged', '\\Deleted', '\\Answered', '$Pratica', '$Junk'];

type Deed = (actor: Actor) => Promise<unknown>;

const nameOf = ({ world, random }: Actor) => world.names[random(world.names.length)] as string;
const flagOf = ({ random }: Actor) => flags[random(flags.length)] as string;
const uidOf = ({ client, random }: Actor): number | undefined =>
  client.messages[random(client.messages.length)]?.uid;

/** A few message numbers in a row that the client knows. */
function rangeOf({ client, random }: Actor): string {
  const first = random(client.messages.length) + 1;
  return `${first}:${Math.min(first + random(8), client.messages.length)}`;
}

/** For an open folder that holds something. */
const inside =
  (deed: Deed): Deed =>
  async (actor) => {
    if (actor.client.mailboxId !== undefined && actor.client.messages.length > 0) await deed(actor);
  };

/** For clients that count messages. */
const byNumber =
  (deed: Deed): Deed =>
  async (actor) => {
    if (!actor.enable.includes('UIDONLY')) await inside(deed)(actor);
  };

async function rename(actor: Actor): Promise<void> {
  const { world, random, client } = actor;
  const at = random(world.names.length);
  const from = world.names[at] as string;
  const to = `cartella${++world.renames}`;
  if ((await client.run(`RENAME ${from} ${to}`)).startsWith('OK'))
    world.names[world.names.indexOf(from)] = to;
}

async function append(actor: Actor): Promise<void> {
  const size = actor.random(50) === 0 ? 200_000 : actor.random(2000);
  const flag = actor.random(3) === 0 ? ` (${flagOf(actor)})` : '';
  const bytes = `Subject: prova\r\n\r\n${'x'.repeat(size)}\r\n`;
  const answer = await actor.client.run(`APPEND ${nameOf(actor)}${flag} {${bytes.length}+}\r\n${bytes}`);
  assert.match(answer, /^(?:OK \[APPENDUID|NO \[TRYCREATE\]|NO \[NONEXISTENT\])/);
}

/** Each as often as it stands in the list. */
const deeds: readonly Deed[] = [
  append,
  append,
  append,
  (actor) => actor.client.run('NOOP'),
  (actor) => actor.client.idleDuring(() => pause(actor.random(15))),
  (actor) => actor.client.idleDuring(() => pause(actor.random(15))),
  (actor) => actor.client.select(nameOf(actor), actor.random(5) === 0 ? 'EXAMINE' : 'SELECT'),
  async (actor) => {
    if (actor.random(4) === 0) await actor.client.unselect();
    if (actor.random(10) === 0) await rename(actor);
  },
  (actor) => actor.client.run(`STATUS ${nameOf(actor)} (MESSAGES UNSEEN UIDNEXT)`),
  byNumber((actor) =>
    actor.client.run(`STORE ${rangeOf(actor)} ${'+-'[actor.random(2)]}FLAGS (${flagOf(actor)})`),
  ),
  inside((actor) =>
    actor.client.run(`UID STORE ${uidOf(actor) ?? 1} FLAGS (${flagOf(actor)} ${flagOf(actor)})`),
  ),
  inside(async (actor) => {
    // What crosses the command on the wire, the client cannot put in order with it.
    if (actor.hearsAtOnce) return;
    const uid = uidOf(actor);
    const sign = actor.random(2) === 0 ? '+' : '-';
    // What an EXAMINE opened cannot be changed.
    if (uid !== undefined && !(await actor.client.run('UID STORE 1 -FLAGS ($Manca)')).startsWith('NO'))
      await actor.client.storeSilently(uid, sign, flagOf(actor));
  }),
  inside((actor) => actor.client.run('EXPUNGE')),
  inside((actor) => actor.client.run(`UID EXPUNGE ${uidOf(actor) ?? 1}`)),
  byNumber((actor) => actor.client.run(`FETCH ${rangeOf(actor)} (UID FLAGS)`)),
  inside((actor) => actor.client.run(`UID FETCH ${uidOf(actor) ?? 1}:* (FLAGS BODY.PEEK[HEADER])`)),
  byNumber((actor) => actor.client.run(`FETCH ${actor.random(actor.client.messages.length) + 1} BODY[TEXT]`)),
  byNumber((actor) => actor.client.run('SEARCH UNSEEN')),
  inside((actor) => actor.client.run('UID SEARCH RETURN (COUNT MAX) UNDELETED')),
  byNumber((actor) => actor.client.run(`COPY ${rangeOf(actor)} ${nameOf(actor)}`)),
  byNumber((actor) => actor.client.run(`MOVE ${rangeOf(actor)} ${nameOf(actor)}`)),
  inside((actor) => actor.client.run(`UID MOVE ${uidOf(actor) ?? 1} ${nameOf(actor)}`)),
  inside((actor) => actor.client.run(`UID REPLACE ${uidOf(actor) ?? 1} ${nameOf(actor)} {3+}\r\na:b`)),
];

/** Runs for about the given time. @throws {AssertionError} at the first disagreement, with the last lines */
export async function runStress(server: ImapTestServer, options: StressOptions): Promise<StressResult> {
  const world: World = { names: ['INBOX', 'uno', 'due'], renames: 0 };
  const actors: Actor[] = [];
  for (let index = 0; index < options.sessions; index++) {
    const enable = kinds[index % kinds.length] as readonly string[];
    const client = await ModelClient.open(server, { enable });
    const notify = index % 3 === 1 ? notifies[enable.includes('UIDONLY') ? 0 : 1] : undefined;
    if (notify !== undefined) await client.run(notify);
    actors.push({
      client,
      enable,
      hearsAtOnce: notify !== undefined,
      random: createRandom(options.seed * 1000 + index),
      world,
    });
  }
  for (const name of world.names.slice(1)) await actors[0]?.client.run(`CREATE ${name}`);
  const end = performance.now() + options.seconds * 1000;
  const result = { commands: 0, comparisons: 0 };
  while (performance.now() < end) {
    await Promise.all(actors.map((actor) => actRound(actor, result)));
    result.comparisons += await compareAll(server, actors);
    await thinOut(actors);
  }
  for (const { client } of actors) client.close();
  return result;
}

async function actRound(actor: Actor, result: { commands: number }): Promise<void> {
  if (actor.client.mailboxId === undefined)
    await withLines(actor.client, () => actor.client.select(nameOf(actor)));
  for (let count = 5 + actor.random(20); count > 0; count--) {
    await withLines(actor.client, () => (deeds[actor.random(deeds.length)] as Deed)(actor));
    result.commands++;
  }
}

/** Adds what was said last to what failed. */
async function withLines(client: ModelClient, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const lines = client.lastLines.map((line) => line.slice(0, 300)).join('\n');
    throw new Error(`${(error as Error).message}\n${lines}`, { cause: error });
  }
}

/** The folders must not grow for ever. */
async function thinOut(actors: readonly Actor[]): Promise<void> {
  const [actor] = actors;
  if (actor === undefined) return;
  await actor.client.select(nameOf(actor));
  if (actor.client.messages.length < 60) return;
  await actor.client.run(`UID STORE 1:* +FLAGS.SILENT (\\Deleted)`);
  await actor.client.run('EXPUNGE');
  await actor.client.unselect();
}

async function compareAll(server: ImapTestServer, actors: readonly Actor[]): Promise<number> {
  const truths = new Map<string, readonly KnownMessage[]>();
  for (const name of await listFolders(server)) {
    const fresh = await ModelClient.open(server, { enable: ['CONDSTORE'] });
    await fresh.select(name, 'EXAMINE');
    if (fresh.messages.length > 0) await fresh.run('UID FETCH 1:* (UID FLAGS MODSEQ)');
    truths.set(fresh.mailboxId ?? '', fresh.messages);
    fresh.close();
  }
  let comparisons = 0;
  for (const { client, enable } of actors) {
    if (client.mailboxId === undefined) continue;
    await withLines(client, async () => {
      await client.run('NOOP');
      await client.learnUnknown();
      compare(client.messages, truths.get(client.mailboxId ?? '') ?? [], enable);
    });
    comparisons++;
  }
  return comparisons;
}

function compare(
  believed: readonly KnownMessage[],
  truth: readonly KnownMessage[],
  enable: readonly string[],
): void {
  const kept = (messages: readonly KnownMessage[]) =>
    messages.map(({ uid, flags: list }) => `${uid} ${list}`);
  assert.deepEqual(kept(believed), kept(truth), `a client with ${enable.join(' ') || 'nothing enabled'}`);
  for (const [index, { uid, modseq }] of believed.entries()) {
    if (modseq !== undefined) assert.equal(modseq, truth[index]?.modseq, `MODSEQ of UID ${uid}`);
  }
}

async function listFolders(server: ImapTestServer): Promise<string[]> {
  const client = ImapTestClient.connect(server, true);
  await client.readLine();
  await client.command('l', `LOGIN ${addresses[0]} "${password}"`);
  const lines = await client.command('f', 'LIST "" *');
  client.destroy();
  return lines.flatMap((line) => /^\* LIST \(.*\) "\/" (\S+)$/.exec(line)?.[1] ?? []);
}
