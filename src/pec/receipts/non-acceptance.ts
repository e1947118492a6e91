import type { BuildValues, Wording } from '../facts.ts';
import { virusFailure } from '../failures.ts';
import type { StatedReason } from '../generated.ts';
import { buildNotification, writeExtendedError } from '../notification.ts';
import type { BuiltMessage } from '../signed-entity.ts';
import { notificationValues, subjectPrefixes } from '../wire-names.ts';

export interface NonAcceptanceValues extends BuildValues {
  /** At least one; a `Finding` is one. */
  readonly reasons: readonly StatedReason[];
}

/** The non-acceptance notice for formal or policy reasons (avviso di non accettazione): RFC 6109 §3.1.2. */
export function buildNonAcceptanceNotice(values: NonAcceptanceValues): BuiltMessage {
  const kind = 'non-acceptance-notice';
  const reasons = values.reasons.map(({ status, italian, english }) => ({ status, italian, english }));
  const reason = joinReasons(reasons);
  const status = reasons[0]?.status ?? '5.6.0';
  return buildNotification(
    values,
    { kind },
    {
      notification: notificationValues.nonAcceptance,
      subjectPrefix: subjectPrefixes.nonAcceptance,
      to: values.facts.sender,
      text: 'nonAcceptance',
      textValues: { reason },
      certification: {
        error: 'altro',
        extendedError: writeExtendedError(status, values.provider.name, reason.italian),
      },
    },
    { kind, reasons },
  );
}

function joinReasons(reasons: readonly StatedReason[]): Wording {
  return {
    italian: reasons.map(({ italian }) => italian).join('; '),
    english: reasons.map(({ english }) => english).join('; '),
  };
}

export interface VirusNonAcceptanceValues extends BuildValues {
  /** The scanner's name for it. */
  readonly virus: string;
}

/** The non-acceptance notice for a virus found at the access point: RFC 6109 §3.1.3. */
export function buildVirusNonAcceptanceNotice(values: VirusNonAcceptanceValues): BuiltMessage {
  const kind = 'virus-non-acceptance-notice';
  const { virus } = values;
  return buildNotification(
    values,
    { kind },
    {
      notification: notificationValues.nonAcceptance,
      subjectPrefix: subjectPrefixes.virusNonAcceptance,
      to: values.facts.sender,
      text: 'virusNonAcceptance',
      textValues: { virus },
      securityError: true,
      certification: {
        error: 'virus',
        extendedError: writeExtendedError(virusFailure.status, values.provider.name, virusFailure.text),
      },
    },
    { kind, virus },
  );
}
