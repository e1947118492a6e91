/**
 * The relay over SMTP: finds the destination's hosts, opens or reuses a session, hands one message over, and
 * says for each recipient what became of it. It promises:
 * - the bytes of the content, unchanged, or nothing (see peer.ts);
 * - `permanent` only when a peer refused for good, or the message can never be sent there; whatever may be
 *   different tomorrow is `temporary`;
 * - a message whose fate is not known (the session broke after the final dot) is `temporary`: sending it again
 *   is harmless between certified providers, losing it is not (RFC 5321 §6.1);
 * - it never rejects, never waits without a limit, and sends nothing in clear where TLS is required.
 */
import { MailError } from '../lib/mail-error.ts';
import type { Segments } from '../lib/segments.ts';
import { Destination as DestinationSessions } from './destination.ts';
import {
  openPeer,
  type Peer,
  PeerOpenError,
  type PeerOutcome,
  type PeerTimeouts,
  type TlsUse,
} from './peer.ts';
import type { Destination, OutgoingMessage, Relay, RelayResult } from './relay.ts';
import { failureOf, type Verdict } from './replies.ts';
import type { MailHost, MailResolver } from './resolver.ts';

export interface SmtpRelayOptions {
  /** Our name, for EHLO. */
  readonly hostname: string;
  readonly resolver: MailResolver;
  /** Reads the content's bytes; asked once an attempt. */
  readonly read: (content: Segments) => AsyncIterable<Uint8Array>;
  /** PEM certificates trusted where TLS is required; undefined: those that Node.js brings. */
  readonly ca?: readonly string[];
  readonly localAddress?: string;
  readonly connectionsPerDestination?: number;
  readonly messagesPerConnection?: number;
  readonly idleMs?: number;
  readonly timeouts?: Partial<PeerTimeouts>;
  /**
   * Longest time one delivery may take, waiting for its turn included; a queue's lease must be longer, by the
   * time that opening one session may take.
   */
  readonly deliverMs?: number;
  /** How long `close` waits for what is under way. */
  readonly closeMs?: number;
}

const DEFAULT_TIMEOUTS: PeerTimeouts = {
  connectMs: 30_000,
  greetingMs: 2 * 60_000,
  commandMs: 5 * 60_000,
  dataMs: 3 * 60_000,
  finalMs: 10 * 60_000,
};

/** RFC 5321 §5.1 leaves the number of hosts tried to us; more than this only costs time. */
const MOST_ADDRESSES = 6;

export function createSmtpRelay(options: SmtpRelayOptions): Relay {
  return new SmtpRelay(options);
}

class SmtpRelay implements Relay {
  readonly #options: SmtpRelayOptions;
  readonly #timeouts: PeerTimeouts;
  readonly #destinations = new Map<string, DestinationSessions>();
  readonly #underWay = new Set<Promise<unknown>>();
  #closed = false;

  constructor(options: SmtpRelayOptions) {
    this.#options = options;
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts };
  }

  async deliver(message: OutgoingMessage, destination: Destination): Promise<readonly RelayResult[]> {
    const senderFits = fitsPath(message.reversePath);
    const recipients = [...new Set(message.recipients)].filter((path) => senderFits && fitsPath(path));
    const work =
      recipients.length === 0
        ? Promise.resolve(failAll(message, UNFIT))
        : this.#deliverInTurn({ ...message, recipients }, destination);
    this.#underWay.add(work);
    try {
      const { verdicts, server } = await work;
      return message.recipients.map((recipient) => {
        const verdict = verdicts.get(recipient) ?? UNFIT;
        return { recipient, ...verdict, ...(server === undefined ? {} : { server }) };
      });
    } finally {
      this.#underWay.delete(work);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const sessions of this.#destinations.values()) sessions.closeIdle();
    const cut = setTimeout(() => {
      for (const sessions of this.#destinations.values()) sessions.destroyAll();
    }, this.#options.closeMs ?? 10_000);
    await Promise.allSettled(this.#underWay);
    clearTimeout(cut);
  }

  async #deliverInTurn(message: OutgoingMessage, destination: Destination): Promise<Delivery> {
    const key = `${destination.domain.toLowerCase()} ${destination.requireTls}`;
    const sessions = this.#destinations.get(key) ?? this.#newDestination();
    this.#destinations.set(key, sessions);
    const signal = AbortSignal.timeout(this.#options.deliverMs ?? 25 * 60_000);
    const run: Run = { message, destination, sessions, signal };
    try {
      return await sessions.runInTurn(() => this.#deliverNow(run), signal);
    } catch (error) {
      return failAll(message, verdictOfError(error));
    } finally {
      if (sessions.unused) this.#destinations.delete(key);
    }
  }

  #newDestination(): DestinationSessions {
    return new DestinationSessions({
      connections: this.#options.connectionsPerDestination ?? 10,
      messagesPerConnection: this.#options.messagesPerConnection ?? 100,
      idleMs: this.#options.idleMs ?? 5000,
    });
  }

  async #deliverNow(run: Run): Promise<Delivery> {
    const { message, destination, sessions } = run;
    if (this.#closed) return failAll(message, failureOf('temporary', '4.3.2', 'The relay is stopping'));
    for (let reused = sessions.takeIdle(); reused !== undefined; reused = sessions.takeIdle()) {
      const { verdicts, untouched } = await this.#sendOver(reused, run);
      // The peer had ended the idle session meanwhile; it saw nothing of this message.
      if (!untouched) return { verdicts, server: reused.server };
    }
    const peer = await this.#open(destination, run.signal);
    const { verdicts } = await this.#sendOver(peer, run);
    return { verdicts, server: peer.server };
  }

  async #sendOver(peer: Peer, { message, sessions, signal }: Run): Promise<PeerOutcome> {
    sessions.markBusy(peer);
    const verdicts = new Map<string, Verdict>();
    let recipients = message.recipients;
    try {
      while (true) {
        const content = this.#options.read(message.content);
        const outcome = await peer.send({ ...message, recipients, content }, signal);
        for (const [recipient, verdict] of outcome.verdicts) verdicts.set(recipient, verdict);
        recipients = leftOver(outcome.verdicts);
        if (recipients.length === 0 || !peer.usable) return { verdicts, untouched: outcome.untouched };
      }
    } finally {
      sessions.putBack(peer);
    }
  }

  /** A session with the first host that begins one. @throws {MailError | PeerOpenError} */
  async #open(destination: Destination, signal: AbortSignal): Promise<Peer> {
    const { resolver } = this.#options;
    const hosts = await resolver.findHosts(destination.domain);
    let failure: unknown;
    let tried = 0;
    for (const host of hosts) {
      try {
        for (const address of await resolver.findAddresses(host)) {
          if (++tried > MOST_ADDRESSES) throw failure;
          const opened = await this.#tryAddress(host, address, destination.requireTls);
          if (!(opened instanceof PeerOpenError)) return opened;
          failure = opened;
        }
      } catch (error) {
        // One host without an address is no verdict on the domain while another may answer.
        failure = moreHopeful(failure, error);
      }
      if (this.#closed || signal.aborted) break;
    }
    throw failure;
  }

  async #tryAddress(host: MailHost, address: string, requireTls: boolean): Promise<Peer | PeerOpenError> {
    const opened = await this.#openWith(host, address, requireTls ? 'required' : 'if-offered');
    // Opportunistic: what cannot be encrypted goes in clear, as it would to a host that offers no TLS.
    const fallBack = opened instanceof PeerOpenError && opened.stage === 'tls' && !requireTls;
    return fallBack ? this.#openWith(host, address, 'never') : opened;
  }

  async #openWith(host: MailHost, address: string, tls: TlsUse): Promise<Peer | PeerOpenError> {
    const { hostname, ca, localAddress } = this.#options;
    const target = { host: host.host, address, port: host.port };
    try {
      return await openPeer(target, { hostname, tls, ca, localAddress, timeouts: this.#timeouts });
    } catch (error) {
      if (error instanceof PeerOpenError) return error;
      throw error;
    }
  }
}

/** One delivery on its way. */
interface Run {
  readonly message: OutgoingMessage;
  readonly destination: Destination;
  readonly sessions: DestinationSessions;
  readonly signal: AbortSignal;
}

interface Delivery {
  readonly verdicts: ReadonlyMap<string, Verdict>;
  readonly server: string | undefined;
}

/** nodemailer refuses a whole envelope for one such path, legal as it may be between quotes. */
function fitsPath(path: string): boolean {
  return /^[\x20-\x7e]*$/.test(path) && !/[<>]|^ | $/.test(path);
}

const UNFIT = failureOf('permanent', '5.1.3', 'The address cannot be used in an SMTP envelope');

function failAll(message: OutgoingMessage, verdict: Verdict): Delivery {
  return {
    verdicts: new Map(message.recipients.map((recipient) => [recipient, verdict])),
    server: undefined,
  };
}

/**
 * Recipients beyond the peer's limit go in a next transaction at once (RFC 5321 §4.5.3.1.10), provided that
 * this one took some: else nothing would be gained.
 */
function leftOver(verdicts: ReadonlyMap<string, Verdict>): string[] {
  const all = [...verdicts];
  if (!all.some(([, verdict]) => verdict.outcome === 'delivered')) return [];
  return all.filter(([, verdict]) => isTooMany(verdict)).map(([recipient]) => recipient);
}

function isTooMany(verdict: Verdict): boolean {
  return verdict.outcome === 'temporary' && (verdict.enhanced === '4.5.3' || verdict.code === 552);
}

/** Between two failures the one that may pass. */
function moreHopeful(before: unknown, now: unknown): unknown {
  if (before === undefined) return now;
  return verdictOfError(before).outcome === 'temporary' ? before : now;
}

function verdictOfError(error: unknown): Verdict {
  if (error instanceof PeerOpenError) return error.verdict;
  if (error instanceof MailError) {
    const outcome = error.kind === 'permanent' ? 'permanent' : 'temporary';
    return failureOf(outcome, error.smtp.enhanced, error.publicText);
  }
  return failureOf(
    'temporary',
    '4.3.0',
    `Internal error: ${error instanceof Error ? error.message : String(error)}`,
  );
}
