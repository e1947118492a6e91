/**
 * The people who send: each message is submitted until it is answered, as mail programs do. A client that hears no
 * answer sends the same bytes again; what it was answered 250 is what the provider must answer for.
 */
import { createHash } from 'node:crypto';
import { MailError } from '../src/lib/mail-error.ts';
import { buildClientMessage } from './client-message.ts';
import { stream } from './network.ts';
import { minute, type PlannedMessage } from './plan.ts';
import type { SimulatedProvider } from './provider.ts';
import type { Random } from './random.ts';
import type { Life } from './scheduler.ts';
import type { World } from './world.ts';

/** What became of one planned message. */
export interface Sent {
  readonly message: PlannedMessage;
  readonly sha256: string;
  /** Identificativo of each 250 that the client heard. */
  readonly answered: string[];
  /** The text of a refusal for good. */
  refused: string | undefined;
  tries: number;
  /** The client came again while its last try was still under way. */
  overlapped: boolean;
}

/** What a client hears: an identificativo, a refusal, or nothing in time. */
type Heard =
  | { readonly kind: 'taken'; readonly identificativo: string; readonly answered: () => Promise<void> }
  | { readonly kind: 'refused'; readonly error: MailError }
  | { readonly kind: 'nothing' };

const patience = 10 * minute;
const mostTries = 80;

export class Clients {
  readonly sent = new Map<number, Sent>();
  readonly #world: World;
  readonly #random: Random;
  /** Processes that have a try of a message in hands. */
  readonly #underWay = new Map<number, Set<Life>>();

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  submit(message: PlannedMessage): void {
    const bytes = buildClientMessage(message, this.#random.fork(`message ${message.id}`));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const sent: Sent = { message, sha256, answered: [], refused: undefined, tries: 0, overlapped: false };
    this.sent.set(message.id, sent);
    void this.#sendUntilAnswered(sent, bytes);
  }

  async #sendUntilAnswered(sent: Sent, bytes: Uint8Array): Promise<void> {
    const { scheduler } = this.#world;
    const { message } = sent;
    while (sent.tries < mostTries) {
      sent.tries += 1;
      const heard = await this.#sendOnce(sent, bytes);
      if (heard.kind === 'taken') {
        sent.answered.push(heard.identificativo);
        scheduler.note(`client ${message.id} taken as ${heard.identificativo}`);
        return;
      }
      if (heard.kind === 'refused' && heard.error.smtp.code >= 500) {
        sent.refused = heard.error.publicText;
        return;
      }
      const pause = this.#random.integer(200, 10 * minute);
      await scheduler.wait(pause, scheduler.nature, `client ${message.id} comes again`);
    }
  }

  #sendOnce(sent: Sent, bytes: Uint8Array): Promise<Heard> {
    const { scheduler, conditions } = this.#world;
    const { message } = sent;
    const provider = this.#world.providerOf(message.from);
    if (provider?.serving === undefined) return Promise.resolve({ kind: 'nothing' });
    const { life } = provider.serving;
    if ([...(this.#underWay.get(message.id) ?? [])].some(({ alive }) => alive)) sent.overlapped = true;
    return new Promise((resolve) => {
      let gone = false;
      scheduler.after(patience, scheduler.nature, `client ${message.id} tired`, () => {
        gone = true;
        resolve({ kind: 'nothing' });
      });
      scheduler.after(this.#random.fraction() * 5, life, `submission ${message.id}`, () => {
        void this.#serve(provider, message, bytes).then((heard) => {
          // Whoever has hung up hears nothing, and the server sees that.
          if (heard === undefined || gone) return;
          if (heard.kind === 'taken' && conditions.strikes('answerLost', this.#random)) return;
          scheduler.after(this.#random.fraction() * 20, scheduler.nature, `answer ${message.id}`, () =>
            resolve(heard),
          );
          if (heard.kind === 'taken') void this.#noteAnswered(provider, heard);
        });
      });
    });
  }

  async #noteAnswered(provider: SimulatedProvider, heard: Extract<Heard, { kind: 'taken' }>): Promise<void> {
    try {
      await heard.answered();
    } catch (error) {
      if (!(error instanceof MailError)) this.#world.report(provider, `unexpected error: ${error}`);
    }
  }

  /** The dialogue at the access point; undefined for what is a bug. */
  async #serve(
    provider: SimulatedProvider,
    message: PlannedMessage,
    bytes: Uint8Array,
  ): Promise<Heard | undefined> {
    const { serving } = provider;
    if (serving === undefined) return undefined;
    const { scheduler } = this.#world;
    const { life } = serving;
    const holders = this.#underWay.get(message.id) ?? new Set<Life>();
    this.#underWay.set(message.id, holders.add(life));
    try {
      const answer = await serving.access.submit({
        login: { name: message.from, mailboxId: findLoginId(provider, message.from) },
        client: { address: '198.51.100.1', helo: 'pc', tls: 'TLSv1.3' },
        reversePath: message.from,
        recipients: [...message.to, ...message.cc],
        source: stream(serving, bytes, { whole: true, scheduler, random: this.#random }),
      });
      return { kind: 'taken', ...answer };
    } catch (error) {
      if (error instanceof MailError) return { kind: 'refused', error };
      this.#world.report(provider, `unexpected error: ${error instanceof Error ? error.stack : error}`);
      return undefined;
    } finally {
      holders.delete(life);
    }
  }
}

/** Of a session that may be older than the removal of its mailbox. */
function findLoginId({ rows }: SimulatedProvider, address: string): number {
  const row = rows.get<{ id: number }>('SELECT id FROM mailbox WHERE address_key = ?', [
    address.toLowerCase(),
  ]);
  return row?.id ?? 0;
}
