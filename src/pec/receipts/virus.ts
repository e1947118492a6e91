import type { BuildValues } from '../facts.ts';
import { virusFailure } from '../failures.ts';
import { buildNotification, writeExtendedError } from '../notification.ts';
import type { BuiltMessage } from '../signed-entity.ts';
import { notificationValues, subjectPrefixes } from '../wire-names.ts';

export interface VirusDetectionValues extends BuildValues {
  readonly recipient: string;
  /** The scanner's name for it. */
  readonly virus: string;
  /** The sending provider's `mailReceipt` address. */
  readonly to: string;
}

/**
 * The virus detection notice (avviso di rilevazione virus), one per recipient here, to the sending provider:
 * RFC 6109 §3.2.3.
 */
export function buildVirusDetectionNotice(values: VirusDetectionValues): BuiltMessage {
  const kind = 'virus-detection-notice';
  const { recipient, virus, to } = values;
  return buildNotification(
    values,
    { kind, about: [recipient] },
    {
      notification: notificationValues.virusDetection,
      subjectPrefix: subjectPrefixes.virusDetection,
      to,
      text: 'virusDetection',
      textValues: { recipient, virus },
      originalSender: values.facts.sender,
      certification: certify(values, recipient),
    },
    { kind, recipient, virus, to },
  );
}

export interface VirusNonDeliveryValues extends BuildValues {
  readonly recipient: string;
  /** What the receiving provider called it, if its detection notice said so. */
  readonly virus: string;
}

/**
 * The non-delivery notice for a virus the receiving provider found (avviso di mancata consegna per virus), to
 * the sender: RFC 6109 §3.2.4.
 */
export function buildVirusNonDeliveryNotice(values: VirusNonDeliveryValues): BuiltMessage {
  const kind = 'virus-non-delivery-notice';
  const { recipient, virus } = values;
  return buildNotification(
    values,
    { kind, about: [recipient] },
    {
      notification: notificationValues.nonDelivery,
      subjectPrefix: subjectPrefixes.virusNonDelivery,
      to: values.facts.sender,
      text: 'virusNonDelivery',
      textValues: { recipient, virus },
      securityError: true,
      certification: certify(values, recipient),
    },
    { kind, recipient, virus },
  );
}

function certify({ provider }: BuildValues, recipient: string) {
  return {
    error: 'virus',
    delivery: recipient,
    extendedError: writeExtendedError(virusFailure.status, provider.name, virusFailure.text),
  } as const;
}
