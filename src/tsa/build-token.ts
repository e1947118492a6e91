/**
 * A TimeStampToken: CMS SignedData around a TSTInfo (RFC 3161 §2.4.2, RFC 5816), DER, with the certificate of
 * the authority named in a signed attribute. The same values and key give the same bytes.
 */
import { hash } from 'node:crypto';
import type { Signer } from '../keys/signer.ts';
import {
  encodeContext,
  encodeElement,
  encodeInteger,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSetOf,
  encodeTime,
  sortSetOf,
} from '../lib/der.ts';
import { oids } from '../smime/oids.ts';
import { buildSignerIdentifier } from '../smime/signed-data.ts';
import { tsaOids } from './oids.ts';
import { buildTstInfo, type TstInfo } from './stamp-content.ts';

export interface TokenRequest {
  readonly info: TstInfo;
  readonly signer: Signer;
  /** Whether the certificates go into the token; a request says so (§2.4.1, certReq). */
  readonly withCertificates: boolean;
}

/** @throws {MailError} what the signer throws. */
export async function buildToken({ info, signer, withCertificates }: TokenRequest): Promise<Uint8Array> {
  const [own] = signer.chain;
  if (own === undefined) throw new Error('A time-stamp authority needs a certificate');
  const content = buildTstInfo(info);
  const attributes = encodeSetOf(
    encodeAttribute(oids.contentType, encodeOid(tsaOids.tstInfo)),
    encodeAttribute(oids.signingTime, encodeTime(info.time)),
    encodeAttribute(oids.messageDigest, encodeOctetString(hash('sha256', content, 'buffer'))),
    encodeAttribute(tsaOids.signingCertificateV2, buildSigningCertificate(own)),
  );
  const value = await signer.sign(attributes);
  // In place the SET has the implicit tag [0]; everything after the first byte is the same.
  const tagged = Buffer.from(attributes);
  tagged[0] = 0xa0;
  const signerInfo = encodeSequence(
    encodeInteger(1),
    buildSignerIdentifier(own),
    sha256,
    tagged,
    encodeSequence(encodeOid(oids.rsaEncryption), encodeNull()),
    encodeOctetString(value),
  );
  const signedData = encodeSequence(
    // RFC 5652 §5.1: version 3, for the content is not of type data.
    encodeInteger(3),
    encodeSetOf(sha256),
    encodeSequence(encodeOid(tsaOids.tstInfo), encodeContext(0, encodeOctetString(content))),
    ...(withCertificates ? [encodeContext(0, ...sortSetOf(signer.chain))] : []),
    encodeElement(0x31, signerInfo),
  );
  return encodeSequence(encodeOid(oids.contentTypeSignedData), encodeContext(0, signedData));
}

/** SigningCertificateV2 { certs { ESSCertIDv2 { certHash } } }, SHA-256 being the default (RFC 5816 §2.2.1). */
function buildSigningCertificate(certificate: Uint8Array): Uint8Array {
  const identifier = encodeSequence(encodeOctetString(hash('sha256', certificate, 'buffer')));
  return encodeSequence(encodeSequence(identifier));
}

function encodeAttribute(oid: string, value: Uint8Array): Uint8Array {
  return encodeSequence(encodeOid(oid), encodeElement(0x31, value));
}

const sha256 = encodeSequence(encodeOid(oids.sha256));
