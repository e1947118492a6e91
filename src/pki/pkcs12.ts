/**
 * PKCS#12 files (RFC 7292), the form in which authorities hand out keys. Read and written with node-forge;
 * the key is checked against its certificate before it is given out. The password is used and not kept.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import forge from 'node-forge';
import { decodePem, encodePem } from '../lib/pem.ts';

/** The file cannot be used; the message says what to do. */
export class Pkcs12Error extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Pkcs12Error';
  }
}

export interface Pkcs12Content {
  /** PKCS#8, not encrypted. */
  readonly keyPem: string;
  /** The certificate of the key, then its issuers as far as the file has them. */
  readonly chainPem: string;
}

/**
 * The one key of the file with its certificates in order.
 * @throws {Pkcs12Error} when the password is wrong, the file is damaged, or it holds no key or several.
 */
export function readPkcs12(bytes: Uint8Array, password: string): Pkcs12Content {
  const container = openContainer(bytes, password);
  const keyPem = readKey(container);
  const certificates = listBags(container, forge.pki.oids.certBag).map(readCertificate);
  const key = createPrivateKey(keyPem);
  const own = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (own === undefined) throw new Pkcs12Error('The file holds no certificate of its private key.');
  const chain = orderChain(own, certificates);
  return { keyPem, chainPem: chain.map(({ raw }) => encodePem('CERTIFICATE', raw)).join('') };
}

export interface Pkcs12Request extends Pkcs12Content {
  readonly password: string;
  /** What key stores show. */
  readonly friendlyName: string;
}

/** The file with key and certificates, AES-256, readable by openssl, Windows and macOS. */
export function buildPkcs12({ keyPem, chainPem, password, friendlyName }: Pkcs12Request): Uint8Array {
  const certificates = decodePem('CERTIFICATE', chainPem).map((der) =>
    forge.pki.certificateFromPem(encodePem('CERTIFICATE', der)),
  );
  const container = forge.pkcs12.toPkcs12Asn1(forge.pki.privateKeyFromPem(keyPem), certificates, password, {
    algorithm: 'aes256',
    count: 10_000,
    friendlyName,
    generateLocalKeyId: true,
  });
  return Buffer.from(forge.asn1.toDer(container).getBytes(), 'latin1');
}

function openContainer(bytes: Uint8Array, password: string): forge.pkcs12.Pkcs12Pfx {
  try {
    return decrypt(bytes, password);
  } catch (cause) {
    throw new Pkcs12Error(
      isWrongPassword(cause)
        ? 'The password of the PKCS#12 file is wrong.'
        : 'The PKCS#12 file cannot be read.',
      cause,
    );
  }
}

/**
 * The MAC and the old ciphers take the password as UTF-16, PBES2 as UTF-8 (RFC 7292 appendix B.1, RFC 8018 §6.2);
 * forge has one form for both. So with letters beyond ASCII the MAC is checked with the one, and then left out so that
 * the other can be used.
 */
function decrypt(bytes: Uint8Array, password: string): forge.pkcs12.Pkcs12Pfx {
  const read = () => forge.asn1.fromDer(forge.util.createBuffer(Buffer.from(bytes).toString('latin1')));
  const utf8 = Buffer.from(password).toString('latin1');
  try {
    return forge.pkcs12.pkcs12FromAsn1(read(), false, password);
  } catch (error) {
    if (utf8 === password || isWrongPassword(error)) throw error;
    const withoutMac = read();
    if (Array.isArray(withoutMac.value)) withoutMac.value.length = 2; // version, authSafe, [macData]
    return forge.pkcs12.pkcs12FromAsn1(withoutMac, false, utf8);
  }
}

/** forge tells a wrong password only by the failing MAC. */
function isWrongPassword(error: unknown): boolean {
  return error instanceof Error && /MAC|password/i.test(error.message);
}

function listBags(container: forge.pkcs12.Pkcs12Pfx, type: string | undefined): forge.pkcs12.Bag[] {
  if (type === undefined) return [];
  return container.getBags({ bagType: type })[type] ?? [];
}

function readKey(container: forge.pkcs12.Pkcs12Pfx): string {
  const bags = [
    ...listBags(container, forge.pki.oids.pkcs8ShroudedKeyBag),
    ...listBags(container, forge.pki.oids.keyBag),
  ];
  const [bag, second] = bags;
  if (bag === undefined) throw new Pkcs12Error('The PKCS#12 file holds no private key.');
  if (second !== undefined) throw new Pkcs12Error('The PKCS#12 file holds several keys: export only one.');
  // A key that is not RSA stays unparsed; whether it can be used is decided by who asked for the file.
  const info = bag.key ? forge.pki.wrapRsaPrivateKey(forge.pki.privateKeyToAsn1(bag.key)) : bag.asn1;
  return encodePem('PRIVATE KEY', Buffer.from(forge.asn1.toDer(info).getBytes(), 'latin1'));
}

function readCertificate(bag: forge.pkcs12.Bag): X509Certificate {
  const asn1 = bag.cert ? forge.pki.certificateToAsn1(bag.cert) : bag.asn1;
  return new X509Certificate(Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1'));
}

/** From the key's certificate upwards, each once; strangers in the file are left out. */
function orderChain(own: X509Certificate, certificates: readonly X509Certificate[]): X509Certificate[] {
  const chain = [own];
  for (let last: X509Certificate | undefined = own; last !== undefined && !last.checkIssued(last); ) {
    const below: X509Certificate = last;
    last = certificates.find((each) => below.checkIssued(each) && !chain.includes(each));
    if (last !== undefined) chain.push(last);
  }
  return chain;
}
