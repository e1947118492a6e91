/** The authority of a simulated world and what it issues: certificates as pec-wire §12 has them, the same every time. */
import { createPublicKey, hash, type KeyObject, sign } from 'node:crypto';
import type { Signer } from '../src/keys/signer.ts';
import { contentOf, parseBer } from '../src/lib/ber.ts';
import { encodeBitString, encodeContext, encodeInteger, encodeSequence, encodeTime } from '../src/lib/der.ts';
import { sha256WithRsa } from '../src/pki/certificate.ts';
import { encodeName } from '../src/pki/distinguished-name.ts';
import {
  buildAuthorityConstraints,
  buildAuthorityKeyIdentifier,
  buildCrlDistributionPoint,
  buildExtension,
  buildExtKeyUsage,
  buildKeyUsage,
  buildSubjectAltName,
  buildSubjectKeyIdentifier,
  hashPublicKey,
  keyUsageBits,
  purposes,
} from '../src/pki/extensions.ts';
import { Random } from './random.ts';
import { makeWeakKey } from './weak-keys.ts';

export interface CertifiedKey {
  readonly key: KeyObject;
  /** DER. */
  readonly certificate: Uint8Array;
}

interface Names {
  readonly organization: string;
  readonly commonName: string;
}

export interface ListContent {
  readonly number: number;
  /** When, by serial number in hexadecimal. */
  readonly revoked: ReadonlyMap<string, number>;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly signer?: KeyObject;
}

const notBefore = Date.UTC(2026, 0, 1);
const notAfter = Date.UTC(2035, 0, 1);

/** Makes keys and certificates of one authority; the same name, the same key. */
export class Authority {
  readonly root: CertifiedKey;
  readonly #name: string;
  readonly #subject: Uint8Array;
  readonly #issued = new Map<string, CertifiedKey>();
  readonly #keys = new Map<string, KeyObject>();

  constructor(name: string) {
    this.#name = name;
    this.#subject = nameOf({ organization: name, commonName: `${name} radice` });
    const key = makeWeakKey(new Random(`${name}/root`));
    const extensions = [
      buildAuthorityConstraints(),
      buildKeyUsage(keyUsageBits.keyCertSign, keyUsageBits.crlSign),
    ];
    this.root = {
      key,
      certificate: this.#build({ subject: this.#subject, key, issuerKey: key, extensions }),
    };
  }

  /** A provider's key; `generation` counts its renewals; `listUrl` is where its certificate sends for revocation lists. */
  issue(provider: string, address: string, generation = 0, listUrl?: string): CertifiedKey {
    const place = `${provider}/${generation}`;
    const issuedAs = `${place} ${listUrl}`;
    const known = this.#issued.get(issuedAs);
    if (known !== undefined) return known;
    const key = this.#keys.get(place) ?? makeWeakKey(new Random(`${this.#name}/${place}`));
    this.#keys.set(place, key);
    const certificate = this.#build({
      subject: nameOf({ organization: provider, commonName: `Posta Certificata ${provider}` }),
      key,
      issuerKey: this.root.key,
      extensions: [
        buildKeyUsage(keyUsageBits.digitalSignature),
        buildExtKeyUsage([purposes.emailProtection]),
        buildSubjectAltName({ mailAddresses: [address] }),
        ...(listUrl === undefined ? [] : [buildCrlDistributionPoint(listUrl)]),
      ],
    });
    const issued = { key, certificate };
    this.#issued.set(issuedAs, issued);
    return issued;
  }

  /** The key of a time-stamp authority (RFC 3161 §2.3). */
  issueStamper(name: string): CertifiedKey {
    const place = `stamps/${name}`;
    const known = this.#issued.get(place);
    if (known !== undefined) return known;
    const key = makeWeakKey(new Random(`${this.#name}/${place}`));
    const certificate = this.#build({
      subject: nameOf({ organization: name, commonName: name }),
      key,
      issuerKey: this.root.key,
      extensions: [
        buildKeyUsage(keyUsageBits.digitalSignature),
        buildExtKeyUsage([purposes.timeStamping], true),
      ],
    });
    const issued = { key, certificate };
    this.#issued.set(place, issued);
    return issued;
  }

  /** A revocation list (RFC 5280 §5.1), signed by `signer`: its own key, unless somebody forges one. */
  buildList({ number, revoked, thisUpdate, nextUpdate, signer = this.root.key }: ListContent): Uint8Array {
    const entries = [...revoked].map(([serialNumber, at]) =>
      encodeSequence(encodeInteger(Buffer.from(serialNumber, 'hex')), encodeTime(wholeSecond(at))),
    );
    const tbs = encodeSequence(
      encodeInteger(1),
      sha256WithRsa,
      this.#subject,
      encodeTime(wholeSecond(thisUpdate)),
      encodeTime(wholeSecond(nextUpdate)),
      ...(entries.length === 0 ? [] : [encodeSequence(...entries)]),
      encodeContext(
        0,
        encodeSequence(
          buildAuthorityKeyIdentifier(identify(exportPublic(this.root.key))),
          buildExtension('2.5.29.20', false, encodeInteger(number)),
        ),
      ),
    );
    return encodeSequence(tbs, sha256WithRsa, encodeBitString(sign('sha256', tbs, signer)));
  }

  #build(wanted: {
    readonly subject: Uint8Array;
    readonly key: KeyObject;
    readonly issuerKey: KeyObject;
    readonly extensions: readonly Uint8Array[];
  }): Uint8Array {
    const { subject, key, issuerKey, extensions } = wanted;
    const spki = exportPublic(key);
    const serial = hash('sha256', spki, 'buffer').subarray(0, 16);
    serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
    const identifiers = [
      buildSubjectKeyIdentifier(identify(spki)),
      buildAuthorityKeyIdentifier(identify(exportPublic(issuerKey))),
    ];
    const tbs = encodeSequence(
      encodeContext(0, encodeInteger(2)),
      encodeInteger(serial),
      sha256WithRsa,
      this.#subject,
      encodeSequence(encodeTime(notBefore), encodeTime(notAfter)),
      subject,
      spki,
      encodeContext(3, encodeSequence(...identifiers, ...extensions)),
    );
    return encodeSequence(tbs, sha256WithRsa, encodeBitString(sign('sha256', tbs, issuerKey)));
  }
}

function wholeSecond(at: number): number {
  return Math.floor(at / 1000) * 1000;
}

/** At once and without fail. */
export function signWith({ key, certificate }: CertifiedKey): Signer {
  return { chain: [certificate], sign: async (tbs) => sign('sha256', tbs, key) };
}

function exportPublic(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: 'der', type: 'spki' });
}

function identify(spki: Uint8Array): Uint8Array {
  const bits = parseBer(spki).children[1];
  if (bits === undefined) throw new Error('a public key without bits');
  return hashPublicKey(contentOf(bits).subarray(1));
}

function nameOf(names: Names): Uint8Array {
  return encodeName({ country: 'IT', ...names });
}

/** Whom every simulated provider trusts. */
export const authority = new Authority('Autorita simulata');
/** Whom none does. */
export const strangers = new Authority('Autorita ignota');
