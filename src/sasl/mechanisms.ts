/**
 * The SASL mechanisms that the edges offer, as exchanges of challenges and responses already out of base64; a new
 * one is a function and a line in the list. Whom a name stands for is asked of {@link Credentials}.
 */
import type { ChannelBindings } from './channel-binding.ts';
import {
  buildServerFirst,
  type ClientFirst,
  checkClientFinal,
  parseClientFirst,
  SaslProblem,
  type ScramKeys,
} from './scram.ts';

/** What a client must know, asked of the accounts by name; `L` is whatever a proven login is. */
export interface Credentials<L> {
  /** Undefined for a wrong name or password. */
  byPassword(name: string, password: string): Promise<L | undefined>;
  /** Keys for any name: those of one that is not there are as good as any, and are proved by nobody. */
  byKeys(name: string): Promise<KeysOffer<L>>;
}

export interface KeysOffer<L> {
  readonly keys: ScramKeys;
  /** Called once the client has proved itself; undefined when the login may not be used all the same. */
  accept(): Promise<L | undefined>;
  /** Further passwords of the name, each with the same salt and iterations: any of them may be proved. */
  readonly others?: readonly KeysOffer<L>[];
}

export interface SaslExchange {
  /** The initial response if the client sent one. */
  readonly initial: Uint8Array | undefined;
  /** What can be bound to; undefined without TLS. */
  readonly channel: ChannelBindings | undefined;
  /** Printable ASCII without a comma, never the same twice. */
  readonly nonce: () => string;
  /** Sends a challenge and waits for the response. */
  challenge(bytes: Uint8Array): Promise<Uint8Array>;
}

export interface SaslResult<L> {
  /** What the client called itself; for the log. */
  readonly name: string;
  /** Undefined when name or proof were wrong. */
  readonly login: L | undefined;
}

export interface SaslMechanism {
  /** In upper case. */
  readonly name: string;
  /** It binds to the TLS connection, so there must be something to bind to. */
  readonly binds: boolean;
  /** @throws {SaslProblem} for a response the mechanism does not allow. */
  readonly run: <L>(exchange: SaslExchange, credentials: Credentials<L>) => Promise<SaslResult<L>>;
}

/** Best first. */
export const mechanisms: readonly SaslMechanism[] = [
  {
    name: 'SCRAM-SHA-256-PLUS',
    binds: true,
    run: (exchange, credentials) => runScram(exchange, credentials, true),
  },
  {
    name: 'SCRAM-SHA-256',
    binds: false,
    run: (exchange, credentials) => runScram(exchange, credentials, false),
  },
  { name: 'PLAIN', binds: false, run: runPlain },
];

/** Those that the connection allows, best first. */
export function listMechanisms(channel: ChannelBindings | undefined): readonly SaslMechanism[] {
  const bindable = channel !== undefined && channel.size > 0;
  return mechanisms.filter(({ binds }) => !binds || bindable);
}

/** The bytes of a base64 response. @throws {SaslProblem} (RFC 5034 §4: any other character must be refused) */
export function decodeResponse(text: string): Uint8Array {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
    throw new SaslProblem('Base64 is expected');
  }
  return Buffer.from(text, 'base64');
}

/** SASL PLAIN (RFC 4616): `[authzid] NUL authcid NUL passwd`. */
async function runPlain<L>(exchange: SaslExchange, credentials: Credentials<L>): Promise<SaslResult<L>> {
  const fields = decodeText(await readFirst(exchange)).split('\0');
  if (fields.length !== 3) throw new SaslProblem('PLAIN wants authorization name, NUL, name, NUL, password');
  const [acting = '', name = '', password = ''] = fields;
  // Acting for somebody else is not offered; naming oneself is harmless.
  if (acting !== '' && acting !== name) return { name, login: undefined };
  return { name, login: await credentials.byPassword(name, password) };
}

async function runScram<L>(
  exchange: SaslExchange,
  credentials: Credentials<L>,
  plus: boolean,
): Promise<SaslResult<L>> {
  const first = parseClientFirst(decodeText(await readFirst(exchange)));
  const channel = chooseBinding(first, exchange.channel, plus);
  const { name } = first;
  if (first.authorizationName !== '' && first.authorizationName !== name) return { name, login: undefined };
  const offer = await credentials.byKeys(name);
  const serverFirst = buildServerFirst(first, exchange.nonce(), offer.keys);
  const final = decodeText(await exchange.challenge(Buffer.from(serverFirst)));
  for (const { keys, accept } of [offer, ...(offer.others ?? [])]) {
    const serverFinal = checkClientFinal({ first, serverFirst, final, channel }, keys);
    if (serverFinal === undefined) continue;
    const login = await accept();
    // The server proves itself only to who has proved himself; the client answers with nothing.
    if (login !== undefined) await exchange.challenge(Buffer.from(serverFinal));
    return { name, login };
  }
  return { name, login: undefined };
}

/** RFC 5802 §6. @throws {SaslProblem} when somebody between us has changed the list of mechanisms, or might have. */
function chooseBinding(
  { binding }: ClientFirst,
  channel: ChannelBindings | undefined,
  plus: boolean,
): Uint8Array | undefined {
  const offered = channel !== undefined && channel.size > 0;
  if (binding === 'y' && offered)
    throw new SaslProblem('Channel binding is offered: somebody has changed the list of mechanisms');
  if (typeof binding === 'string') {
    if (plus) throw new SaslProblem('A mechanism in -PLUS needs channel binding');
    return undefined;
  }
  if (!plus) throw new SaslProblem('Channel binding needs the mechanism in -PLUS');
  const bytes = channel?.get(binding.type);
  if (bytes === undefined)
    throw new SaslProblem(
      `There is no channel binding ${binding.type}; use ${[...(channel?.keys() ?? [])].join(' or ')}`,
    );
  return bytes;
}

async function readFirst(exchange: SaslExchange): Promise<Uint8Array> {
  return exchange.initial ?? (await exchange.challenge(new Uint8Array()));
}

/** UTF-8; what is none is taken as Latin-1, as some programs send it. */
function decodeText(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('utf8');
  return text.includes('\uFFFD') ? Buffer.from(bytes).toString('latin1') : text;
}
