/**
 * The incoming point (punto di ricezione, RFC 6109 §2.2.2, §3.2): what arrives from other servers is verified,
 * classified, and becomes what it is: an envelope taken in charge, a notification delivered, an anomaly, or
 * ordinary mail. When `receive` resolves everything it did is durable; when it throws nothing of it exists.
 */
import { MailError } from '../lib/mail-error.ts';
import { receiveAnomaly } from './anomaly.ts';
import { type Arrival, type IncomingMail, isServiceAddress } from './arrival.ts';
import { readStandings } from './directory.ts';
import { readIncoming } from './incoming-reading.ts';
import { takeIn } from './intake.ts';
import { receiveNotification } from './notification-arrival.ts';
import { receiveOrdinary } from './ordinary-mail.ts';
import type { PointParts } from './parts.ts';
import { takeInCharge } from './take-in-charge.ts';

export interface IncomingPoint {
  /** @throws {MailError} 550 5.7.1 for a domain that is not ours: no relaying. */
  checkRecipient(recipient: string): Promise<void>;
  /** @throws {MailError} for what SMTP refuses: ordinary mail by setting, store or scanner away. */
  receive(mail: IncomingMail): Promise<{ readonly text: string }>;
}

/** What an envelope's header has beside the fields it inherits from the original, bytes. */
const envelopeFields = 64 * 1024;

export function createIncomingPoint(parts: PointParts): IncomingPoint {
  async function checkRecipient(recipient: string): Promise<void> {
    if (isServiceAddress(parts, recipient)) return;
    const [standing] = await parts.db.read((tx) => readStandings(parts, tx, [recipient]));
    if (standing?.local !== true)
      throw new MailError('denied', 'This server does not relay; the domain is not one of ours', {
        code: 550,
        enhanced: '5.7.1',
      });
  }

  async function receive(mail: IncomingMail): Promise<{ text: string }> {
    parts.ready();
    // 1. The one temporal value of the transaction (RFC 6109 §4.1).
    const at = parts.clock();
    // 2. The bytes: durable, hashed, scanned, their structure known.
    const intake = await takeIn(mail.source, {
      blobs: parts.blobs,
      scanner: parts.scanner,
      maxHeadBytes: parts.limits.headBytes + envelopeFields,
    });
    await parts.steps.reached('incoming:bytes-durable');
    // 3. Signature existence, origin, validity; form (§2.2.2).
    const reading = await readIncoming(parts, intake, at);
    const arrival: Arrival = { ...mail, at, intake, reading };
    // 4. Act by what it is: each of these signs and commits once.
    const text = await act(arrival);
    await parts.steps.reached('incoming:committed');
    return { text };
  }

  function act(arrival: Arrival): Promise<string> {
    const { kind } = arrival.reading;
    switch (kind.kind) {
      case 'transport-envelope':
        return takeInCharge(parts, arrival, kind);
      case 'notification':
        return receiveNotification(parts, arrival, kind);
      case 'malformed':
        return receiveAnomaly(parts, { arrival, recipients: arrival.recipients, reason: kind.reason });
      case 'ordinary':
        return receiveOrdinary(parts, arrival, kind.reason);
    }
  }

  return { checkRecipient, receive };
}
