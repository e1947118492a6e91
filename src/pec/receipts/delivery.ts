import type { Segments } from '../../lib/segments.ts';
import type { BuildValues, ReceiptKind } from '../facts.ts';
import { buildNotification } from '../notification.ts';
import type { BuiltMessage } from '../signed-entity.ts';
import type { TextName } from '../texts/model.ts';
import { notificationValues, subjectPrefixes } from '../wire-names.ts';

export interface DeliveryValues extends BuildValues {
  readonly kind: ReceiptKind;
  readonly recipient: string;
  /**
   * postacert.eml of the transport envelope, as it is for `completa`, with hash files for `breve`
   * (`buildBriefOriginal`); left out for `sintetica`.
   */
  readonly original?: Segments | undefined;
  /** True if `original` holds bytes above 127. */
  readonly eightBit?: boolean;
  /** Of the hash files of a brief receipt. */
  readonly hashAlgorithm?: 'sha1' | 'sha256';
  /**
   * Where another provider made the identificativo: some value its sender could not foresee (our identifier of
   * the reception), so that no original can hold this receipt's boundaries.
   */
  readonly salt?: string;
}

const texts: Readonly<Record<ReceiptKind, TextName>> = {
  completa: 'deliveryComplete',
  breve: 'deliveryBrief',
  sintetica: 'deliveryConcise',
};

/**
 * The delivery receipt (ricevuta di avvenuta consegna), one per recipient, to the sender: RFC 6109 §3.3.2.
 * @throws {RangeError} when `original` is missing for a complete or brief receipt.
 */
export function buildDeliveryReceipt(values: DeliveryValues): BuiltMessage {
  const { kind: receiptKind, recipient, original, eightBit = false, hashAlgorithm, salt } = values;
  const encloses = receiptKind !== 'sintetica';
  if (encloses && original === undefined)
    throw new RangeError(`a receipt ${receiptKind} encloses the original`);
  const kind = 'delivery-receipt';
  return buildNotification(
    values,
    { kind, about: [recipient] },
    {
      notification: notificationValues.delivery,
      subjectPrefix: subjectPrefixes.delivery,
      to: values.facts.sender,
      text: texts[receiptKind],
      textValues: { recipient },
      certification: { error: 'nessuno', receiptKind, delivery: recipient },
      original: encloses && original !== undefined ? { segments: original, eightBit } : undefined,
      salt,
    },
    {
      kind,
      receiptKind,
      recipient,
      ...(hashAlgorithm === undefined ? {} : { hashAlgorithm }),
      ...(salt === undefined ? {} : { salt }),
    },
  );
}
