import { encodeAddressField } from '../mime/address-field.ts';
import { firstField, unfold } from '../mime/header.ts';
import type { BuildValues, Wording } from './facts.ts';
import { deriveMessageId } from './identifiers.ts';
import { readTextValues } from './notification.ts';
import {
  assembleMessage,
  type BuiltMessage,
  inheritFields,
  inheritValues,
  writeAddress,
  writeDate,
  writeField,
  writeSubject,
} from './signed-entity.ts';
import { findTexts, renderText } from './texts/render.ts';
import type { EnclosedMessage } from './transport-envelope.ts';
import { headerNames, onBehalfOf, subjectPrefixes, transportValues } from './wire-names.ts';

export interface AnomalyEnvelopeValues extends BuildValues {
  /** The message as it arrived, with every byte of its own. */
  readonly received: EnclosedMessage;
  /** Why nothing about it is certified. */
  readonly reason: Wording;
  /** Whole fields (Return-Path, Received) of our own reception to stand first, each ended by CRLF. */
  readonly traceFields?: string;
  /** Remarks for the recipient in the readable text. */
  readonly warnings?: readonly Wording[];
}

/**
 * The anomaly envelope (busta di anomalia) around what cannot be certified: RFC 6109 §3.2.2. It has no
 * daticert.xml. `facts` are what the SMTP transaction said; `facts.identificativo` is a new identifier of this
 * reception, which no sender can foresee: the boundaries rest on it.
 */
export function buildAnomalyEnvelope(values: AnomalyEnvelopeValues): BuiltMessage {
  const { provider, facts, received, reason, traceFields, warnings } = values;
  const kind = 'anomaly-envelope';
  const inherited = inheritValues(received.header, 'Message-ID');
  const own = deriveMessageId({ identificativo: facts.identificativo, kind, domain: provider.domain });
  const texts = findTexts(values.textsVersion);
  const fields = [
    traceFields ?? '',
    inheritFields(received.header, 'Return-Path'),
    inheritFields(received.header, 'Received'),
    writeDate(values),
    encodeAddressField('From', [{ display: `${onBehalfOf}${facts.sender}`, address: provider.address }]),
    inheritValues(received.header, 'Reply-To') || (facts.sender && writeAddress('Reply-To', facts.sender)),
    inheritFields(received.header, 'To'),
    inheritFields(received.header, 'Cc'),
    inherited || writeField('Message-ID', own),
    writeSubject(subjectPrefixes.anomaly, facts.subject),
    writeField(headerNames.transport, transportValues.anomaly),
  ];
  const text = { ...readTextValues(values), reason, ...(warnings && { warnings }) };
  const message = assembleMessage(fields, {
    text: renderText(texts, 'anomaly', text),
    original: received,
    seed: [facts.identificativo, kind],
  });
  const messageId = inherited === '' ? own : unfold(firstField(received.header, 'Message-ID')?.value ?? '');
  const optional = { ...(traceFields && { traceFields }), ...(warnings && { warnings }) };
  return {
    ...message,
    generated: { kind, messageId, textsVersion: texts.version, provider, reason, ...optional },
  };
}
