/**
 * From an unsigned PEC message to the message on the wire: multipart/signed around the very bytes that were
 * hashed (RFC 6109 §2.1, RFC 8551 §3.5.3). Same message, time, certificate and key: same bytes.
 */
import type { Signer } from '../keys/signer.ts';
import type { Segments } from '../lib/segments.ts';
import type { Instant } from '../lib/time.ts';
import { encodeBase64Lines } from '../mime/transfer.ts';
import type { UnsignedMessage } from '../mime/unsigned-message.ts';
import { signDetached } from './signed-data.ts';

export interface SignRequest {
  /** SHA-256 of all bytes of `unsigned.content`, 32 bytes. */
  readonly contentDigest: Uint8Array;
  /** The time of the transaction (RFC 6109 §4.1). */
  readonly signingTime: Instant;
  readonly signer: Signer;
}

export interface SignedMessage {
  /** `unsigned.content` stands in it untouched, blobs included. */
  readonly segments: Segments;
  /** The signature value, to be kept for a reproduction. */
  readonly value: Uint8Array;
}

/**
 * The message with its signature.
 * @throws {MailError} kind `temporary` when the signer cannot sign now: nothing unsigned comes out.
 */
export async function signMessage(unsigned: UnsignedMessage, request: SignRequest): Promise<SignedMessage> {
  const { cms, value } = await signDetached(request);
  return { segments: assembleSignedMessage(unsigned, cms), value };
}

/** The message around a signature that was made before: what reproduces a receipt from the log. */
export function assembleSignedMessage(unsigned: UnsignedMessage, cms: Uint8Array): Segments {
  const { boundary } = unsigned;
  return [
    unsigned.header,
    Buffer.from(buildSignedHead(unsigned), 'latin1'),
    ...unsigned.content,
    Buffer.from(`${signaturePartHead(boundary)}${base64Lines(cms)}--${boundary}--\r\n`, 'latin1'),
  ];
}

/** MIME fields, blank line, preamble and first boundary: RFC 8551 §3.5.3.2, `micalg=sha-256`. */
function buildSignedHead({ boundary, eightBit }: UnsignedMessage): string {
  // RFC 2045 §6.4: a multipart that holds 8-bit parts must say so itself.
  const encoding = eightBit ? 'Content-Transfer-Encoding: 8bit\r\n' : '';
  return (
    'MIME-Version: 1.0\r\n' +
    'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256;\r\n' +
    ` boundary="${boundary}"\r\n${encoding}\r\n` +
    `This is an S/MIME signed message\r\n\r\n--${boundary}\r\n`
  );
}

/** The CRLF before the boundary belongs to the boundary and is not signed (RFC 2046 §5.1.1). */
function signaturePartHead(boundary: string): string {
  return (
    `\r\n--${boundary}\r\n` +
    'Content-Type: application/pkcs7-signature; name="smime.p7s"\r\n' +
    'Content-Transfer-Encoding: base64\r\n' +
    'Content-Disposition: attachment; filename="smime.p7s"\r\n' +
    '\r\n'
  );
}

function base64Lines(bytes: Uint8Array): string {
  const text = encodeBase64Lines(bytes);
  return text.endsWith('\r\n') ? text : `${text}\r\n`;
}
