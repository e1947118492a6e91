import { lowerAscii } from '../lib/bytes.ts';
import { domainOf, parseAddressList, sameAddress } from '../mime/address.ts';
import { findFields, firstField, type HeaderBlock, unfold } from '../mime/header.ts';
import type { CertificationData } from './certification-data.ts';
import { PecFormatError, parseCertificationData } from './certification-data-reader.ts';
import type { ReceiptKind, Wording } from './facts.ts';
import type { PecParts } from './pec-parts.ts';
import { readReceiptKind } from './receipt-kind.ts';
import { headerNames, notificationValues, transportValues } from './wire-names.ts';

/**
 * What a message is that arrives at the incoming point (RFC 6109 §2.2.2, pec-wire §8): signature existence,
 * origin and validity first, form after them. The header fields of a signed message are not signed: whatever
 * decides stands in daticert.xml too, and both must say the same.
 */
export interface IncomingMessage {
  /** The top-level header. */
  readonly header: HeaderBlock;
  /** `findPecParts` of the very tree whose signature was verified. */
  readonly parts: PecParts | undefined;
  /** The verdict on signature, chain, validity, revocation, and From against the certificate. */
  readonly signature: { readonly ok: boolean; readonly problems: readonly SignatureRemark[] };
  /** The index entry found by the signer's certificate hash; undefined when there is none. */
  readonly signer: { readonly name: string; readonly managedDomains: readonly string[] } | undefined;
  /** The decoded bytes of `parts.certificationData`. */
  readonly certificationData: Uint8Array | undefined;
}

export interface SignatureRemark {
  readonly italian: string;
  /** English. */
  readonly text: string;
}

export type IncomingKind =
  /** A correct transport envelope of the provider `provider`. */
  | {
      readonly kind: 'transport-envelope';
      readonly provider: string;
      readonly data: CertificationData;
      readonly receiptKind: ReceiptKind;
    }
  /** A correct notification; `notification` is X-Ricevuta in lower case, maybe one we do not know. */
  | {
      readonly kind: 'notification';
      readonly provider: string;
      readonly notification: string;
      readonly data: CertificationData | undefined;
    }
  /** From a provider, but not in the form of either: goes on in an anomaly envelope. */
  | { readonly kind: 'malformed'; readonly provider: string; readonly reason: Wording }
  /** Not from a provider: ordinary mail. */
  | { readonly kind: 'ordinary'; readonly reason: Wording };

/** Never throws; whatever is not proved to be certified is not. */
export function classifyIncoming(message: IncomingMessage): IncomingKind {
  // 1. Signature existence and validity.
  const broken = findSignatureFault(message);
  if (broken !== undefined) return { kind: 'ordinary', reason: broken };
  // 2. Signature origin.
  const { signer, header } = message;
  if (signer === undefined) return { kind: 'ordinary', reason: reasons.unknownSigner };
  if (!isFromManaged(header, signer.managedDomains)) return { kind: 'ordinary', reason: reasons.foreignFrom };
  // 3. Formal correctness.
  return classifyForm(message, signer.name);
}

const reasons = {
  notSigned: {
    italian: 'il messaggio non è firmato da un gestore di posta certificata',
    english: 'the message is not signed by a certified mail provider',
  },
  unknownSigner: {
    italian: "il certificato di firma non è nell'indice dei gestori di posta certificata",
    english: 'the signing certificate is not in the index of certified mail providers',
  },
  foreignFrom: {
    italian: 'il mittente non appartiene a un dominio del gestore che ha firmato il messaggio',
    english: 'the sender does not belong to a domain of the provider that signed the message',
  },
  structure: {
    italian: 'la struttura del messaggio firmato non è quella della posta certificata',
    english: 'the structure of the signed message is not that of certified mail',
  },
  kind: {
    italian: 'le intestazioni non dicono se il messaggio è una busta di trasporto o una ricevuta',
    english: 'the header does not say whether the message is a transport envelope or a notification',
  },
  doubled: {
    italian: 'parti o intestazioni della posta certificata sono presenti più di una volta',
    english: 'parts or header fields of certified mail are present more than once',
  },
  data: {
    italian: 'i dati di certificazione (daticert.xml) mancano o non sono corretti',
    english: 'the certification data (daticert.xml) is missing or not correct',
  },
  mismatch: {
    italian: 'le intestazioni non corrispondono ai dati di certificazione (daticert.xml)',
    english: 'the header does not match the certification data (daticert.xml)',
  },
  original: {
    italian: 'manca il messaggio originale (postacert.eml)',
    english: 'the original message (postacert.eml) is missing',
  },
} as const satisfies Record<string, Wording>;

function findSignatureFault({ signature, parts }: IncomingMessage): Wording | undefined {
  if (signature.ok) return undefined;
  const [first] = signature.problems;
  if (first === undefined || parts === undefined) return reasons.notSigned;
  return { italian: first.italian, english: first.text };
}

/** One From, one address, a domain of the signer: a second one could be what the reader shows. */
function isFromManaged(header: HeaderBlock, managedDomains: readonly string[]): boolean {
  const fields = findFields(header, 'From');
  const addresses = fields.flatMap(({ value }) => parseAddressList(value).addresses);
  const [from] = addresses;
  if (fields.length !== 1 || addresses.length !== 1 || from === undefined) return false;
  return managedDomains.some((domain) => lowerAscii(domain) === domainOf(from.address));
}

/** Fields that decide: two of a name, and readers would not agree. */
const decidingFields = [
  headerNames.transport,
  headerNames.notification,
  headerNames.receiptKind,
  'Message-ID',
  'Content-Type',
];

function classifyForm(message: IncomingMessage, provider: string): IncomingKind {
  const { header, parts } = message;
  const malformed = (reason: Wording): IncomingKind => ({ kind: 'malformed', provider, reason });
  if (parts === undefined) return malformed(reasons.structure);
  if (parts.doubled.length > 0 || decidingFields.some((name) => findFields(header, name).length > 1))
    return malformed(reasons.doubled);
  const transport = readValue(header, headerNames.transport);
  const notification = readValue(header, headerNames.notification);
  const data = readData(message.certificationData);
  if (transport === transportValues.certified && notification === undefined)
    return classifyEnvelope({ provider, header, parts, data });
  if (notification !== undefined && transport === undefined)
    return classifyNotification({ provider, notification, data });
  return malformed(reasons.kind);
}

function readValue(header: HeaderBlock, name: string): string | undefined {
  const field = firstField(header, name);
  return field === undefined ? undefined : lowerAscii(unfold(field.value));
}

function readData(xml: Uint8Array | undefined): CertificationData | undefined {
  if (xml === undefined) return undefined;
  try {
    return parseCertificationData(xml);
  } catch (error) {
    if (error instanceof PecFormatError) return undefined;
    throw error;
  }
}

interface EnvelopeCandidate {
  readonly provider: string;
  readonly header: HeaderBlock;
  readonly parts: PecParts;
  readonly data: CertificationData | undefined;
}

function classifyEnvelope({ provider, header, parts, data }: EnvelopeCandidate): IncomingKind {
  const kind = 'malformed';
  if (data === undefined) return { kind, provider, reason: reasons.data };
  const id = unfold(firstField(header, 'Message-ID')?.value ?? '');
  if (data.type !== transportValues.certified || id !== `<${data.identificativo}>`)
    return { kind, provider, reason: reasons.mismatch };
  if (parts.original === undefined) return { kind, provider, reason: reasons.original };
  const receiptKind = data.receiptKind ?? readReceiptKind(firstField(header, headerNames.receiptKind)?.value);
  return { kind: 'transport-envelope', provider, data, receiptKind };
}

interface NotificationCandidate {
  readonly provider: string;
  readonly notification: string;
  readonly data: CertificationData | undefined;
}

/** An unknown kind is still a notification, to be delivered as it is (pec-wire §3), but it certifies nothing. */
function classifyNotification({ provider, notification, data }: NotificationCandidate): IncomingKind {
  const isKnown = Object.values<string>(notificationValues).includes(notification);
  if (isKnown && data === undefined) return { kind: 'malformed', provider, reason: reasons.data };
  const matches = isKnown ? data?.type === notification : data?.type !== transportValues.certified;
  if (!matches) return { kind: 'malformed', provider, reason: reasons.mismatch };
  return { kind: 'notification', provider, notification, data: isKnown ? data : undefined };
}

export interface SplitRecipients {
  /** Forward paths that the envelope certifies. */
  readonly certified: readonly string[];
  /** Forward paths it does not name: an envelope sent on, or sent again, to somebody else. */
  readonly foreign: readonly string[];
}

/** Which recipients of the SMTP transaction a transport envelope is for. */
export function splitRecipients(data: CertificationData, forwardPaths: readonly string[]): SplitRecipients {
  const isNamed = (path: string) =>
    data.recipients.some(({ address, certified }) => certified && sameAddress(address, path));
  return {
    certified: forwardPaths.filter(isNamed),
    foreign: forwardPaths.filter((path) => !isNamed(path)),
  };
}
