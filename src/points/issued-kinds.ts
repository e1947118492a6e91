/** The messages this provider issues, by the words that stand on the wire and that people ask for them by. */
import type { MessageFacts } from '../pec/facts.ts';
import type { GeneratedKind, GeneratedMessage } from '../pec/generated.ts';
import { type CertificationType, notificationValues, transportValues } from '../pec/wire-names.ts';

/** `X-Ricevuta`, or `X-Trasporto` of a transport envelope. */
export type ReproducibleKind = CertificationType;

/** Undefined for what certifies nothing: an anomaly envelope, an attested duplicate. */
export function wireKindOf(kind: GeneratedKind): ReproducibleKind | undefined {
  switch (kind) {
    case 'acceptance-receipt':
      return notificationValues.acceptance;
    case 'non-acceptance-notice':
    case 'virus-non-acceptance-notice':
      return notificationValues.nonAcceptance;
    case 'transport-envelope':
      return transportValues.certified;
    case 'timeout-notice':
      return notificationValues.timeout;
    case 'take-in-charge-receipt':
      return notificationValues.takeInCharge;
    case 'virus-detection-notice':
      return notificationValues.virusDetection;
    case 'virus-non-delivery-notice':
    case 'non-delivery-notice':
      return notificationValues.nonDelivery;
    case 'delivery-receipt':
      return notificationValues.delivery;
    case 'anomaly-envelope':
    case 'duplicate-attestation':
      return undefined;
  }
}

/** The recipients it is about. */
export function aboutOf(generated: GeneratedMessage, facts: MessageFacts): readonly string[] {
  if ('recipient' in generated) return [generated.recipient];
  if ('takenInCharge' in generated) return generated.takenInCharge;
  return facts.recipients.map(({ address }) => address);
}
