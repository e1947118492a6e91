import { fromLatin1, fromUtf8 } from '../lib/bytes.ts';
import { buildFilePart, buildMultipart, buildTextPart } from '../mime/compose.ts';
import { romeTime } from '../mime/date.ts';
import { buildCertificationData } from './certification-data.ts';
import type { BuildValues } from './facts.ts';
import type { AttestedReceipt } from './generated.ts';
import { deriveBoundary, deriveMessageId } from './identifiers.ts';
import { readCertification, readTextValues } from './notification.ts';
import {
  type BuiltMessage,
  writeAddress,
  writeDate,
  writeField,
  writeReference,
  writeSubject,
} from './signed-entity.ts';
import { findTexts, renderText } from './texts/render.ts';
import { headerNames, notificationValues, partNames, subjectPrefixes } from './wire-names.ts';

export interface DuplicateValues extends BuildValues {
  readonly attested: AttestedReceipt;
  /** What proves the entry to anybody: a proof bundle, whose digest stands in `attested`. */
  readonly proof?: Uint8Array;
}

/**
 * The attested duplicate of a complete or brief delivery receipt whose original is not kept any more: a signed
 * statement of the provider with all the log says of it, and the proof that the log said so then. It is no receipt: it has no `X-Ricevuta` and no
 * `daticert.xml`, so no program takes it for one. `at` is the instant of the statement.
 * @throws {RangeError} when the proof is missing that the record names.
 */
export function buildDuplicateAttestation(values: DuplicateValues): BuiltMessage {
  const { provider, facts, attested } = values;
  if ((attested.proofSha256 === undefined) !== (values.proof === undefined))
    throw new RangeError('a duplicate encloses the proof that it names');
  const kind = 'duplicate-attestation';
  const about = [attested.receipt.messageId, String(values.at)];
  const { identificativo } = facts;
  const messageId = deriveMessageId({ identificativo, kind, recipient: about, domain: provider.domain });
  const texts = findTexts(values.textsVersion);
  const { day, time, zone } = romeTime(attested.at);
  const text = renderText(texts, values.proof === undefined ? 'duplicate' : 'provedDuplicate', {
    ...readTextValues(values),
    recipient: attested.receipt.recipient,
    receiptname: attested.receipt.receiptKind,
    issued: `${day} ${time} (${zone})`,
    reference: attested.receipt.messageId,
  });
  const seed = [identificativo, kind, ...about];
  const alternative = buildMultipart({
    subtype: 'alternative',
    boundary: deriveBoundary('alternative', seed),
    parts: [
      buildTextPart({ subtype: 'plain', text: text.plain }),
      buildTextPart({ subtype: 'html', text: text.html }),
    ],
  });
  const content = buildMultipart({
    subtype: 'mixed',
    boundary: deriveBoundary('mixed', seed),
    parts: [alternative, ...buildEvidence(values)],
  });
  return {
    header: fromLatin1(writeHeader(values, messageId).join('')),
    content,
    originalRange: undefined,
    boundary: deriveBoundary('signed', seed),
    eightBit: false,
    generated: { kind, messageId, textsVersion: texts.version, provider, attested },
  };
}

function writeHeader(values: DuplicateValues, messageId: string): string[] {
  const { provider, facts } = values;
  return [
    writeDate(values),
    writeAddress('From', provider.address),
    writeAddress('To', facts.sender),
    writeField('Message-ID', messageId),
    writeSubject(subjectPrefixes.duplicate, facts.subject),
    writeField(headerNames.duplicate, notificationValues.delivery),
    writeReference(facts.msgid),
  ];
}

/** The certification as the receipt had it, and the entry of the log with the signature made then. */
function buildEvidence(values: DuplicateValues) {
  const { facts, attested, proof } = values;
  const { receipt } = attested;
  const certification = buildCertificationData({
    ...readCertification({ ...values, provider: receipt.provider, at: attested.at }),
    type: notificationValues.delivery,
    error: 'nessuno',
    receiptKind: receipt.receiptKind,
    delivery: receipt.recipient,
  });
  const entry = `${JSON.stringify({ facts, ...attested }, null, 2)}\n`;
  return [
    buildFilePart({
      type: 'application/xml',
      name: partNames.duplicateData,
      disposition: 'attachment',
      bytes: certification,
    }),
    buildFilePart({
      type: 'application/json',
      name: partNames.duplicateEntry,
      disposition: 'attachment',
      bytes: fromUtf8(entry),
    }),
    ...(proof === undefined
      ? []
      : [
          buildFilePart({
            type: 'application/json',
            name: partNames.duplicateProof,
            disposition: 'attachment',
            bytes: proof,
          }),
        ]),
  ];
}
