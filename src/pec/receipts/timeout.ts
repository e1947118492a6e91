import type { BuildValues } from '../facts.ts';
import { timeoutFailures } from '../failures.ts';
import { buildNotification, writeExtendedError } from '../notification.ts';
import type { BuiltMessage } from '../signed-entity.ts';
import { notificationValues, subjectPrefixes } from '../wire-names.ts';

export interface TimeoutValues extends BuildValues {
  readonly hours: 12 | 24;
  /** The certified recipient nothing was heard of. */
  readonly recipient: string;
}

/**
 * The notice that nothing was heard in 12 or 24 hours (avviso di mancata consegna per superamento tempo
 * massimo), one per recipient, to the original sender: RFC 6109 §3.1.6.
 */
export function buildTimeoutNotice(values: TimeoutValues): BuiltMessage {
  const { hours, recipient } = values;
  const kind = 'timeout-notice';
  const { status, text } = timeoutFailures[hours];
  return buildNotification(
    values,
    { kind: `${kind}-${hours}`, about: [recipient] },
    {
      notification: notificationValues.timeout,
      subjectPrefix: subjectPrefixes.timeout,
      to: values.facts.sender,
      text: hours === 12 ? 'timeout12' : 'timeout24',
      textValues: { recipient },
      certification: {
        error: 'altro',
        delivery: recipient,
        extendedError: writeExtendedError(status, values.provider.name, text),
      },
    },
    { kind, hours, recipient },
  );
}
