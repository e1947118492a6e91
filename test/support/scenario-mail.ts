/** Messages of a scenario: writing what users send, reading what lies in mailboxes. */
import { randomUUID } from 'node:crypto';
import { fileNameOf } from '../../src/mime/content-type.ts';
import { decodeHeaderText } from '../../src/mime/encoded-word.ts';
import { findFields, type HeaderBlock, parseHeaderBlock, unfold } from '../../src/mime/header.ts';
import type { MessagePart } from '../../src/mime/message-part.ts';
import { scanMessage } from '../../src/mime/part-scanner.ts';
import { decodeTransfer } from '../../src/mime/transfer.ts';
import type { CertificationData } from '../../src/pec/certification-data.ts';
import { parseCertificationData } from '../../src/pec/certification-data-reader.ts';

export interface MailText {
  readonly from: string;
  readonly to: readonly string[];
  readonly cc?: readonly string[];
  readonly subject?: string;
  /** `null` = none. */
  readonly msgid?: string | null;
  /** Further fields, each without its CRLF. */
  readonly fields?: readonly string[];
  readonly body?: string;
}

/** A plain message as a mail program writes it; strings are Latin-1, one character a byte. */
export function writeMail(mail: MailText): Buffer {
  const { from, to, cc = [], subject = 'Prova', fields = [], body = 'Buongiorno.\r\n' } = mail;
  const msgid = mail.msgid === undefined ? `<${randomUUID()}@client.test>` : mail.msgid;
  const lines = [
    `From: ${from}`,
    `To: ${to.join(', ')}`,
    ...(cc.length === 0 ? [] : [`Cc: ${cc.join(', ')}`]),
    `Subject: ${subject}`,
    'Date: Sat, 21 Nov 2026 10:00:00 +0100',
    ...(msgid === null ? [] : [`Message-ID: ${msgid}`]),
    ...fields,
    ...(fields.some((field) => /^mime-version:/i.test(field)) ? [] : ['MIME-Version: 1.0']),
    '',
    '',
  ];
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), Buffer.from(body, 'latin1')]);
}

/** A multipart/mixed with a text and one file, base64. */
export function writeMailWithFile(mail: MailText, name: string, content: Uint8Array): Buffer {
  const base64 = Buffer.from(content).toString('base64').replace(/.{76}/g, '$&\r\n');
  return writeMail({
    ...mail,
    fields: [...(mail.fields ?? []), 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary="bb"'],
    body: [
      '--bb',
      'Content-Type: text/plain; charset=us-ascii',
      '',
      'In allegato.',
      '--bb',
      `Content-Type: application/octet-stream; name="${name}"`,
      'Content-Transfer-Encoding: base64',
      `Content-Disposition: attachment; filename="${name}"`,
      '',
      base64,
      '--bb--',
      '',
    ].join('\r\n'),
  });
}

/** A message as it lies in a mailbox. */
export interface StoredMail {
  readonly bytes: Buffer;
  readonly header: HeaderBlock;
  readonly tree: MessagePart;
  /**
   * `X-Ricevuta`'s value, `posta-certificata`, `anomalia` for an anomaly envelope, `ordinaria` for the rest.
   */
  readonly kind: string;
  readonly data: CertificationData | undefined;
  /** postacert.eml of an envelope or receipt; the message inside of an anomaly envelope. */
  readonly original: Buffer | undefined;
}

export function readMail(bytes: Buffer): StoredMail {
  const header = parseHeaderBlock(bytes);
  const tree = scanMessage(bytes);
  const mixed = tree.children[0];
  const data = mixed?.children.find((part) => fileNameOf(part) === 'daticert.xml');
  const original = mixed?.children.find((part) => part.type === 'message' && part.subtype === 'rfc822');
  return {
    bytes,
    header,
    tree,
    kind: readKind(header),
    data: data === undefined ? undefined : parseCertificationData(decodePart(bytes, data)),
    original: original === undefined ? undefined : bytes.subarray(original.bodyStart, original.bodyEnd),
  };
}

function readKind(header: HeaderBlock): string {
  const notification = fieldOf(header, 'X-Ricevuta');
  if (notification !== undefined) return notification;
  const transport = fieldOf(header, 'X-Trasporto');
  return transport === undefined ? 'ordinaria' : transport === 'errore' ? 'anomalia' : transport;
}

export function decodePart(bytes: Uint8Array, part: MessagePart): Uint8Array {
  return decodeTransfer(part.transferEncoding, bytes.subarray(part.bodyStart, part.bodyEnd));
}

/** The field's value, folding removed; of the first of that name. */
export function fieldOf(header: HeaderBlock, name: string): string | undefined {
  const [field] = findFields(header, name);
  return field === undefined ? undefined : unfold(field.value);
}

export function subjectOf({ header }: StoredMail): string {
  const [field] = findFields(header, 'Subject');
  return decodeHeaderText(field?.value ?? '');
}

/** One word for each message, for comparing whole mailboxes: its kind, and the recipient it is about. */
export function summarize(mails: readonly StoredMail[]): string[] {
  return mails
    .map(({ kind, data }) => [kind, data?.delivery ?? data?.takenInCharge?.join(',') ?? ''].join(' ').trim())
    .sort();
}

/** The first text/plain of the readable part, decoded. */
export function textOf({ bytes, tree }: StoredMail): string {
  const part = tree.children[0]?.children[0]?.children[0];
  return part === undefined ? '' : Buffer.from(decodePart(bytes, part)).toString('latin1');
}
