import { createHash } from 'node:crypto';
import { hex } from '../../src/lib/bytes.ts';
import { isInline, type Segments, sliceSegments } from '../../src/lib/segments.ts';
import { parseHeaderBlock } from '../../src/mime/header.ts';
import { scanMessage } from '../../src/mime/part-scanner.ts';
import { buildAnomalyEnvelope } from '../../src/pec/anomaly-envelope.ts';
import { buildBriefOriginal, planBriefOriginal } from '../../src/pec/brief-original.ts';
import type { MessageFacts, ProviderIdentity, Recipient, Wording } from '../../src/pec/facts.ts';
import { deliveryFailures } from '../../src/pec/failures.ts';
import { checkFormalRules } from '../../src/pec/formal-checks.ts';
import { readOriginal, rewriteOriginalHead } from '../../src/pec/original-message.ts';
import { decideReceiptKind } from '../../src/pec/receipt-kind.ts';
import { buildAcceptanceReceipt } from '../../src/pec/receipts/acceptance.ts';
import { buildDeliveryReceipt } from '../../src/pec/receipts/delivery.ts';
import {
  buildNonAcceptanceNotice,
  buildVirusNonAcceptanceNotice,
} from '../../src/pec/receipts/non-acceptance.ts';
import { buildNonDeliveryNotice } from '../../src/pec/receipts/non-delivery.ts';
import { buildTakeInChargeReceipt } from '../../src/pec/receipts/take-in-charge.ts';
import { buildTimeoutNotice } from '../../src/pec/receipts/timeout.ts';
import { buildVirusDetectionNotice, buildVirusNonDeliveryNotice } from '../../src/pec/receipts/virus.ts';
import type { BuiltMessage } from '../../src/pec/signed-entity.ts';
import { buildTransportEnvelope, type EnclosedMessage } from '../../src/pec/transport-envelope.ts';

/** What `transaction.json` says: the values of one transaction, and which messages to write about it. */
export interface GoldenTransaction {
  readonly provider: ProviderIdentity;
  readonly at: string;
  readonly identificativo: string;
  readonly sender: string;
  readonly recipients: readonly Recipient[];
  readonly build: readonly GoldenRequest[];
}

export type GoldenRequest =
  | { readonly message: 'acceptance-receipt' | 'non-acceptance-notice' }
  | { readonly message: 'transport-envelope'; readonly traceFields?: string; readonly warnings?: Wording[] }
  | { readonly message: 'virus-non-acceptance-notice'; readonly virus: string }
  | { readonly message: 'timeout-notice'; readonly recipient: string; readonly hours: 12 | 24 }
  | { readonly message: 'take-in-charge-receipt'; readonly takenInCharge: string[]; readonly to: string }
  | { readonly message: 'anomaly-envelope'; readonly reason: Wording; readonly warnings?: Wording[] }
  | { readonly message: 'virus-detection-notice'; readonly recipient: string; virus: string; to: string }
  | { readonly message: 'virus-non-delivery-notice'; readonly recipient: string; readonly virus: string }
  | { readonly message: 'delivery-receipt'; readonly recipient: string }
  | {
      readonly message: 'non-delivery-notice';
      readonly recipient: string;
      readonly failure: keyof typeof deliveryFailures;
    };

export interface GoldenMessage {
  readonly file: string;
  readonly bytes: Buffer;
  readonly built: BuiltMessage;
  readonly facts: MessageFacts;
  readonly at: number;
  readonly enclosed: EnclosedMessage | undefined;
}

interface CaseValues {
  readonly provider: ProviderIdentity;
  readonly facts: MessageFacts;
  readonly at: number;
  /** As it came. */
  readonly received: EnclosedMessage;
  /** With its identifiers rewritten. */
  readonly original: EnclosedMessage;
}

/** All messages of a case, as the points make them: from what SMTP said and the original's bytes. */
export function buildCase(transaction: GoldenTransaction, source: Buffer): GoldenMessage[] {
  const values = readValues(transaction, source);
  return transaction.build.map((request, index) => {
    const { built, enclosed } = buildOne(request, values);
    const number = String(index + 1).padStart(2, '0');
    return {
      file: `${number}-${request.message}.eml`,
      bytes: Buffer.concat([built.header, join(built.content)]),
      built,
      facts: values.facts,
      at: values.at,
      enclosed,
    };
  });
}

function readValues(transaction: GoldenTransaction, source: Buffer): CaseValues {
  const { provider, identificativo, sender, recipients } = transaction;
  const header = parseHeaderBlock(source);
  const read = readOriginal(header);
  const head = source.subarray(0, header.bodyStart);
  const rewritten = rewriteOriginalHead(head, identificativo);
  const eightBit = source.some((byte) => byte > 0x7f);
  return {
    provider,
    at: Date.parse(transaction.at),
    facts: {
      identificativo,
      msgid: rewritten.msgid,
      sender,
      recipients,
      replyTo: read.replyTo ?? sender,
      subject: read.subject,
    },
    received: { header, segments: [source], eightBit },
    original: { header, segments: [rewritten.head, source.subarray(header.bodyStart)], eightBit },
  };
}

interface BuiltOne {
  readonly built: BuiltMessage;
  readonly enclosed?: EnclosedMessage;
}

function buildOne(request: GoldenRequest, all: CaseValues): BuiltOne {
  const { received, original, ...values } = all;
  switch (request.message) {
    case 'acceptance-receipt':
      return { built: buildAcceptanceReceipt(values) };
    case 'non-acceptance-notice':
      return { built: buildNonAcceptanceNotice({ ...values, reasons: findReasons(all) }) };
    case 'virus-non-acceptance-notice':
      return { built: buildVirusNonAcceptanceNotice({ ...values, ...request }) };
    case 'transport-envelope': {
      const { receiptKind } = readOriginal(original.header);
      return {
        built: buildTransportEnvelope({ ...values, ...request, original, receiptKind }),
        enclosed: original,
      };
    }
    case 'timeout-notice':
      return { built: buildTimeoutNotice({ ...values, ...request }) };
    case 'take-in-charge-receipt':
      return { built: buildTakeInChargeReceipt({ ...values, ...request }) };
    case 'anomaly-envelope':
      return { built: buildAnomalyEnvelope({ ...values, ...request, received }), enclosed: received };
    case 'virus-detection-notice':
      return { built: buildVirusDetectionNotice({ ...values, ...request }) };
    case 'virus-non-delivery-notice':
      return { built: buildVirusNonDeliveryNotice({ ...values, ...request }) };
    case 'delivery-receipt':
      return buildDelivery(request.recipient, all);
    case 'non-delivery-notice': {
      const failure = deliveryFailures[request.failure];
      return { built: buildNonDeliveryNotice({ ...values, recipient: request.recipient, failure }) };
    }
  }
}

function findReasons({ received, facts }: CaseValues) {
  return checkFormalRules({
    header: received.header,
    reversePath: facts.sender,
    recipients: facts.recipients.map(({ address }) => address),
    size: join(received.segments).length,
    limits: { recipients: 500, totalBytes: 100 * 1024 * 1024 },
  });
}

function buildDelivery(recipient: string, { original, provider, facts, at }: CaseValues): BuiltOne {
  const { receiptKind: requested, to, cc } = readOriginal(original.header);
  const kind = decideReceiptKind({ requested, to, cc, recipient });
  const base = { provider, facts, at, recipient, kind };
  if (kind === 'sintetica') return { built: buildDeliveryReceipt(base) };
  const { header, eightBit } = original;
  const segments = kind === 'breve' ? shorten(original.segments) : original.segments;
  const hashed = kind === 'breve' ? ({ hashAlgorithm: 'sha1' } as const) : {};
  return {
    built: buildDeliveryReceipt({ ...base, ...hashed, original: segments, eightBit }),
    enclosed: { header, segments, eightBit },
  };
}

function shorten(original: Segments): Segments {
  const plan = planBriefOriginal(scanMessage(join(original)));
  const hashes = plan.ranges.map(({ start, end }) =>
    hex(
      createHash('sha1')
        .update(join(sliceSegments(original, start, end)))
        .digest(),
    ),
  );
  return buildBriefOriginal(original, plan, hashes);
}

/** The bytes of inline segments. */
export function join(segments: Segments): Buffer {
  return Buffer.concat(
    segments.map((segment) => {
      if (!isInline(segment)) throw new TypeError('a golden case has no blobs');
      return segment;
    }),
  );
}
