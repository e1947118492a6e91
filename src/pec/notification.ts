import { romeTime } from '../mime/date.ts';
import { buildCertificationData, type CertificationData } from './certification-data.ts';
import type { BuildValues } from './facts.ts';
import type { GeneratedMessage } from './generated.ts';
import { deriveMessageId } from './identifiers.ts';
import {
  assembleMessage,
  type BuiltMessage,
  type EnclosedOriginal,
  writeAddress,
  writeDate,
  writeField,
  writeReference,
  writeSubject,
} from './signed-entity.ts';
import type { TextName, TextValues } from './texts/model.ts';
import { findTexts, renderText } from './texts/render.ts';
import { headerNames, type NotificationValue, securityError } from './wire-names.ts';

/**
 * The frame of every notification (ricevuta, avviso; RFC 6109 §2.1.1.1): what differs from kind to kind is a
 * value here and stands in one file a kind under `receipts/`.
 */
export interface NotificationParts {
  /** `X-Ricevuta`, and `tipo` of the certification. */
  readonly notification: NotificationValue;
  readonly subjectPrefix: string;
  /** The original sender (never Reply-To, §2.1), or the sending provider's service address. */
  readonly to: string;
  readonly text: TextName;
  readonly textValues?: Partial<TextValues>;
  readonly certification: Pick<CertificationData, 'error'> & Partial<CertificationData>;
  /** True on notices about a virus that go to users. */
  readonly securityError?: boolean;
  /** `X-Mittente`. */
  readonly originalSender?: string;
  readonly original?: EnclosedOriginal | undefined;
  /** What makes the boundaries unforeseeable where the identificativo does not. */
  readonly salt?: string | undefined;
}

/**
 * A kind may exist several times for one message: for which recipients, or at which of two times. What tells
 * these apart goes into the Message-ID.
 */
export interface NotificationIdentity {
  readonly kind: string;
  readonly about?: readonly string[];
}

/** The values of a generated message's record that its kind adds. */
type RecordOf<T> = T extends GeneratedMessage ? Omit<T, 'messageId' | 'textsVersion' | 'provider'> : never;
export type OwnRecord = RecordOf<GeneratedMessage>;

/** The notification, unsigned, with the record the log keeps of it. */
export function buildNotification(
  values: BuildValues,
  identity: NotificationIdentity,
  parts: NotificationParts,
  record: OwnRecord,
): BuiltMessage {
  const { provider, facts } = values;
  const { kind, about = [] } = identity;
  const messageId = deriveMessageId({
    identificativo: facts.identificativo,
    kind,
    recipient: about,
    domain: provider.domain,
  });
  const texts = findTexts(values.textsVersion);
  const message = assembleMessage(writeHeader(values, parts, messageId), {
    text: renderText(texts, parts.text, { ...readTextValues(values), ...parts.textValues }),
    certificationData: buildCertificationData({
      ...readCertification(values),
      type: parts.notification,
      ...parts.certification,
    }),
    original: parts.original,
    seed: [facts.identificativo, kind, ...about, parts.salt ?? ''],
  });
  return { ...message, generated: { ...record, messageId, textsVersion: texts.version, provider } };
}

function writeHeader(values: BuildValues, parts: NotificationParts, messageId: string): string[] {
  const { provider, facts } = values;
  return [
    writeDate(values),
    writeAddress('From', provider.address),
    writeAddress('To', parts.to),
    writeField('Message-ID', messageId),
    writeSubject(parts.subjectPrefix, facts.subject),
    writeField(headerNames.notification, parts.notification),
    ...(parts.securityError ? [writeField(headerNames.securityCheck, securityError)] : []),
    ...(parts.originalSender === undefined
      ? []
      : [writeAddress(headerNames.originalSender, parts.originalSender)]),
    writeReference(facts.msgid),
  ];
}

/** The values of the readable text that every message has. */
export function readTextValues({ facts, at }: BuildValues): TextValues {
  const { subject, sender, identificativo, recipients } = facts;
  return {
    ...romeTime(at),
    subject,
    sender,
    identificativo,
    recipients: recipients.map(({ address }) => ({ address })),
  };
}

/** The certification data that every message has. */
export function readCertification({ provider, facts, at }: BuildValues) {
  const { sender, recipients, replyTo, subject, identificativo, msgid } = facts;
  return {
    sender,
    recipients,
    replyTo: replyTo || sender,
    subject,
    provider: provider.name,
    time: romeTime(at),
    identificativo,
    msgid,
  };
}

/** `errore-esteso`: customers' software takes it apart at ` - ` (pec-wire §6). */
export function writeExtendedError(status: string, provider: string, text: string): string {
  return `${status} - ${provider} - ${text}`;
}
