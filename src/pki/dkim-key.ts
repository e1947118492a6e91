/** Keys for DKIM (RFC 6376): made here, published in the DNS by whoever runs the provider's zone. */
import { exportKey, generateRsaKey, importKey, publicKeyOf } from './certificate.ts';

/** A new RSA-2048 key, PKCS#8 PEM: what every verifier takes (RFC 8301 §3.2). */
export async function makeDkimKey(): Promise<string> {
  return exportKey(await generateRsaKey());
}

export interface DkimRecord {
  /** Without a final dot. */
  readonly name: string;
  /** Of the TXT record, in one piece. */
  readonly value: string;
}

/**
 * The DNS record with the public half of the key (RFC 6376 §3.6.1).
 * @throws {Error} when the key cannot be read or is not RSA.
 */
export function buildDkimRecord(keyPem: string, selector: string, domain: string): DkimRecord {
  const key = importKey(keyPem);
  if (key.asymmetricKeyType !== 'rsa') throw new Error('The DKIM key must be an RSA key.');
  const publicKey = publicKeyOf(key).export({ type: 'spki', format: 'der' }).toString('base64');
  return { name: `${selector}._domainkey.${domain}`, value: `v=DKIM1; k=rsa; p=${publicKey}` };
}

/** As a line of a zone file: a TXT record holds strings of at most 255 bytes (RFC 1035 §3.3.14). */
export function formatZoneLine({ name, value }: DkimRecord): string {
  const strings = (value.match(/.{1,250}/g) ?? []).map((piece) => `"${piece}"`);
  return `${name}. IN TXT ( ${strings.join(' ')} )`;
}
