/** Events as a provider at work writes them, made up but of real shape and size. */
import { createHash } from 'node:crypto';
import type { LogEvent } from '../../src/pec/events.ts';
import type { MessageFacts } from '../../src/pec/facts.ts';
import type { GeneratedKind, GeneratedMessage } from '../../src/pec/generated.ts';

const provider = { name: 'Gestore Alfa S.p.A.', domain: 'alfa.test', address: 'posta-certificata@alfa.test' };
const certificate = createHash('sha256').update('certificate').digest('hex');

/** `name` tells one message from another. */
export function makeFacts(name: string, recipient = 'anna.bianchi@alfa.test'): MessageFacts {
  return {
    identificativo: `opec2110.20261110093000.${name}.01.1.1@alfa.test`,
    msgid: `<${name}.4711@client.example>`,
    sender: 'mario.rossi@alfa.test',
    recipients: [{ address: recipient, certified: true }],
    replyTo: 'mario.rossi@alfa.test',
    subject: `Domanda di perché n. ${name}`,
  };
}

/** A generated message with a signature of the length of a real one, derived from the name. */
function makeGenerated(name: string, kind: GeneratedKind, more: object): GeneratedMessage {
  const value = Buffer.concat(
    Array.from({ length: 8 }, (_, part) => createHash('sha256').update(`${name} ${kind} ${part}`).digest()),
  ).toString('base64');
  return {
    kind,
    messageId: `<${createHash('sha256').update(`${name} ${kind}`).digest('hex').slice(0, 32)}@alfa.test>`,
    textsVersion: 1,
    provider,
    signature: { certificate, profile: 1, value },
    ...more,
  } as GeneratedMessage;
}

/** A message from one mailbox to another of the same provider: accepted, taken in charge, delivered. */
export function makeLocalMessage(name: string, at: number): LogEvent[] {
  const facts = makeFacts(name);
  const recipient = facts.recipients[0]?.address ?? '';
  const fields = { facts, sendingProvider: provider.name };
  const size = 4096 + name.length;
  return [
    {
      ...fields,
      type: 'accepted',
      at,
      generated: [
        makeGenerated(name, 'acceptance-receipt', {}),
        makeGenerated(name, 'transport-envelope', { receiptKind: 'completa' }),
      ],
      login: 'mario.rossi@alfa.test',
      receiptKind: 'completa',
      size,
      originalSha256: createHash('sha256').update(name).digest('hex'),
    },
    { ...fields, type: 'taken-in-charge', at: at + 1, generated: [], takenInCharge: [recipient], size },
    {
      ...fields,
      type: 'delivered',
      at: at + 2,
      generated: [makeGenerated(name, 'delivery-receipt', { receiptKind: 'completa', recipient })],
      recipient,
      receiptKind: 'completa',
    },
  ];
}
