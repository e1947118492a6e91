/** Certificate revocation lists of the development CA (RFC 5280 §5), DER. */
import { encodeContext, encodeEnumerated, encodeInteger, encodeSequence, encodeTime } from '../lib/der.ts';
import type { Instant } from '../lib/time.ts';
import { type CertifiedKey, importKey, readIssuer, sha256WithRsa, signStructure } from './certificate.ts';
import { buildAuthorityKeyIdentifier, buildExtension } from './extensions.ts';
import { startOfSecond } from './validity.ts';

/** CRLReason (RFC 5280 §5.3.1), those a development CA has use for. */
export const revocationReasons = { keyCompromise: 1, superseded: 4, cessationOfOperation: 5 } as const;

export interface RevokedCertificate {
  /** Hexadecimal, as `X509Certificate.serialNumber` gives it. */
  readonly serialNumber: string;
  readonly at: Instant;
  readonly reason?: keyof typeof revocationReasons;
}

export interface CrlRequest {
  /** Who issued the certificates: `ca.mail`, or `ca.root` for the two issuing CAs. */
  readonly issuer: CertifiedKey;
  readonly revoked: readonly RevokedCertificate[];
  /** `cRLNumber`: higher with every list (RFC 5280 §5.2.3). */
  readonly number: number;
  readonly thisUpdate: Instant;
  readonly nextUpdate: Instant;
}

/** The signed list, version 2. */
export async function buildCrl(request: CrlRequest): Promise<Uint8Array> {
  const { name, keyIdentifier } = readIssuer(request.issuer.certificatePem);
  const entries = request.revoked.map(encodeEntry);
  const tbs = encodeSequence(
    encodeInteger(1),
    sha256WithRsa,
    name,
    encodeTime(startOfSecond(request.thisUpdate)),
    encodeTime(startOfSecond(request.nextUpdate)),
    // §5.1.2.6: with nothing revoked the list itself must be absent.
    ...(entries.length === 0 ? [] : [encodeSequence(...entries)]),
    encodeContext(
      0,
      encodeSequence(
        buildAuthorityKeyIdentifier(keyIdentifier),
        buildExtension('2.5.29.20', false, encodeInteger(request.number)),
      ),
    ),
  );
  return signStructure(tbs, importKey(request.issuer.keyPem));
}

function encodeEntry({ serialNumber, at, reason }: RevokedCertificate): Uint8Array {
  const serial = Buffer.from(
    serialNumber.padStart(serialNumber.length + (serialNumber.length % 2), '0'),
    'hex',
  );
  const extensions =
    reason === undefined
      ? []
      : [encodeSequence(buildExtension('2.5.29.21', false, encodeEnumerated(revocationReasons[reason])))];
  return encodeSequence(encodeInteger(serial), encodeTime(startOfSecond(at)), ...extensions);
}
