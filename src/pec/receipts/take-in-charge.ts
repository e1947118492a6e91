import type { BuildValues } from '../facts.ts';
import { buildNotification } from '../notification.ts';
import type { BuiltMessage } from '../signed-entity.ts';
import { notificationValues, subjectPrefixes } from '../wire-names.ts';

export interface TakeInChargeValues extends BuildValues {
  /** The certified recipients of this SMTP transaction here, at least one. */
  readonly takenInCharge: readonly string[];
  /** The sending provider's `mailReceipt` address. */
  readonly to: string;
}

/**
 * The take-in-charge receipt (ricevuta di presa in carico), one per SMTP transaction, to the sending provider:
 * RFC 6109 §3.2.1. The same transaction coming again gives the same receipt.
 */
export function buildTakeInChargeReceipt(values: TakeInChargeValues): BuiltMessage {
  const kind = 'take-in-charge-receipt';
  const { takenInCharge, to } = values;
  return buildNotification(
    values,
    { kind, about: takenInCharge },
    {
      notification: notificationValues.takeInCharge,
      subjectPrefix: subjectPrefixes.takeInCharge,
      to,
      text: 'takeInCharge',
      certification: { error: 'nessuno', takenInCharge },
    },
    { kind, takenInCharge, to },
  );
}
