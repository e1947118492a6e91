/** The client's side of SCRAM-SHA-256 (RFC 5802), written apart from the server's, for tests. */
import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import type { TLSSocket } from 'node:tls';

const hmac = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest();

export interface ScramWishes {
  readonly name: string;
  readonly password: string;
  /** `n,,` or `y,,` or `p=tls-exporter,,` */
  readonly header?: string;
  /** Bytes of the channel, with `p=`. */
  readonly channel?: Uint8Array;
  readonly nonce?: string;
}

export class ScramClient {
  readonly #wishes: ScramWishes;
  readonly #bare: string;
  #signature = '';

  constructor(wishes: ScramWishes) {
    this.#wishes = wishes;
    const name = wishes.name.replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#bare = `n=${name},r=${wishes.nonce ?? 'fyko+d2lbbFgONRv9qkxdawL'}`;
  }

  get first(): string {
    return `${this.#wishes.header ?? 'n,,'}${this.#bare}`;
  }

  /** The last message, for what the server said. */
  answer(serverFirst: string): string {
    const [, nonce = '', salt = '', rounds = ''] = /^r=([^,]+),s=([^,]+),i=(\d+)$/.exec(serverFirst) ?? [];
    const { header = 'n,,', channel = new Uint8Array(), password } = this.#wishes;
    const binding = Buffer.concat([Buffer.from(header), channel]).toString('base64');
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(rounds), 32, 'sha256');
    const clientKey = hmac(salted, 'Client Key');
    const withoutProof = `c=${binding},r=${nonce}`;
    const authMessage = `${this.#bare},${serverFirst},${withoutProof}`;
    const signature = hmac(createHash('sha256').update(clientKey).digest(), authMessage);
    const proof = clientKey.map((byte, at) => byte ^ (signature[at] ?? 0));
    this.#signature = hmac(hmac(salted, 'Server Key'), authMessage).toString('base64');
    return `${withoutProof},p=${Buffer.from(proof).toString('base64')}`;
  }

  /** The server knows the password too; the empty answer to it. */
  checkServer(serverFinal: string): string {
    assert.equal(serverFinal, `v=${this.#signature}`);
    return '';
  }
}

/** What a client knows of its connection. */
export function bindingOf(socket: TLSSocket, type: string): Uint8Array {
  if (type === 'tls-exporter')
    return socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0));
  return createHash('sha256').update(socket.getPeerCertificate().raw).digest();
}
