import type { Segments } from '../lib/segments.ts';
import { encodeAddressField } from '../mime/address-field.ts';
import type { HeaderBlock } from '../mime/header.ts';
import { buildCertificationData } from './certification-data.ts';
import type { BuildValues, ReceiptKind, Wording } from './facts.ts';
import { readCertification, readTextValues } from './notification.ts';
import {
  assembleMessage,
  type BuiltMessage,
  inheritFields,
  inheritValues,
  writeAddress,
  writeDate,
  writeField,
  writeReference,
  writeSubject,
} from './signed-entity.ts';
import { findTexts, renderText } from './texts/render.ts';
import { headerNames, onBehalfOf, subjectPrefixes, transportValues } from './wire-names.ts';

export interface EnclosedMessage {
  /** Of the message as received: the fields the envelope inherits. */
  readonly header: HeaderBlock;
  /** All bytes to enclose. */
  readonly segments: Segments;
  /** True if they hold bytes above 127. */
  readonly eightBit: boolean;
}

export interface TransportEnvelopeValues extends BuildValues {
  /** The original, its identifiers already rewritten (`rewriteOriginalHead`). */
  readonly original: EnclosedMessage;
  readonly receiptKind: ReceiptKind;
  /** Whole fields (Return-Path, Received) of our own reception to stand first, each ended by CRLF. */
  readonly traceFields?: string;
  /** Remarks for the recipient in the readable text. */
  readonly warnings?: readonly Wording[];
}

/** The transport envelope (busta di trasporto) around the original, to its recipients: RFC 6109 §3.1.5. */
export function buildTransportEnvelope(values: TransportEnvelopeValues): BuiltMessage {
  const { provider, facts, original, receiptKind, traceFields, warnings } = values;
  const kind = 'transport-envelope';
  const messageId = `<${facts.identificativo}>`;
  const texts = findTexts(values.textsVersion);
  const fields = [
    traceFields ?? '',
    inheritFields(original.header, 'Return-Path'),
    inheritFields(original.header, 'Received'),
    writeDate(values),
    encodeAddressField('From', [{ display: `${onBehalfOf}${facts.sender}`, address: provider.address }]),
    inheritValues(original.header, 'Reply-To') || writeAddress('Reply-To', facts.sender),
    inheritFields(original.header, 'To'),
    inheritFields(original.header, 'Cc'),
    writeField('Message-ID', messageId),
    writeSubject(subjectPrefixes.transport, facts.subject),
    writeField(headerNames.transport, transportValues.certified),
    writeField(headerNames.receiptKind, receiptKind),
    writeReference(facts.msgid),
  ];
  const message = assembleMessage(fields, {
    text: renderText(texts, 'transport', { ...readTextValues(values), ...(warnings && { warnings }) }),
    certificationData: buildCertificationData({
      ...readCertification(values),
      type: transportValues.certified,
      error: 'nessuno',
      receiptKind,
    }),
    original,
    seed: [facts.identificativo, kind],
  });
  const optional = { ...(traceFields && { traceFields }), ...(warnings && { warnings }) };
  return {
    ...message,
    generated: { kind, messageId, textsVersion: texts.version, provider, receiptKind, ...optional },
  };
}
