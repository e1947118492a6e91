import { fromUtf8 } from '../lib/bytes.ts';
import type { ReceiptKind, Recipient } from './facts.ts';
import type { CertificationError, CertificationType } from './wire-names.ts';

/**
 * daticert.xml (dati di certificazione): the part of a PEC message that programs read. Writes what the DTD of
 * RFC 6109 §4.4 describes, with the texts exact: only characters that XML 1.0 cannot hold are dropped.
 */
export interface CertificationData {
  readonly type: CertificationType;
  readonly error: CertificationError;
  /** SMTP reverse path of the original. */
  readonly sender: string;
  /** SMTP forward paths of the original. */
  readonly recipients: readonly Recipient[];
  readonly replyTo: string;
  readonly subject: string;
  /** `<gestore-emittente>`: who certifies. */
  readonly provider: string;
  /** Legal time: `dd/mm/yyyy`, `hh:mm:ss`, `+hhmm`. */
  readonly time: { readonly day: string; readonly time: string; readonly zone: string };
  /** Without angle brackets. */
  readonly identificativo: string;
  /** With angle brackets. */
  readonly msgid?: string | undefined;
  /** `<ricevuta>`: in transport envelopes and delivery receipts. */
  readonly receiptKind?: ReceiptKind | undefined;
  /** `<consegna>`: the one recipient the message is about. */
  readonly delivery?: string | undefined;
  /** `<ricezione>`: the recipients taken in charge. */
  readonly takenInCharge?: readonly string[] | undefined;
  /** `<errore-esteso>`. */
  readonly extendedError?: string | undefined;
}

/** The file's bytes, UTF-8, lines ended by LF. */
export function buildCertificationData(values: CertificationData): Uint8Array {
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<postacert tipo="${values.type}" errore="${values.error}">`,
    '    <intestazione>',
    ...writeHeading(values).map((line) => `        ${line}`),
    '    </intestazione>',
    '    <dati>',
    ...writeBody(values).map((line) => `        ${line}`),
    '    </dati>',
    '</postacert>',
  ];
  return fromUtf8(`${lines.join('\n')}\n`);
}

function writeHeading({ sender, recipients, replyTo, subject }: CertificationData): string[] {
  return [
    element('mittente', sender),
    ...recipients.map(
      ({ address, certified }) =>
        `<destinatari tipo="${certified ? 'certificato' : 'esterno'}">${escapeXml(address)}</destinatari>`,
    ),
    element('risposte', replyTo),
    element('oggetto', subject),
  ];
}

function writeBody(values: CertificationData): string[] {
  const { provider, time, identificativo, msgid, receiptKind, delivery, takenInCharge, extendedError } =
    values;
  return [
    element('gestore-emittente', provider),
    `<data zona="${escapeXml(time.zone)}">`,
    `    ${element('giorno', time.day)}`,
    `    ${element('ora', time.time)}`,
    '</data>',
    element('identificativo', identificativo),
    ...optionalElement('msgid', msgid),
    ...(receiptKind === undefined ? [] : [`<ricevuta tipo="${receiptKind}"/>`]),
    ...optionalElement('consegna', delivery),
    ...(takenInCharge ?? []).map((address) => element('ricezione', address)),
    ...optionalElement('errore-esteso', extendedError),
  ];
}

function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}

function optionalElement(name: string, text: string | undefined): string[] {
  return text === undefined ? [] : [element(name, text)];
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  // Not only for symmetry: `]]>` must not stand in character data (XML 1.0 §2.4).
  '>': '&gt;',
  '"': '&quot;',
  // Written raw it would be read as a line feed (XML 1.0 §2.11).
  '\r': '&#13;',
};

/** XML 1.0 §2.2, Char: everything else is dropped, lone surrogates included. */
const forbidden = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** `text` as XML character data or attribute value. */
export function escapeXml(text: string): string {
  return text.replace(forbidden, '').replace(/[&<>"\r]/g, (character) => escapes[character] ?? '');
}
