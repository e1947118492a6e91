/** A plan from a seed: the larger the world and the worse the day, the more goes wrong. */
import {
  type HolderAct,
  hour,
  type Intrusion,
  type Moment,
  mailboxOf,
  minute,
  ordinaryDomains,
  type Plan,
  type PlannedFault,
  type PlannedMessage,
} from './plan.ts';
import { Random } from './random.ts';

export interface PlanSize {
  readonly providers: number;
  readonly mailboxes: number;
  readonly messages: number;
}

export const standardSize: PlanSize = { providers: 20, mailboxes: 100, messages: 30 };

/** Every tenth day is calm: then everything must arrive. */
const moods = [
  'calm',
  'bad',
  'bad',
  'bad',
  'network',
  'crashes',
  'crashes',
  'disks',
  'slow',
  'attack',
] as const;
type Mood = (typeof moods)[number];

interface Drawing extends PlanSize {
  readonly random: Random;
  readonly mood: Mood;
  /** Messages are submitted until then. */
  readonly window: Moment;
}

export function drawPlan(seed: number, size: PlanSize): Plan {
  const random = new Random(`plan ${seed}`);
  const mood = moods[seed % moods.length] ?? 'bad';
  const window = random.pick([10 * minute, hour, 6 * hour, 20 * hour]);
  const drawing = { ...size, random, mood, window };
  const lists = random.fork('lists in use').pick([undefined, 'required', 'if-available'] as const);
  return {
    seed,
    providers: size.providers,
    mailboxes: size.mailboxes,
    ...(lists === undefined ? {} : { lists }),
    messages: Array.from({ length: size.messages }, (_, id) => drawMessage(drawing, id)),
    holders: mood === 'calm' ? [] : drawSome(drawing, size.messages / 4, drawHolderAct),
    intrusions:
      mood === 'attack' || mood === 'bad' ? drawSome(drawing, size.messages / 5, drawIntrusion) : [],
    faults: [
      ...drawFaults(drawing),
      ...drawStamping(drawing),
      ...(lists === undefined ? [] : drawLists(drawing)),
    ].sort((one, other) => startOf(one) - startOf(other)),
  };
}

function startOf(fault: PlannedFault): Moment {
  return 'at' in fault ? fault.at : fault.from;
}

function drawSome<T>(drawing: Drawing, most: number, draw: (drawing: Drawing) => T): T[] {
  return Array.from({ length: drawing.random.integer(0, Math.ceil(most)) }, () => draw(drawing));
}

function drawMessage(drawing: Drawing, id: number): PlannedMessage {
  const { random, window, mood } = drawing;
  const calm = mood === 'calm';
  const addresses = new Set<string>();
  const wanted = random.pick([1, 1, 1, 2, 3, 5]);
  while (addresses.size < wanted) addresses.add(drawRecipient(drawing, calm));
  const [first = '', ...others] = addresses;
  const toFirst = others.filter(() => random.chance(0.6));
  return {
    id,
    at: random.integer(0, window),
    from: drawMailbox(drawing),
    to: [first, ...toFirst],
    cc: others.filter((address) => !toFirst.includes(address)),
    size: random.chance(0.06) ? random.integer(33_000, 150_000) : random.integer(10, 1500),
    receiptKind: random.pick([undefined, undefined, 'completa', 'breve', 'sintetica']),
    flaw: calm || random.chance(0.85) ? undefined : random.pick(['bcc', 'virus', 'late-virus', 'attachment']),
  };
}

/** Few mailboxes get much mail, so that what happens there meets. */
function drawMailbox({ random, providers, mailboxes }: Drawing): string {
  const busy = random.chance(0.3);
  const provider = random.integer(0, (busy ? Math.min(3, providers) : providers) - 1);
  return mailboxOf(provider, random.integer(0, (busy ? Math.min(3, mailboxes) : mailboxes) - 1));
}

function drawRecipient(drawing: Drawing, calm: boolean): string {
  const { random } = drawing;
  if (calm || random.chance(0.88)) return drawMailbox(drawing);
  if (random.chance(0.6)) return `persona${random.integer(0, 9)}@${random.pick(ordinaryDomains)}`;
  return `nessuno${random.integer(0, 3)}@${drawMailbox(drawing).split('@')[1]}`;
}

function drawHolderAct(drawing: Drawing): HolderAct {
  const { random, window } = drawing;
  const act = random.pick(['flag', 'flag', 'copy', 'move', 'move', 'expunge', 'shrink', 'remove'] as const);
  return { at: random.integer(0, window + 2 * hour), mailbox: drawMailbox(drawing), act };
}

function drawIntrusion({ random, providers, window }: Drawing): Intrusion {
  return {
    at: random.integer(0, window + 3 * hour),
    provider: random.integer(0, providers - 1),
    kind: random.pick(['replay', 'replay', 'redirect', 'tampered', 'stranger', 'false-witness', 'ordinary']),
  };
}

type Draw = (drawing: Drawing) => PlannedFault;

function drawFaults(drawing: Drawing): PlannedFault[] {
  const { random, providers, messages } = drawing;
  const many = (most: number, ...kinds: Draw[]) =>
    Array.from({ length: random.integer(1, Math.max(1, Math.ceil(most))) }, () =>
      random.pick(kinds)(drawing),
    );
  const crashes = [drawCrash, drawCrash, drawStepCrash, drawTransactionCrash];
  const disks = [drawDiskFull, drawDatabase];
  const others = [drawSigner, drawScanner, drawStaleIndex, drawNotReady, drawClock, drawRenewal];
  switch (drawing.mood) {
    case 'calm':
      return [];
    case 'network':
      return [...many(6, drawNetwork), ...many(6, drawPartition)];
    case 'crashes':
      return many(messages / 2 + providers, ...crashes);
    case 'disks':
      return [...many(providers, ...disks), ...many(providers / 2, ...crashes)];
    case 'slow':
      return [...many(providers, ...others), ...many(2, drawPartition)];
    case 'attack':
      return [...many(2, drawNetwork), ...many(3, ...crashes), ...many(3, drawRenewal, drawStaleIndex)];
    case 'bad':
      return [
        ...many(3, drawNetwork),
        ...many(3, drawPartition),
        ...many(providers / 2, ...crashes),
        ...many(providers / 3, ...disks),
        ...many(providers / 2, ...others),
      ];
  }
}

/** Most are short, some last longer than all limits of time. */
function drawSpan({ random, window }: Drawing): { from: Moment; until: Moment } {
  const from = random.integer(0, window);
  const longest = random.pick([minute, 30 * minute, 3 * hour, 14 * hour, 30 * hour]);
  return { from, until: from + random.integer(1000, longest) };
}

function drawProvider({ random, providers }: Drawing): number {
  return random.integer(0, (random.chance(0.5) ? Math.min(4, providers) : providers) - 1);
}

const drawPartition: Draw = (drawing) => {
  const { random, providers } = drawing;
  const inside = Array.from({ length: providers }, (_, provider) => provider).filter(() =>
    random.chance(0.4),
  );
  return { kind: 'partition', ...drawSpan(drawing), inside, oneWay: random.chance(0.3) };
};

const drawNetwork: Draw = (drawing) => {
  const { random } = drawing;
  const level = random.pick([0.05, 0.2, 0.5]);
  const draw = () => (random.chance(0.5) ? 0 : level * random.fraction());
  return {
    kind: 'network',
    ...drawSpan(drawing),
    refused: draw(),
    lost: draw(),
    cut: draw(),
    answerLost: draw(),
    doubled: draw(),
    late: draw(),
  };
};

function drawDown({ random }: Drawing): number {
  return random.integer(500, random.pick([5000, 2 * minute, 2 * hour, 13 * hour]));
}

const drawCrash: Draw = (drawing) => {
  const { random, window } = drawing;
  const place = { at: random.integer(0, window), provider: drawProvider(drawing), downMs: drawDown(drawing) };
  return { kind: 'crash', ...place, events: random.integer(1, 120) };
};

/** Every step that the points name. */
export const steps = [
  'access:bytes-durable',
  'access:signed',
  'access:committed',
  'incoming:bytes-durable',
  'incoming:signed',
  'incoming:committed',
  'delivery:signed',
  'delivery:committed',
  'non-delivery:signed',
  'non-delivery:committed',
  'relay:answered',
  'relay:settled',
  'timeout:signed',
  'timeout:committed',
] as const;

const drawStepCrash: Draw = (drawing) => {
  const { random, window } = drawing;
  const place = { at: random.integer(0, window), provider: drawProvider(drawing), downMs: drawDown(drawing) };
  return { kind: 'crash-at-step', ...place, step: random.pick(steps), nth: random.integer(1, 2) };
};

const drawTransactionCrash: Draw = (drawing) => {
  const { random, window } = drawing;
  const place = { at: random.integer(0, window), provider: drawProvider(drawing), downMs: drawDown(drawing) };
  return { kind: 'crash-in-transaction', ...place, nth: random.integer(1, 12) };
};

function drawLocal(drawing: Drawing) {
  return { ...drawSpan(drawing), provider: drawProvider(drawing) };
}

const drawDiskFull: Draw = (drawing) => ({
  kind: 'disk-full',
  ...drawShort(drawing),
  probability: drawing.random.pick([0.1, 0.5, 1]),
});

/** Workers try each second while their disk fails: an hour of that says as much as a day. */
function drawShort(drawing: Drawing) {
  const { from, until, provider } = drawLocal(drawing);
  return { from, until: Math.min(until, from + hour), provider };
}

const drawDatabase: Draw = (drawing) => ({
  kind: 'database',
  ...drawShort(drawing),
  probability: drawing.random.pick([0.05, 0.3, 0.8]),
});

const drawSigner: Draw = (drawing) => ({
  kind: 'signer',
  ...drawLocal(drawing),
  slowMs: drawing.random.pick([100, 5000, 5 * minute, 40 * minute]),
  away: drawing.random.pick([0, 0, 0.3, 1]),
});

const drawScanner: Draw = (drawing) => ({ ...drawSigner(drawing), kind: 'scanner' }) as PlannedFault;

const drawStaleIndex: Draw = (drawing) => ({
  kind: 'stale-index',
  ...drawLocal(drawing),
  missing: drawProvider(drawing),
});

const drawNotReady: Draw = (drawing) => ({ kind: 'not-ready', ...drawLocal(drawing) });

const drawClock: Draw = (drawing) => {
  const { random } = drawing;
  const size = random.pick([800, 30_000, 8 * minute, 2 * hour, 11 * hour]);
  return { kind: 'clock', ...drawLocal(drawing), offMs: random.integer(-size, size) };
};

/** In a draw of its own: how the log is sealed must make no difference to mail. */
function drawStamping(drawing: Drawing): PlannedFault[] {
  const random = drawing.random.fork('stamps');
  if (drawing.mood === 'calm' || random.chance(0.4)) return [];
  return Array.from({ length: random.integer(1, drawing.providers) }, () => {
    const from = random.integer(0, drawing.window);
    const longest = random.pick([hour, 14 * hour, 30 * hour, 70 * hour]);
    return {
      kind: 'stamps' as const,
      from,
      until: from + random.integer(1000, longest),
      provider: random.integer(0, drawing.providers - 1),
      trouble: random.pick(['hangs', 'away', 'lies'] as const),
    };
  });
}

/** In a draw of its own too: plans from before there were lists stay what they were. */
function drawLists(drawing: Drawing): PlannedFault[] {
  const random = drawing.random.fork('lists');
  if (drawing.mood === 'calm') return [];
  const provider = () => random.integer(0, drawing.providers - 1);
  const troubles = Array.from({ length: random.integer(0, drawing.providers) }, () => {
    const from = random.integer(0, drawing.window);
    const longest = random.pick([minute, hour, 6 * hour, 14 * hour, 40 * hour]);
    const trouble = random.pick(['hangs', 'away', 'late', 'old', 'lies'] as const);
    return {
      kind: 'lists' as const,
      from: random.chance(0.5) ? 0 : from,
      until: from + random.integer(1000, longest),
      provider: provider(),
      trouble,
    };
  });
  const revocations = Array.from({ length: random.pick([0, 0, 1, 2]) }, () => ({
    kind: 'revocation' as const,
    at: random.integer(0, drawing.window),
    provider: provider(),
    stolen: random.chance(0.7),
  }));
  return [...troubles, ...revocations];
}

const drawRenewal: Draw = (drawing) => ({
  kind: 'renewal',
  at: drawing.random.integer(0, drawing.window),
  provider: drawProvider(drawing),
});
