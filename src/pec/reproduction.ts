import { buildAnomalyEnvelope } from './anomaly-envelope.ts';
import { buildDuplicateAttestation } from './duplicate-attestation.ts';
import type { BuildValues, MessageFacts } from './facts.ts';
import type { DeliveryReceiptRecord, GeneratedMessage } from './generated.ts';
import { buildAcceptanceReceipt } from './receipts/acceptance.ts';
import { buildDeliveryReceipt } from './receipts/delivery.ts';
import { buildNonAcceptanceNotice, buildVirusNonAcceptanceNotice } from './receipts/non-acceptance.ts';
import { buildNonDeliveryNotice } from './receipts/non-delivery.ts';
import { buildTakeInChargeReceipt } from './receipts/take-in-charge.ts';
import { buildTimeoutNotice } from './receipts/timeout.ts';
import { buildVirusDetectionNotice, buildVirusNonDeliveryNotice } from './receipts/virus.ts';
import type { BuiltMessage } from './signed-entity.ts';
import { buildTransportEnvelope, type EnclosedMessage } from './transport-envelope.ts';

/**
 * Any message the provider ever wrote, again, from what the log kept: the same bytes, so that the signature
 * kept with it still holds. Envelopes, complete and brief receipts need what they enclosed as well.
 */
export interface Reproduction {
  /** `facts` and `at` of the event the record stands in. */
  readonly facts: MessageFacts;
  readonly at: number;
  readonly generated: GeneratedMessage;
  /**
   * What it enclosed: the rewritten original of an envelope or complete receipt, the brief form for a brief
   * one, what had arrived for an anomaly envelope.
   */
  readonly enclosed?: EnclosedMessage;
  /** The proof bundle that an attested duplicate carried. */
  readonly proof?: Uint8Array;
}

/**
 * The unsigned message of that record.
 * @throws {RangeError} when what it enclosed is missing, or its texts version does not exist.
 */
export function rebuildGenerated(reproduction: Reproduction): BuiltMessage {
  const { facts, at, generated, enclosed, proof } = reproduction;
  const { provider, textsVersion } = generated;
  const values: BuildValues = { provider, facts, at, textsVersion };
  switch (generated.kind) {
    case 'acceptance-receipt':
      return buildAcceptanceReceipt(values);
    case 'non-acceptance-notice':
      return buildNonAcceptanceNotice({ ...values, ...generated });
    case 'virus-non-acceptance-notice':
      return buildVirusNonAcceptanceNotice({ ...values, ...generated });
    case 'transport-envelope':
      return buildTransportEnvelope({ ...values, ...generated, original: need(enclosed, generated) });
    case 'timeout-notice':
      return buildTimeoutNotice({ ...values, ...generated });
    case 'take-in-charge-receipt':
      return buildTakeInChargeReceipt({ ...values, ...generated });
    case 'anomaly-envelope':
      return buildAnomalyEnvelope({ ...values, ...generated, received: need(enclosed, generated) });
    case 'virus-detection-notice':
      return buildVirusDetectionNotice({ ...values, ...generated });
    case 'virus-non-delivery-notice':
      return buildVirusNonDeliveryNotice({ ...values, ...generated });
    case 'delivery-receipt':
      return rebuildDelivery(values, generated, enclosed);
    case 'non-delivery-notice':
      return buildNonDeliveryNotice({ ...values, ...generated });
    case 'duplicate-attestation':
      return buildDuplicateAttestation({ ...values, ...generated, ...(proof && { proof }) });
  }
}

function rebuildDelivery(
  values: BuildValues,
  generated: DeliveryReceiptRecord,
  enclosed: EnclosedMessage | undefined,
): BuiltMessage {
  const { receiptKind, ...record } = generated;
  const delivery = { ...values, ...record, kind: receiptKind };
  if (receiptKind === 'sintetica') return buildDeliveryReceipt(delivery);
  const { segments, eightBit } = need(enclosed, generated);
  return buildDeliveryReceipt({ ...delivery, original: segments, eightBit });
}

function need(enclosed: EnclosedMessage | undefined, { kind }: GeneratedMessage): EnclosedMessage {
  if (enclosed === undefined)
    throw new RangeError(`a ${kind} cannot be written again without what it encloses`);
  return enclosed;
}
