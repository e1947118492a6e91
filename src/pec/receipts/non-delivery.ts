import type { BuildValues } from '../facts.ts';
import type { DeliveryFailure } from '../generated.ts';
import { buildNotification, writeExtendedError } from '../notification.ts';
import type { BuiltMessage } from '../signed-entity.ts';
import { notificationValues, subjectPrefixes } from '../wire-names.ts';

export interface NonDeliveryValues extends BuildValues {
  readonly recipient: string;
  readonly failure: DeliveryFailure;
}

/** The non-delivery notice (avviso di mancata consegna), one per recipient, to the sender: RFC 6109 §3.3.3. */
export function buildNonDeliveryNotice(values: NonDeliveryValues): BuiltMessage {
  const kind = 'non-delivery-notice';
  const { recipient, failure, provider } = values;
  const describe = (text: string) => writeExtendedError(failure.status, provider.name, text);
  const italian = describe(failure.text.italian);
  return buildNotification(
    values,
    { kind, about: [recipient] },
    {
      notification: notificationValues.nonDelivery,
      subjectPrefix: subjectPrefixes.nonDelivery,
      to: values.facts.sender,
      text: 'nonDelivery',
      textValues: { recipient, reason: { italian, english: describe(failure.text.english) } },
      certification: { error: failure.error, delivery: recipient, extendedError: italian },
    },
    { kind, recipient, failure },
  );
}
