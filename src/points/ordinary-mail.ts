/**
 * Ordinary mail at the incoming point (pec-wire §8): by setting of mailbox, domain or provider it is refused,
 * taken in an anomaly envelope, or forwarded. It certifies nothing in any case. A transaction whose recipients
 * differ is refused as a whole with a text that says for whom, so that nothing is lost in silence.
 */
import type { OrdinaryMail } from '../accounts/domains.ts';
import { findDomain } from '../accounts/domains.ts';
import { findMailbox } from '../accounts/mailboxes.ts';
import { readSegments } from '../blob/read-segments.ts';
import { addContent } from '../content/content.ts';
import type { ReadTransaction } from '../db/database.ts';
import { fromLatin1 } from '../lib/bytes.ts';
import { MailError } from '../lib/mail-error.ts';
import { appendEvent } from '../message-log/append.ts';
import { domainOf } from '../mime/address.ts';
import type { OriginResults } from '../mime/authentication-results.ts';
import type { Wording } from '../pec/facts.ts';
import { readMsgid } from '../pec/original-message.ts';
import { enqueue } from '../queue/outgoing.ts';
import { idleLimit } from '../queue/retry.ts';
import { describeArrival, infected, receiveAnomaly } from './anomaly.ts';
import { type Arrival, isServiceAddress } from './arrival.ts';
import { readStandings } from './directory.ts';
import type { PointParts } from './parts.ts';
import { buildReceivedField } from './trace.ts';

interface Destination {
  readonly recipient: string;
  readonly way: OrdinaryMail;
  /** For `forward`. */
  readonly forwardTo: string | undefined;
}

/** The text for the 250 line. @throws {MailError} 550 when it is not taken. */
export async function receiveOrdinary(parts: PointParts, arrival: Arrival, reason: Wording): Promise<string> {
  const { verdict } = arrival.intake;
  if (verdict.infected) throw infected(verdict.virus);
  const destinations = await parts.db.read((tx) => readDestinations(parts, tx, arrival.recipients));
  const refused = destinations.filter(({ way }) => way === 'refuse').map(({ recipient }) => recipient);
  if (refused.length > 0) {
    const others =
      refused.length < destinations.length ? ', or write to the other recipients separately' : '';
    await recordRefusal(parts, arrival, reason);
    throw new MailError(
      'denied',
      `Ordinary mail is not accepted for ${refused.slice(0, 5).join(', ')}: send certified mail (PEC)${others}`,
      { code: 550, enhanced: '5.7.1' },
      new Error(reason.english),
    );
  }
  const accepting = destinations.filter(({ way }) => way === 'accept').map(({ recipient }) => recipient);
  if (accepting.length > 0) {
    const origin = await checkOrigin(parts, arrival);
    await receiveAnomaly(parts, { arrival, recipients: accepting, reason, origin });
  }
  await forward(parts, arrival, destinations);
  return 'Message taken as ordinary mail';
}

/** SPF, DKIM and DMARC: told to the recipients and to the log; nobody is refused for them. */
async function checkOrigin(parts: PointParts, arrival: Arrival): Promise<OriginResults | undefined> {
  const { client, reversePath, intake, reading } = arrival;
  return parts.origin?.check({
    address: client.address,
    helo: client.helo,
    reversePath,
    header: reading.header,
    message: readSegments(parts.blobs, intake.segments),
  });
}

async function readDestinations(
  parts: PointParts,
  tx: ReadTransaction,
  recipients: readonly string[],
): Promise<Destination[]> {
  const destinations: Destination[] = [];
  for (const recipient of recipients) {
    const mailbox = await findMailbox(tx, recipient);
    if (mailbox === undefined && isServiceAddress(parts, recipient)) {
      destinations.push({ recipient, way: 'refuse', forwardTo: undefined });
      continue;
    }
    if (mailbox === undefined)
      throw new MailError('permanent', `There is no mailbox ${recipient} here`, {
        code: 550,
        enhanced: '5.1.1',
      });
    const domain = await findDomain(tx, domainOf(recipient));
    const wanted = mailbox.ordinaryMail ?? domain?.ordinaryMail ?? parts.ordinaryMail;
    // Who ordinary mail is from nobody can say: a closed group takes none.
    const way = domain?.closedGroup === undefined ? wanted : 'refuse';
    destinations.push({ recipient, way, forwardTo: mailbox.forwardTo });
  }
  return destinations;
}

async function recordRefusal(parts: PointParts, arrival: Arrival, reason: Wording): Promise<void> {
  const facts = describeArrival(parts, { arrival, recipients: arrival.recipients });
  await parts.db.transact((tx) =>
    appendEvent(
      tx,
      { type: 'ordinary-refused', at: arrival.at, facts, sendingProvider: '', generated: [], reason },
      parts.node,
    ),
  );
}

async function forward(
  parts: PointParts,
  arrival: Arrival,
  destinations: readonly Destination[],
): Promise<void> {
  const targets = destinations.flatMap(({ way, forwardTo }) =>
    way === 'forward' && forwardTo !== undefined ? [forwardTo] : [],
  );
  if (targets.length === 0) return;
  const { intake, at, reading } = arrival;
  const received = fromLatin1(buildReceivedField(parts, arrival));
  await parts.db.transact(async (tx) => {
    const contentId = await addContent(tx, [received, ...intake.segments]);
    const standings = await readStandings(parts, tx, targets);
    await enqueue(
      tx,
      standings.map(({ address, domain, certified }) => ({
        node: parts.node,
        kind: 'forward' as const,
        identificativo: '',
        messageId: undefined,
        mailId: readMsgid(reading.header) ?? '',
        contentId,
        skip: 0,
        size: received.length + intake.size,
        eightBit: intake.eightBit,
        // Ours, so that a refusal comes here and SPF of the new path holds.
        reversePath: parts.provider.address,
        recipient: address,
        domain,
        certified,
        queuedAt: at,
        expiresAt: at + idleLimit,
      })),
    );
    tx.afterCommit(() => parts.workers.queueWaiting());
  });
}
