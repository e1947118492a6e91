import { latin1, utf8 } from '../lib/bytes.ts';
import type { CertificationData } from './certification-data.ts';
import type { MessageFacts } from './facts.ts';
import { readReceiptKind } from './receipt-kind.ts';
import { certificationErrors, certificationTypes } from './wire-names.ts';
import { PecFormatError, readElements, type XmlElement } from './xml-elements.ts';

export { PecFormatError } from './xml-elements.ts';

/**
 * daticert.xml as other providers write it (pec-wire §13): any order, blank lines, an unescaped `<msgid>`, no
 * `risposte`. Strict in what decides: type, sender, recipients, identifiers, and no element twice that may
 * stand once. Time and memory are linear in the bytes; no entity is ever expanded but XML's own five.
 */
const tree = {
  postacert: {
    intestazione: { mittente: '', destinatari: '', risposte: '', oggetto: '' },
    dati: {
      'gestore-emittente': '',
      data: { giorno: '', ora: '' },
      identificativo: '',
      msgid: '',
      ricevuta: '',
      consegna: '',
      ricezione: '',
      'errore-esteso': '',
    },
  },
} as const;

/**
 * @param xml the decoded bytes of the part
 * @throws {PecFormatError} when something that decides is missing, doubled or not as it must be.
 */
export function parseCertificationData(xml: Uint8Array): CertificationData {
  const root = one(readElements(decode(xml), tree), 'postacert');
  const heading = one(root.children, 'intestazione');
  const body = one(root.children, 'dati');
  const date = one(body.children, 'data');
  const receipt = optional(body.children, 'ricevuta');
  return {
    type: oneOf(certificationTypes, root.attributes.tipo),
    error: readError(root.attributes.errore),
    sender: trimmed(one(heading.children, 'mittente')),
    recipients: readRecipients(heading.children),
    replyTo: trimmed(optional(heading.children, 'risposte')) ?? '',
    subject: optional(heading.children, 'oggetto')?.text ?? '',
    provider: trimmed(optional(body.children, 'gestore-emittente')) ?? '',
    time: {
      day: trimmed(one(date.children, 'giorno')),
      time: trimmed(one(date.children, 'ora')),
      zone: date.attributes.zona?.trim() ?? '',
    },
    identificativo: readIdentificativo(one(body.children, 'identificativo')),
    msgid: nonEmpty(trimmed(optional(body.children, 'msgid'))),
    receiptKind: receipt === undefined ? undefined : readReceiptKind(receipt.attributes.tipo),
    delivery: nonEmpty(trimmed(optional(body.children, 'consegna'))),
    takenInCharge: nonEmptyList(all(body.children, 'ricezione').map((element) => trimmed(element))),
    extendedError: nonEmpty(trimmed(optional(body.children, 'errore-esteso'))),
  };
}

/** What a certification says about the message itself: the facts of every notification about it. */
export function readFacts(data: CertificationData): MessageFacts {
  const { identificativo, msgid, sender, recipients, replyTo, subject } = data;
  return { identificativo, msgid, sender, recipients, replyTo: replyTo || sender, subject };
}

/** UTF-8 unless the declaration names the other set that is met. */
function decode(xml: Uint8Array): string {
  const declaration = /^\s*<\?xml[^>]{0,200}encoding\s*=\s*["']([\w-]{1,40})["']/.exec(latin1(xml, 0, 400));
  const label = declaration?.[1]?.toLowerCase();
  if (label === 'iso-8859-1' || label === 'windows-1252') return new TextDecoder('windows-1252').decode(xml);
  return utf8(xml).replace(/^\ufeff/, '');
}

function readRecipients(elements: readonly XmlElement[]): CertificationData['recipients'] {
  const recipients = all(elements, 'destinatari').map((element) => ({
    address: trimmed(element),
    certified: element.attributes.tipo?.trim().toLowerCase() !== 'esterno',
  }));
  if (recipients.length === 0) throw new PecFormatError('daticert.xml: no destinatari');
  return recipients;
}

/** Some writers put angle brackets around it. */
function readIdentificativo(element: XmlElement): string {
  const identificativo = trimmed(element).replace(/^<(.*)>$/s, '$1');
  if (identificativo === '') throw new PecFormatError('daticert.xml: empty identificativo');
  return identificativo;
}

function readError(value: string | undefined): CertificationData['error'] {
  const wanted = value?.trim().toLowerCase() ?? 'nessuno';
  return certificationErrors.find((error) => error === wanted) ?? 'altro';
}

function oneOf<T extends string>(values: readonly T[], value: string | undefined): T {
  const wanted = value?.trim().toLowerCase();
  const found = values.find((candidate) => candidate === wanted);
  if (found === undefined) throw new PecFormatError(`daticert.xml: unknown tipo ${JSON.stringify(value)}`);
  return found;
}

function all(elements: readonly XmlElement[], name: string): readonly XmlElement[] {
  return elements.filter((element) => element.name === name);
}

function optional(elements: readonly XmlElement[], name: string): XmlElement | undefined {
  const found = all(elements, name);
  if (found.length > 1) throw new PecFormatError(`daticert.xml: more than one ${name}`);
  return found[0];
}

function one(elements: readonly XmlElement[], name: string): XmlElement {
  const found = optional(elements, name);
  if (found === undefined) throw new PecFormatError(`daticert.xml: no ${name}`);
  return found;
}

function trimmed(element: XmlElement): string;
function trimmed(element: XmlElement | undefined): string | undefined;
function trimmed(element: XmlElement | undefined): string | undefined {
  return element?.text.trim();
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function nonEmptyList(list: readonly string[]): readonly string[] | undefined {
  return list.length === 0 ? undefined : list;
}
