/**
 * Which message a file holds, for finding it in the log: its identifiers, likeliest first, and what only its very
 * bytes and the log have in common. Nothing is verified here. Pure; never throws for what the file holds.
 */
import { hash } from 'node:crypto';
import { asBuffer } from '../../lib/bytes.ts';
import { firstField, type HeaderBlock, parseHeaderBlock, unfold } from '../../mime/header.ts';
import type { MessagePart } from '../../mime/message-part.ts';
import { scanMessage } from '../../mime/part-scanner.ts';
import { decodeTransfer } from '../../mime/transfer.ts';
import { PecFormatError, parseCertificationData } from '../../pec/certification-data-reader.ts';
import { findPecParts } from '../../pec/pec-parts.ts';
import { isProblem, readSignedData } from '../../smime/signed-data-reader.ts';
import { locateSignature } from '../../smime/signed-parts.ts';

export interface MessageIdentity {
  /** Without angle brackets: an identificativo, or the Message-ID a client wrote. */
  readonly identifiers: readonly string[];
  /** Of the message itself, with angle brackets. */
  readonly messageId: string | undefined;
  /** The RSA value of its signature, base64. */
  readonly signature: string | undefined;
  /** SHA-256 of the file, hexadecimal: an original as it was submitted has it in the log. */
  readonly sha256: string;
}

const largestSignature = 1 << 20;

export function identifyMessage(file: Uint8Array): MessageIdentity {
  const bytes = withCrLf(file);
  const header = parseHeaderBlock(bytes);
  const tree = scanMessage(bytes);
  const messageId = readIdentifier(header, 'Message-ID');
  const found = [
    readIdentificativo(bytes, tree),
    readIdentifier(header, 'X-Riferimento-Message-ID'),
    messageId,
  ].flatMap((each) => (each === undefined ? [] : [each.replace(/^<(.*)>$/, '$1')]));
  return {
    identifiers: [...new Set(found)],
    messageId,
    signature: readSignature(bytes, tree),
    sha256: hash('sha256', file, 'hex'),
  };
}

/** Some programs save lines with LF alone; identifiers and signature are the same. */
function withCrLf(file: Uint8Array): Uint8Array {
  const bytes = asBuffer(file);
  if (!bytes.includes(0x0a) || bytes.includes('\r\n')) return bytes;
  return Buffer.from(bytes.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
}

function readIdentifier(header: HeaderBlock, name: string): string | undefined {
  const field = firstField(header, name);
  return field === undefined ? undefined : unfold(field.value) || undefined;
}

function readIdentificativo(bytes: Uint8Array, tree: MessagePart): string | undefined {
  const part = findPecParts(tree)?.certificationData;
  if (part === undefined) return undefined;
  try {
    return parseCertificationData(decodePart(bytes, part)).identificativo;
  } catch (error) {
    if (error instanceof PecFormatError) return undefined;
    throw error;
  }
}

function readSignature(bytes: Uint8Array, tree: MessagePart): string | undefined {
  const parts = locateSignature(tree);
  if ('code' in parts) return undefined;
  const fields = readSignedData(decodePart(bytes, parts.signature), largestSignature);
  const value = isProblem(fields) ? undefined : fields.signers[0]?.signature;
  return value === undefined ? undefined : Buffer.from(value).toString('base64');
}

function decodePart(bytes: Uint8Array, { transferEncoding, bodyStart, bodyEnd }: MessagePart): Uint8Array {
  return decodeTransfer(transferEncoding, bytes.subarray(bodyStart, bodyEnd));
}
