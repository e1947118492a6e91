/**
 * SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's side as functions of values: messages read and built, keys
 * derived, proofs checked. What is stored of a password (`ScramKeys`) neither is the password nor lets anybody log
 * in who reads it.
 */
import { createHash, createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { prepareText } from './saslprep.ts';

export interface ScramKeys {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

/** A response that the mechanism does not allow; the text is for the client. */
export class SaslProblem extends Error {
  constructor(text: string) {
    super(text);
    this.name = 'SaslProblem';
  }
}

/** What the client says of channel binding: it cannot, it could but thinks the server cannot, it binds by this type. */
export type BindingFlag = 'n' | 'y' | { readonly type: string };

export interface ClientFirst {
  readonly binding: BindingFlag;
  readonly authorizationName: string;
  readonly name: string;
  readonly nonce: string;
  /** As sent, for `c=` of the final message. */
  readonly gs2Header: string;
  /** As sent, without the GS2 header. */
  readonly bare: string;
}

const hashLength = 32;
/** Unguessable parts longer than this serve nobody. */
const longestNonce = 512;

/** Salted, iterated and hashed; runs off the main thread. The password must be one that SASLprep allows. */
export async function deriveScramKeys(
  password: string,
  { salt, iterations }: { readonly salt: Uint8Array; readonly iterations: number },
): Promise<ScramKeys> {
  const salted = await new Promise<Uint8Array>((resolve, reject) => {
    pbkdf2(prepareText(password) ?? password, salt, iterations, hashLength, 'sha256', (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
  return { salt, iterations, storedKey, serverKey: hmac(salted, 'Server Key') };
}

/** `gs2-header client-first-message-bare` (RFC 5802 §7). @throws {SaslProblem} */
export function parseClientFirst(message: string): ClientFirst {
  const match =
    /^((n|y|p=([A-Za-z0-9.-]+)),(?:a=([^,]*))?,)((?:n=)([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/su.exec(
      message,
    );
  if (match === null) {
    throw new SaslProblem(
      /,,?m=/.test(message) ? 'A mandatory extension is not known' : 'The first SCRAM message is malformed',
    );
  }
  const [, gs2Header = '', flag = '', type, authorization = '', bare = '', name = '', nonce = ''] = match;
  if (nonce.length > longestNonce) throw new SaslProblem('The nonce is too long');
  return {
    binding: type === undefined ? (flag as 'n' | 'y') : { type },
    authorizationName: decodeName(authorization),
    name: decodeName(name),
    nonce,
    gs2Header,
    bare,
  };
}

/** @param serverNonce printable ASCII without a comma, never the same twice */
export function buildServerFirst(
  { nonce }: ClientFirst,
  serverNonce: string,
  { salt, iterations }: Pick<ScramKeys, 'salt' | 'iterations'>,
): string {
  return `r=${nonce}${serverNonce},s=${toBase64(salt)},i=${iterations}`;
}

export interface Exchanged {
  readonly first: ClientFirst;
  readonly serverFirst: string;
  /** The client's last message. */
  readonly final: string;
  /** Bytes that both ends of the TLS connection know, when the client binds to it. */
  readonly channel: Uint8Array | undefined;
}

/**
 * The server's last message if the client has proved that it knows the password, else undefined.
 * @throws {SaslProblem} for a malformed message, another nonce or another channel binding.
 */
export function checkClientFinal(
  { first, serverFirst, final, channel }: Exchanged,
  keys: ScramKeys,
): string | undefined {
  const match = /^(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?),p=([A-Za-z0-9+/]+={0,2})$/su.exec(
    final,
  );
  if (match === null) throw new SaslProblem('The last SCRAM message is malformed');
  const [, withoutProof = '', binding = '', nonce = '', proof = ''] = match;
  if (!serverFirst.startsWith(`r=${nonce},`)) throw new SaslProblem('The nonce is another one');
  const expected = Buffer.concat([Buffer.from(first.gs2Header), channel ?? new Uint8Array()]);
  if (!sameBytes(Buffer.from(binding, 'base64'), expected))
    throw new SaslProblem('The channel binding does not match');
  const authMessage = `${first.bare},${serverFirst},${withoutProof}`;
  const clientKey = xor(Buffer.from(proof, 'base64'), hmac(keys.storedKey, authMessage));
  const proved = createHash('sha256').update(clientKey).digest();
  return sameBytes(proved, keys.storedKey) ? `v=${toBase64(hmac(keys.serverKey, authMessage))}` : undefined;
}

/** `=2C` stands for a comma, `=3D` for an equals sign; the prepared name. @throws {SaslProblem} */
function decodeName(text: string): string {
  if (/=(?!2C|3D)/.test(text)) throw new SaslProblem('The name is malformed');
  const name = prepareText(text.replaceAll('=2C', ',').replaceAll('=3D', '='));
  if (name === undefined) throw new SaslProblem('The name has characters that are not allowed');
  return name;
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, at) => byte ^ (b[at] ?? 0));
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
