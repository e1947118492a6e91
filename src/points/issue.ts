/**
 * Issuing: an order names a builder of `pec/` and the values it takes; what comes out is built, hashed and signed.
 * An order is a plain value, so that it can be carried out on another thread as well as here, with the same bytes.
 */
import type { Signer } from '../keys/signer.ts';
import { isInline, type Segments } from '../lib/segments.ts';
import type { Instant } from '../lib/time.ts';
import { buildAnomalyEnvelope } from '../pec/anomaly-envelope.ts';
import { buildAcceptanceReceipt } from '../pec/receipts/acceptance.ts';
import { buildDeliveryReceipt } from '../pec/receipts/delivery.ts';
import { buildNonAcceptanceNotice, buildVirusNonAcceptanceNotice } from '../pec/receipts/non-acceptance.ts';
import { buildNonDeliveryNotice } from '../pec/receipts/non-delivery.ts';
import { buildTakeInChargeReceipt } from '../pec/receipts/take-in-charge.ts';
import { buildTimeoutNotice } from '../pec/receipts/timeout.ts';
import { buildVirusDetectionNotice, buildVirusNonDeliveryNotice } from '../pec/receipts/virus.ts';
import type { BuiltMessage } from '../pec/signed-entity.ts';
import { buildTransportEnvelope } from '../pec/transport-envelope.ts';
import type { PointParts } from './parts.ts';
import { type SealedMessage, seal } from './seal.ts';

const builders = {
  acceptanceReceipt: buildAcceptanceReceipt,
  anomalyEnvelope: buildAnomalyEnvelope,
  deliveryReceipt: buildDeliveryReceipt,
  nonAcceptanceNotice: buildNonAcceptanceNotice,
  nonDeliveryNotice: buildNonDeliveryNotice,
  takeInChargeReceipt: buildTakeInChargeReceipt,
  timeoutNotice: buildTimeoutNotice,
  transportEnvelope: buildTransportEnvelope,
  virusDetectionNotice: buildVirusDetectionNotice,
  virusNonAcceptanceNotice: buildVirusNonAcceptanceNotice,
  virusNonDeliveryNotice: buildVirusNonDeliveryNotice,
} as const;

type Builders = typeof builders;

/** One message to be issued: the name of its builder and what that takes. */
export type Order = {
  [Name in keyof Builders]: { readonly build: Name; readonly values: Parameters<Builders[Name]>[0] };
}[keyof Builders];

/** Carries out orders elsewhere; see `issuing-threads.ts`. */
export interface Issuing {
  /**
   * The messages, in the order of the orders; undefined when it cannot carry them out and they are to be issued here.
   * Rejects as {@link issue} does.
   */
  issue(signer: Signer, orders: readonly Order[], at: Instant): Promise<SealedMessage[]> | undefined;
}

/**
 * Builds and signs these messages at the transaction's time (RFC 6109 §4.1), in the order of the orders.
 * @throws {MailError} `temporary`, 451, when the key or the bytes of an original cannot be had: nothing is issued then.
 */
export function issueAll(
  parts: Pick<PointParts, 'blobs' | 'signer' | 'issuing'>,
  orders: readonly Order[],
  at: Instant,
): Promise<SealedMessage[]> {
  const { blobs, signer, issuing } = parts;
  return issuing?.issue(signer, orders, at) ?? issueHere({ blobs, signer }, orders, at);
}

/** The same for one message. @throws {MailError} as {@link issueAll}. */
export async function issue(
  parts: Pick<PointParts, 'blobs' | 'signer' | 'issuing'>,
  order: Order,
  at: Instant,
): Promise<SealedMessage> {
  const [issued] = await issueAll(parts, [order], at);
  if (issued === undefined) throw new Error('an order gives a message');
  return issued;
}

/** On this thread. @throws {MailError} as {@link issueAll}. */
export function issueHere(
  parts: Pick<PointParts, 'blobs' | 'signer'>,
  orders: readonly Order[],
  at: Instant,
): Promise<SealedMessage[]> {
  return Promise.all(orders.map((order) => seal(parts, build(order), at)));
}

function build({ build, values }: Order): BuiltMessage {
  // Name and values belong together by the type of the order, which a call by name cannot tell.
  const builder: (values: never) => BuiltMessage = builders[build];
  return builder(values as never);
}

/** The order with another list for the same bytes of its original, if it encloses one. */
export function replaceOriginal(order: Order, replace: (segments: Segments) => Segments): Order {
  switch (order.build) {
    case 'transportEnvelope': {
      const { original } = order.values;
      return {
        ...order,
        values: { ...order.values, original: { ...original, segments: replace(original.segments) } },
      };
    }
    case 'anomalyEnvelope': {
      const { received } = order.values;
      return {
        ...order,
        values: { ...order.values, received: { ...received, segments: replace(received.segments) } },
      };
    }
    case 'deliveryReceipt': {
      const { original } = order.values;
      return original === undefined
        ? order
        : { ...order, values: { ...order.values, original: replace(original) } };
    }
    default:
      return order;
  }
}

/** True when some bytes of an original stand in the blob store. */
export function needsBlobs(orders: readonly Order[]): boolean {
  let found = false;
  for (const order of orders) {
    replaceOriginal(order, (segments) => {
      found ||= !segments.every(isInline);
      return segments;
    });
  }
  return found;
}
