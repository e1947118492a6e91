import { fromLatin1 } from '../lib/bytes.ts';
import type { Segments } from '../lib/segments.ts';
import { buildMultipart, buildTextPart } from '../mime/compose.ts';
import { formatDate } from '../mime/date.ts';
import { encodeHeaderText } from '../mime/encoded-word.ts';
import type { BuildValues } from './facts.ts';
import { deriveBoundary, deriveMessageId } from './identifiers.ts';

/**
 * The failure of an ordinary recipient, told to the sender by a standard delivery status notification (RFC
 * 3464, RFC 6522): it certifies nothing, so it is neither signed nor one of the messages of RFC 6109 (§2.2.2,
 * pec-wire §10).
 */
export interface DeliveryStatusValues extends BuildValues {
  /** Name of this server. */
  readonly hostname: string;
  readonly recipient: string;
  /** Enhanced status `c.s.d`. */
  readonly status: string;
  /** Of the server that refused; empty when none answered. */
  readonly remote: string;
  /** Code and text of its answer, one line; empty when there was none. */
  readonly diagnostic: string;
  /** When the message was accepted. */
  readonly acceptedAt: number;
}

export interface DeliveryStatus {
  /** With angle brackets. */
  readonly messageId: string;
  readonly segments: Segments;
}

/** The whole message; same values, same bytes. */
export function buildDeliveryStatus(values: DeliveryStatusValues): DeliveryStatus {
  const { provider, facts, at, recipient } = values;
  const kind = 'delivery-status';
  const messageId = deriveMessageId({
    identificativo: facts.identificativo,
    kind,
    recipient,
    domain: provider.domain,
  });
  const header = [
    `Date: ${formatDate(at)}\r\n`,
    encodeHeaderText('From', `Mail Delivery System <postmaster@${provider.domain}>`),
    encodeHeaderText('To', facts.sender),
    `Message-ID: ${messageId}\r\n`,
    encodeHeaderText('Subject', `Messaggio non consegnato / Undelivered mail: ${facts.subject}`),
    'Auto-Submitted: auto-replied\r\n',
    `References: <${facts.identificativo}>\r\n`,
    'MIME-Version: 1.0\r\n',
  ].join('');
  const report = buildMultipart({
    subtype: 'report',
    parameters: ['report-type=delivery-status'],
    boundary: deriveBoundary('mixed', [facts.identificativo, kind, recipient]),
    parts: [buildTextPart({ subtype: 'plain', text: writeText(values) }), buildStatusPart(values)],
  });
  return { messageId, segments: [fromLatin1(header), ...report] };
}

function writeText({ facts, recipient, status, diagnostic }: DeliveryStatusValues): string {
  const reason = diagnostic || status;
  return [
    `Il messaggio "${facts.subject}" non è stato consegnato a ${recipient},`,
    'indirizzo di posta ordinaria, per il seguente motivo:',
    `    ${reason}`,
    `Identificativo messaggio: ${facts.identificativo}`,
    '',
    '-'.repeat(72),
    '',
    `The message "${facts.subject}" was not delivered to ${recipient},`,
    'an address of ordinary mail, for this reason:',
    `    ${reason}`,
    `Message identifier: ${facts.identificativo}`,
    '',
  ].join('\n');
}

/** RFC 3464 §2: per-message fields, a blank line, per-recipient fields. */
function buildStatusPart(values: DeliveryStatusValues): Segments {
  const { hostname, recipient, status, remote, diagnostic, acceptedAt, facts } = values;
  const lines = [
    'Content-Type: message/delivery-status',
    '',
    `Reporting-MTA: dns; ${plain(hostname)}`,
    `Original-Envelope-Id: ${plain(facts.identificativo)}`,
    `Arrival-Date: ${formatDate(acceptedAt)}`,
    '',
    `Final-Recipient: rfc822; ${plain(recipient)}`,
    'Action: failed',
    `Status: ${plain(status)}`,
    ...(remote === '' ? [] : [`Remote-MTA: dns; ${plain(remote)}`]),
    ...(diagnostic === '' ? [] : [`Diagnostic-Code: smtp; ${plain(diagnostic)}`]),
    '',
  ];
  return [fromLatin1(lines.join('\r\n'))];
}

/** On one line, and short enough for RFC 5322 §2.1.1. */
function plain(text: string): string {
  return text.replace(/[^\x20-\x7e]+/g, ' ').slice(0, 900);
}
