/** The kinds of certified messages (pec-wire §3), told from header and certification data, with their names. */
import { firstField, type HeaderBlock, unfold } from '../mime/header.ts';
import type { CertificationData } from '../pec/certification-data.ts';
import type { ReceiptKind, Wording } from '../pec/facts.ts';
import type { IncomingKind } from '../pec/incoming-classification.ts';
import { readReceiptKind } from '../pec/receipt-kind.ts';
import { headerNames, notificationValues, transportValues } from '../pec/wire-names.ts';

export type KindCode = keyof typeof names;

export interface ReportedKind extends Wording {
  readonly code: KindCode;
  /** Of a transport envelope: the receipt it asks for; of a delivery receipt: which it is. */
  readonly receiptKind: ReceiptKind | undefined;
}

/** `claimed` and `data` are what the parts say; without them the header alone is read. */
export function describeKind(
  header: HeaderBlock,
  claimed: IncomingKind | undefined,
  data: CertificationData | undefined,
): ReportedKind {
  const code = findCode(header, data);
  const hasReceipt = code === 'transport-envelope' || code === 'delivery-receipt';
  const requested =
    claimed !== undefined && 'receiptKind' in claimed ? claimed.receiptKind : data?.receiptKind;
  const fromHeader = readReceiptKind(firstField(header, headerNames.receiptKind)?.value);
  const receiptKind = hasReceipt ? (requested ?? fromHeader) : undefined;
  const { italian, english } =
    code === 'delivery-receipt' ? deliveryNames[receiptKind ?? 'completa'] : names[code];
  return { code, italian, english, receiptKind };
}

function findCode(header: HeaderBlock, data: CertificationData | undefined): KindCode {
  const transport = readValue(header, headerNames.transport);
  if (transport === transportValues.certified) return 'transport-envelope';
  if (transport === transportValues.anomaly) return 'anomaly-envelope';
  const notification = readValue(header, headerNames.notification);
  if (notification === undefined) return 'ordinary';
  const isVirus = data?.error === 'virus' || readValue(header, headerNames.securityCheck) !== undefined;
  switch (notification) {
    case notificationValues.acceptance:
      return 'acceptance-receipt';
    case notificationValues.nonAcceptance:
      return isVirus ? 'virus-non-acceptance-notice' : 'non-acceptance-notice';
    case notificationValues.takeInCharge:
      return 'take-in-charge-receipt';
    case notificationValues.delivery:
      return 'delivery-receipt';
    case notificationValues.nonDelivery:
      return isVirus ? 'virus-non-delivery-notice' : 'non-delivery-notice';
    case notificationValues.timeout:
      // Only the second notice closes the transaction, and only it says 5.4.1 (pec-wire §6).
      return data?.extendedError?.startsWith('5.4.1') === true ? 'final-timeout-notice' : 'timeout-notice';
    case notificationValues.virusDetection:
      return 'virus-detection-notice';
    default:
      return 'unknown-notification';
  }
}

function readValue(header: HeaderBlock, name: string): string | undefined {
  const field = firstField(header, name);
  return field === undefined ? undefined : unfold(field.value).toLowerCase();
}

const names = {
  ordinary: { italian: 'messaggio di posta ordinaria', english: 'ordinary message' },
  'transport-envelope': { italian: 'busta di trasporto', english: 'transport envelope' },
  'anomaly-envelope': { italian: 'busta di anomalia', english: 'anomaly envelope' },
  'acceptance-receipt': { italian: 'ricevuta di accettazione', english: 'acceptance receipt' },
  'non-acceptance-notice': { italian: 'avviso di non accettazione', english: 'non-acceptance notice' },
  'virus-non-acceptance-notice': {
    italian: 'avviso di non accettazione per virus',
    english: 'non-acceptance notice for a virus',
  },
  'take-in-charge-receipt': {
    italian: 'ricevuta di presa in carico',
    english: 'receipt of taking in charge',
  },
  'delivery-receipt': { italian: 'ricevuta di avvenuta consegna', english: 'delivery receipt' },
  'non-delivery-notice': { italian: 'avviso di mancata consegna', english: 'non-delivery notice' },
  'virus-non-delivery-notice': {
    italian: 'avviso di mancata consegna per virus',
    english: 'non-delivery notice for a virus',
  },
  'timeout-notice': {
    italian: 'avviso di mancata consegna per superamento dei tempi massimi (dodici ore)',
    english: 'non-delivery notice, twelve hours without delivery',
  },
  'final-timeout-notice': {
    italian: 'avviso di mancata consegna per superamento dei tempi massimi (ventiquattro ore)',
    english: 'non-delivery notice, twenty-four hours without delivery',
  },
  'virus-detection-notice': { italian: 'avviso di rilevazione virus', english: 'virus detection notice' },
  'unknown-notification': {
    italian: 'ricevuta o avviso di un tipo sconosciuto',
    english: 'notification of an unknown kind',
  },
} as const satisfies Record<string, Wording>;

const deliveryNames: Readonly<Record<ReceiptKind, Wording>> = {
  completa: { italian: 'ricevuta di avvenuta consegna completa', english: 'complete delivery receipt' },
  breve: { italian: 'ricevuta di avvenuta consegna breve', english: 'brief delivery receipt' },
  sintetica: { italian: 'ricevuta di avvenuta consegna sintetica', english: 'concise delivery receipt' },
};
