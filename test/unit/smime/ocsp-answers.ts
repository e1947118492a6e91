/** OCSP answers as a responder makes them, and as one should not. */
import { createHash, sign } from 'node:crypto';
import { contentOf, encodingOf, parseBer } from '../../../src/lib/ber.ts';
import {
  encodeBitString,
  encodeContext,
  encodeContextPrimitive,
  encodeElement,
  encodeEnumerated,
  encodeInteger,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
} from '../../../src/lib/der.ts';
import type { Certificate } from '../../../src/smime/certificate.ts';
import { oids } from '../../../src/smime/oids.ts';
import { keys } from './certificates.ts';

export interface Answer {
  readonly about: Certificate;
  readonly issuer: Certificate;
  readonly state: 'good' | 'unknown' | { readonly revokedAt: number };
  readonly thisUpdate: number;
  readonly nextUpdate?: number;
  readonly signedWith: keyof typeof keys;
  /** Sent along. */
  readonly certificates?: readonly Certificate[];
  readonly digest?: 'sha1' | 'sha256';
}

/** The whole OCSPResponse, DER. */
export function buildOcspAnswer(answer: Answer): Uint8Array {
  const name = parseBer(answer.issuer.subject);
  const tbs = encodeSequence(
    encodeContext(1, encodingOf(name)),
    encodeGeneralizedTime(answer.thisUpdate),
    encodeSequence(buildSingle(answer)),
  );
  const algorithm = encodeSequence(encodeOid(oids.sha256WithRsa), encodeNull());
  const signature = encodeBitString(sign('sha256', tbs, keys[answer.signedWith]));
  const certificates = (answer.certificates ?? []).map(({ der }) => der);
  const extra = certificates.length === 0 ? [] : [encodeContext(0, encodeSequence(...certificates))];
  const basic = encodeSequence(tbs, algorithm, signature, ...extra);
  const bytes = encodeSequence(encodeOid(oids.ocspBasicResponse), encodeOctetString(basic));
  return encodeSequence(encodeEnumerated(0), encodeContext(0, bytes));
}

/** A refusal: 3 is tryLater. */
export function buildOcspRefusal(status: number): Uint8Array {
  return encodeSequence(encodeEnumerated(status));
}

function buildSingle({ about, issuer, state, thisUpdate, nextUpdate, digest = 'sha1' }: Answer): Uint8Array {
  const hash = (bytes: Uint8Array) => encodeOctetString(createHash(digest).update(bytes).digest());
  const [, bits] = parseBer(issuer.publicKeyInfo).children;
  const certId = encodeSequence(
    encodeSequence(encodeOid(oids[digest]), encodeNull()),
    hash(issuer.subject),
    hash(bits === undefined ? new Uint8Array(0) : contentOf(bits).subarray(1)),
    encodeInteger(Buffer.from(about.serialNumber, 'hex')),
  );
  return encodeSequence(
    certId,
    encodeState(state),
    encodeGeneralizedTime(thisUpdate),
    ...(nextUpdate === undefined ? [] : [encodeContext(0, encodeGeneralizedTime(nextUpdate))]),
  );
}

function encodeState(state: Answer['state']): Uint8Array {
  if (state === 'good') return encodeContextPrimitive(0, new Uint8Array(0));
  if (state === 'unknown') return encodeContextPrimitive(2, new Uint8Array(0));
  return encodeContext(1, encodeGeneralizedTime(state.revokedAt), encodeContext(0, encodeEnumerated(1)));
}

function encodeGeneralizedTime(at: number): Uint8Array {
  const digits = new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return encodeElement(0x18, Buffer.from(`${digits}Z`, 'latin1'));
}
