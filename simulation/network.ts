/**
 * The network between simulated providers: a relay that hands to the other provider's incoming point. Whatever a
 * network does can happen on the way: nothing arrives, half of it, all of it twice or late, or only the answer is lost.
 */
import { createHash } from 'node:crypto';
import type { BlobStore } from '../src/blob/blob-store.ts';
import { collectSegments } from '../src/blob/read-segments.ts';
import { MailError } from '../src/lib/mail-error.ts';
import { parseContentType } from '../src/mime/content-type.ts';
import { firstField, parseHeaderBlock } from '../src/mime/header.ts';
import type { Destination, OutgoingMessage, Relay, RelayResult } from '../src/relay/relay.ts';
import { watchReception } from './checks/watch-reception.ts';
import type { Conditions } from './conditions.ts';
import { minute, ordinaryDomains } from './plan.ts';
import type { Serving, SimulatedProvider } from './provider.ts';
import type { Random } from './random.ts';
import type { Life, Scheduler } from './scheduler.ts';

/** What one SMTP transaction carries. */
export interface Wire {
  readonly reversePath: string;
  readonly recipients: readonly string[];
  readonly bytes: Uint8Array;
}

/** What the other side said of each recipient; undefined when nothing came back. */
type Answer = readonly RelayResult[] | undefined;

interface Place {
  readonly scheduler: Scheduler;
  readonly conditions: Conditions;
  readonly random: Random;
  /** Undefined for a domain that no provider here manages. */
  readonly findProvider: (domain: string) => SimulatedProvider | undefined;
}

/** As long as a client waits for the answer to the final dot. */
const patience = 10 * minute;
/** What was on the wire and can be seen by an intruder. */
const remembered = 60;

export class Network {
  readonly #place: Place;
  readonly seen: Wire[] = [];
  /** {@link fingerprint} of everything that a provider handed to the network. */
  readonly handedOver = new Set<string>();
  /** Transactions that somebody on the way will change. */
  toTamper = 0;
  /** Transactions that arrived whole at a provider. */
  arrivals = 0;

  constructor(place: Place) {
    this.#place = place;
  }

  /** The way out of one life of a provider. */
  relayOf(from: SimulatedProvider, life: Life, blobs: BlobStore): Relay {
    return {
      deliver: async (message, destination) => {
        const bytes = await collectSegments(blobs, message.content, message.size);
        if (bytes.length !== message.size) throw new Error('the content has not the size it was queued with');
        const answer = await this.#exchange(from, life, { message, bytes, destination });
        return answer ?? failAll(message, 0, 'no answer');
      },
      close: async () => undefined,
    };
  }

  /** Hands something to a provider as any computer can; what becomes of it nobody hears. */
  inject(to: SimulatedProvider, wire: Wire): void {
    this.#arrive(to, wire, { whole: true, answer: () => undefined });
  }

  async #exchange(
    from: SimulatedProvider,
    life: Life,
    {
      message,
      bytes,
      destination,
    }: { message: OutgoingMessage; bytes: Uint8Array; destination: Destination },
  ): Promise<Answer> {
    const { scheduler, conditions, random, findProvider } = this.#place;
    await scheduler.wait(1 + random.fraction() * 40, life, 'connect');
    const to = findProvider(destination.domain);
    if (to === undefined) return this.#askOutside(message, life, destination.domain);
    if (conditions.isCut(from.number, to.number)) {
      conditions.count('network: partition');
      return this.#giveUp(life, 30_000);
    }
    if (to.serving === undefined || conditions.strikes('refused', random)) return this.#giveUp(life, 100);
    if (conditions.strikes('lost', random)) return this.#giveUp(life, patience);
    this.handedOver.add(fingerprint(bytes));
    const tampered = this.toTamper > 0;
    if (tampered) this.toTamper -= 1;
    const { reversePath, recipients } = message;
    const wire = { reversePath, recipients, bytes: tampered ? tamper(bytes, random) : bytes };
    this.#remember(wire);
    if (conditions.strikes('doubled', random)) {
      const again = random.pick([10, 5000, 20 * minute, 200 * minute]) * random.fraction();
      scheduler.after(again, scheduler.nature, 'doubled', () => this.inject(to, wire));
    }
    const whole = !conditions.strikes('cut', random);
    const answerLost = conditions.strikes('answerLost', random) || tampered;
    const back = 1 + random.fraction() * 20 + conditions.lateness(random);
    await scheduler.wait(random.fraction() * 20 + conditions.lateness(random), life, 'send');
    return new Promise((resolve) => {
      scheduler.after(patience, life, 'no answer', () => resolve(undefined));
      this.#arrive(to, wire, {
        whole,
        answer: (results) => {
          if (answerLost || conditions.isCut(to.number, from.number)) return;
          scheduler.after(back, life, 'answer', () => resolve(results));
        },
      });
    });
  }

  /** The transaction at the other side: an event of that provider's life. */
  #arrive(
    to: SimulatedProvider,
    wire: Wire,
    { whole, answer }: { readonly whole: boolean; readonly answer: (results: Answer) => void },
  ): void {
    const { serving } = to;
    if (serving === undefined) return;
    const { scheduler, random } = this.#place;
    scheduler.after(random.fraction(), serving.life, `arrival ${wire.bytes.length}`, () => {
      if (whole) this.arrivals += 1;
      const checkAnswer = watchReception(to, serving, wire);
      const heard = (results: Answer) => {
        checkAnswer(results);
        answer(results);
      };
      void receive(serving, wire, { whole, scheduler, random }).then(heard, (error: unknown) => {
        to.world.report(to, `unexpected error at arrival: ${error instanceof Error ? error.stack : error}`);
      });
    });
  }

  async #giveUp(life: Life, longest: number): Promise<undefined> {
    const { scheduler, random } = this.#place;
    await scheduler.wait(random.fraction() * longest, life, 'gave up');
    return undefined;
  }

  /** Servers of ordinary mail: one takes everything, one only at times, one nothing. */
  async #askOutside(message: OutgoingMessage, life: Life, domain: string): Promise<Answer> {
    const { scheduler, conditions, random } = this.#place;
    await scheduler.wait(random.fraction() * 100, life, 'ordinary server');
    if (conditions.strikes('refused', random)) return undefined;
    const [takes, slow] = ordinaryDomains;
    if (domain === takes || (domain === slow && random.chance(0.1)))
      return message.recipients.map((recipient) => say(recipient, 250, '2.0.0', 'taken'));
    return domain === slow ? failAll(message, 451, 'later') : failAll(message, 550, 'nobody here');
  }

  #remember(wire: Wire): void {
    const { random } = this.#place;
    if (this.seen.length < remembered) this.seen.push(wire);
    else this.seen[random.integer(0, remembered - 1)] = wire;
  }
}

interface Reception {
  readonly whole: boolean;
  readonly scheduler: Scheduler;
  readonly random: Random;
}

/** The SMTP dialogue: which recipients are let in, then the bytes. */
async function receive(serving: Serving, wire: Wire, reception: Reception): Promise<Answer> {
  const results: RelayResult[] = [];
  const accepted: string[] = [];
  for (const recipient of wire.recipients) {
    try {
      await serving.incoming.checkRecipient(recipient);
      accepted.push(recipient);
    } catch (error) {
      results.push(toResult(recipient, error));
    }
  }
  if (accepted.length === 0) return results;
  try {
    const { text } = await serving.incoming.receive({
      client: { address: '192.0.2.1', helo: 'peer.test', tls: 'TLSv1.3' },
      reversePath: wire.reversePath,
      recipients: accepted,
      source: stream(serving, wire.bytes, reception),
    });
    return [...results, ...accepted.map((recipient) => say(recipient, 250, '2.0.0', text))];
  } catch (error) {
    return reception.whole
      ? [...results, ...accepted.map((recipient) => toResult(recipient, error))]
      : undefined;
  }
}

/** Bytes as they come from the wire, in pieces; one that is cut never ends as it should. */
export async function* stream(
  { life }: Pick<Serving, 'life'>,
  bytes: Uint8Array,
  { whole, scheduler, random }: Reception,
): AsyncGenerator<Uint8Array> {
  const end = whole ? bytes.length : random.integer(0, bytes.length - 1);
  for (let at = 0; at < end; ) {
    const next = Math.min(end, at + random.integer(1, 65_536));
    yield bytes.subarray(at, next);
    at = next;
    if (at < end) await scheduler.wait(random.fraction() * 5, life, 'bytes');
  }
  if (!whole) throw new MailError('temporary', 'The connection broke', { code: 451, enhanced: '4.4.2' });
}

/** @throws what no edge can answer. */
function toResult(recipient: string, error: unknown): RelayResult {
  if (!(error instanceof MailError)) throw error;
  const { code, enhanced } = error.smtp;
  return say(recipient, code, enhanced, error.publicText);
}

function failAll({ recipients }: OutgoingMessage, code: number, text: string): RelayResult[] {
  return recipients.map((recipient) => say(recipient, code, code >= 500 ? '5.0.0' : '4.0.0', text));
}

function say(recipient: string, code: number, enhanced: string, text: string): RelayResult {
  const outcome = code >= 500 ? 'permanent' : code >= 200 && code < 300 ? 'delivered' : 'temporary';
  return { recipient, outcome, code, enhanced, text, server: 'mx.test' };
}

/**
 * SHA-256 of the header and of what is signed. What surrounds the signed part (the closing boundary, the line breaks of
 * the signature) vouches for nothing, and a byte changed there spoils no proof.
 */
export function fingerprint(bytes: Uint8Array): string {
  const header = parseHeaderBlock(bytes);
  const type = parseContentType(firstField(header, 'Content-Type')?.value ?? '');
  const { boundary } = type?.parameters ?? {};
  const digest = createHash('sha256');
  if (boundary === undefined) return digest.update(bytes).digest('hex');
  const delimiter = `\r\n--${boundary}\r\n`;
  const message = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  // The preamble may be empty: then the line break before the first delimiter is the one that ends the header.
  const first = message.indexOf(delimiter, header.bodyStart - 2, 'latin1');
  const start = first + delimiter.length;
  const end = first < 0 ? -1 : message.indexOf(delimiter, start - 2, 'latin1');
  return digest
    .update(bytes.subarray(0, header.bodyStart))
    .update(end < 0 ? bytes.subarray(header.bodyStart) : bytes.subarray(start, end))
    .digest('hex');
}

/** One letter of the message, somewhere after its header. */
export function tamper(bytes: Uint8Array, random: Random): Uint8Array {
  const changed = Uint8Array.from(bytes);
  const { bodyStart } = parseHeaderBlock(changed);
  const letters = [...changed.keys()].filter((at) => at > bodyStart + 600 && (changed[at] ?? 0) > 64);
  if (letters.length === 0) return changed;
  const at = random.pick(letters);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}
