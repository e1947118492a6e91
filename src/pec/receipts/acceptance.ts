import type { BuildValues } from '../facts.ts';
import { buildNotification } from '../notification.ts';
import type { BuiltMessage } from '../signed-entity.ts';
import { notificationValues, subjectPrefixes } from '../wire-names.ts';

/** The acceptance receipt (ricevuta di accettazione), to the sender: RFC 6109 §3.1.4. */
export function buildAcceptanceReceipt(values: BuildValues): BuiltMessage {
  const kind = 'acceptance-receipt';
  return buildNotification(
    values,
    { kind },
    {
      notification: notificationValues.acceptance,
      subjectPrefix: subjectPrefixes.acceptance,
      to: values.facts.sender,
      text: 'acceptance',
      // §2.2.1: for each address, whether its domain is certified.
      textValues: { recipients: values.facts.recipients },
      certification: { error: 'nessuno' },
    },
    { kind },
  );
}
