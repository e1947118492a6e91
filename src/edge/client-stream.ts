/**
 * One client's TCP connection as the line protocols use it: bytes in and out, the switch to TLS, time limits.
 * What the bytes mean is the edge's business.
 */
import type { Socket } from 'node:net';
import type { Duplex, Readable, Writable } from 'node:stream';
import { type SecureContext, TLSSocket } from 'node:tls';
import { type ChannelBindings, readChannelBindings } from '../sasl/channel-binding.ts';
import { ByteInput } from './byte-input.ts';
import { Output } from './output.ts';

/** Something was sent on in clear before TLS: it would be taken for protected (STARTTLS injection). */
export class InjectedBeforeTls extends Error {
  constructor() {
    super('Nothing may follow the wish for TLS before TLS is on');
    this.name = 'InjectedBeforeTls';
  }
}

/** The TLS handshake failed: nothing can be said to this client any more. */
export class HandshakeFailed extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'HandshakeFailed';
  }
}

export interface TlsTerms {
  readonly context: SecureContext;
  /** Name of the protocol in ALPN (RFC 7301), e.g. `imap`. */
  readonly protocol: string;
}

export class ClientStream {
  readonly input: ByteInput;
  readonly out: Output;
  /** Told why the connection ended, when it failed by itself. */
  onFailure: (reason: string) => void = () => undefined;
  #stream: Duplex;
  /** What stands before the stream towards the client, e.g. a compressor. */
  #filter: Writable | undefined;
  #secure: TLSSocket | undefined;
  #handshaking = false;
  #channel: ChannelBindings | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param unskippable see {@link ByteInput} */
  constructor(socket: Socket, unskippable?: RegExp) {
    this.input = new ByteInput(unskippable);
    this.out = new Output(socket);
    this.#stream = socket;
    this.#attach(socket);
  }

  /** The TLS layer, once the handshake is over. */
  get tls(): TLSSocket | undefined {
    return this.#secure;
  }

  /** What a login can be bound to; undefined without TLS. */
  get channel(): ChannelBindings | undefined {
    if (this.#secure !== undefined) this.#channel ??= readChannelBindings(this.#secure);
    return this.#channel;
  }

  get handshaking(): boolean {
    return this.#handshaking;
  }

  get filtered(): boolean {
    return this.#filter !== undefined;
  }

  get destroyed(): boolean {
    return this.#stream.destroyed;
  }

  /** @throws {InjectedBeforeTls} {@link HandshakeFailed} */
  async startTls({ context, protocol }: TlsTerms): Promise<void> {
    const plain = this.#stream as Socket;
    if (this.input.size > 0) throw new InjectedBeforeTls();
    this.#detach(plain);
    const secure = new TLSSocket(plain, {
      isServer: true,
      secureContext: context,
      ALPNProtocols: [protocol],
    });
    this.#stream = secure;
    this.#handshaking = true;
    try {
      await handshake(secure);
    } catch (error) {
      throw new HandshakeFailed(String((error as Error).message));
    } finally {
      this.#handshaking = false;
    }
    this.#secure = secure;
    this.#attach(secure);
    this.out.redirect(secure);
  }

  /** Puts something between the stream and us. `make` gets the stream and the bytes that came already. */
  async filter(
    make: (stream: Duplex, early: Uint8Array) => { readonly input: Readable; readonly output: Writable },
  ): Promise<void> {
    await this.out.drained();
    const stream = this.#stream;
    this.#detach(stream);
    const { input, output } = make(stream, this.input.takeAll());
    this.#filter = output;
    input.on('data', this.#onData).on('end', this.#onEnd).on('error', this.#onError);
    stream.on('close', this.#onEnd);
    output.on('error', this.#onError);
    this.input.follow(input);
    this.out.redirect(output);
  }

  /** Does `action` in so many milliseconds, instead of what was planned before. */
  plan(ms: number, action: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, ms).unref();
  }

  /** Calls `stalled` when the client neither reads nor sends for so long though it is waited for. */
  watchStall(ms: number, stalled: () => void): void {
    let seen = -1;
    const look = () => {
      const moved = this.out.taken + this.input.received;
      const waits = this.out.full || this.input.awaited;
      if (waits && moved === seen) stalled();
      else this.plan(ms, look);
      seen = moved;
    };
    this.plan(ms, look);
  }

  /** Nothing more is sent; what was handed over still goes out. */
  end(): void {
    this.out.flush();
    // A filter ends the stream behind it when its last bytes are out.
    (this.#filter ?? this.#stream).end();
  }

  destroy(): void {
    this.input.end();
    this.#stream.destroy();
  }

  /** The end, in order. A client that does not close its side must not keep the connection. */
  finish(): void {
    clearTimeout(this.#timer);
    this.end();
    setTimeout(() => this.#stream.destroy(), 5_000).unref();
  }

  #attach(stream: Duplex): void {
    stream
      .on('data', this.#onData)
      .on('end', this.#onEnd)
      .on('close', this.#onEnd)
      .on('error', this.#onError);
    this.input.follow(stream);
  }

  #detach(stream: Duplex): void {
    stream.off('data', this.#onData).off('end', this.#onEnd).off('close', this.#onEnd);
    this.input.follow(undefined);
  }

  readonly #onData = (chunk: Uint8Array) => this.input.push(chunk);
  readonly #onEnd = () => this.input.end();
  readonly #onError = (error: Error) => {
    this.onFailure(error.message);
    this.input.end();
  };
}

/** Resolves when TLS is on. */
function handshake(secure: TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error?: Error) => reject(error ?? new Error('closed during the handshake'));
    // The listener for errors stays: one that comes late must not count as unhandled.
    secure.on('error', fail).once('close', fail);
    secure.once('secure', () => {
      secure.off('close', fail);
      resolve();
    });
  });
}
