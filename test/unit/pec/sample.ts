import { isInline, type Segments } from '../../../src/lib/segments.ts';
import { parseHeaderBlock } from '../../../src/mime/header.ts';
import type { BuildValues, MessageFacts } from '../../../src/pec/facts.ts';
import type { EnclosedMessage } from '../../../src/pec/transport-envelope.ts';

/** Values that many tests start from. */
export const at = Date.UTC(2026, 10, 21, 9, 11, 12);

export const alfa = {
  name: 'Gestore Alfa S.p.A.',
  domain: 'alfa.test',
  address: 'posta-certificata@alfa.test',
} as const;

export const facts: MessageFacts = {
  identificativo: 'pec.1@alfa.test',
  msgid: '<client@pc>',
  sender: 'mario@alfa.test',
  recipients: [
    { address: 'anna@beta.test', certified: true },
    { address: 'luigi@example.com', certified: false },
  ],
  replyTo: 'mario@alfa.test',
  subject: 'Prova',
};

export const values: BuildValues = { provider: alfa, facts, at };

export function withFacts(changes: Partial<MessageFacts>): BuildValues {
  return { ...values, facts: { ...facts, ...changes } };
}

/** Bytes of a text whose lines end in `\n` here and in CRLF on the wire. */
export function lines(...text: string[]): Buffer {
  return Buffer.from(text.map((line) => `${line}\r\n`).join(''), 'latin1');
}

export function enclose(bytes: Buffer): EnclosedMessage {
  return {
    header: parseHeaderBlock(bytes),
    segments: [bytes],
    eightBit: bytes.some((byte) => byte > 0x7f),
  };
}

export function join(segments: Segments): Buffer {
  return Buffer.concat(segments.filter(isInline));
}
