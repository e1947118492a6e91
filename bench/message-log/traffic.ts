/**
 * Made-up traffic of a provider for the benchmark of the message log: the entries that real transactions write, with
 * values of real length, signatures that do not compress, and addresses spread over a hundred thousand mailboxes.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { LogEvent } from '../../src/pec/events.ts';
import type { MessageFacts, ProviderIdentity, Recipient } from '../../src/pec/facts.ts';
import type { GeneratedKind, GeneratedMessage } from '../../src/pec/generated.ts';

const own: ProviderIdentity = {
  name: 'Gestore Alfa S.p.A.',
  domain: 'alfa.test',
  address: 'posta-certificata@alfa.test',
};
const other = 'Gestore Beta S.p.A.';
const certificate = createHash('sha256').update('certificate').digest('hex');
const mailboxes = 100_000;
const words = 'Trasmissione della documentazione relativa alla pratica edilizia e allegati n.'.split(' ');

/** Sends one message in twenty, as the bulk senders of a real provider do. */
export const busiestSender = 'fatture@societa-di-servizi.alfa.test';

/** Mailboxes here and elsewhere, by number. */
export function nameMailbox(number: number, domain: string): string {
  return `nome.cognome${number % mailboxes}@studio-${number % 997}.${domain}`;
}

/** The entries of one more message, at these instants; every third is local, sent out, or comes in. */
export function makeTraffic(number: number, at: number): LogEvent[] {
  const way = number % 3;
  const from = number % 20 === 0 && way !== 2 ? busiestSender : nameMailbox(draw(), domainOf(way === 2));
  const recipient = nameMailbox(draw(), domainOf(way === 1));
  const unique = randomBytes(16).toString('hex');
  // Other providers name their messages as they like: by chance is the worst for an index.
  const identificativo =
    way === 2 ? `${unique}@pec.beta.test` : `pec.${nameInstant(at)}.n1.${unique}@alfa.test`;
  const facts = makeFacts(identificativo, from, { address: recipient, certified: true });
  const fields = { facts, sendingProvider: way === 2 ? other : own.name, generated: [] };
  if (way === 2) return receive(fields, recipient, at);
  return [
    accept(fields, at),
    ...(way === 0 ? deliverHere(fields, recipient, at) : send(fields, recipient, at)),
  ];
}

type Fields = Pick<LogEvent, 'facts' | 'sendingProvider' | 'generated'>;

function accept(fields: Fields, at: number): LogEvent {
  const { identificativo, sender } = fields.facts;
  const traceFields = `Received: from pc.client.test ([192.0.2.17])\r\n\tby mail.alfa.test with ESMTPSA id ${identificativo};\r\n\tSun, 22 Nov 2026 05:47:17 +0100\r\n`;
  return {
    ...fields,
    type: 'accepted',
    at,
    generated: [
      make('acceptance-receipt', {}),
      {
        ...make('transport-envelope', { receiptKind: 'completa', traceFields }),
        messageId: `<${identificativo}>`,
      },
    ],
    login: sender,
    receiptKind: 'completa',
    size: 40_000,
    originalSha256: randomBytes(32).toString('hex'),
  };
}

function deliverHere(fields: Fields, recipient: string, at: number): LogEvent[] {
  const generated = [make('delivery-receipt', { receiptKind: 'completa', recipient })];
  return [
    { ...fields, type: 'taken-in-charge', at, takenInCharge: [recipient], size: 40_000 },
    { ...fields, type: 'delivered', at: at + 7, generated, recipient, receiptKind: 'completa' },
  ];
}

function send(fields: Fields, recipient: string, at: number): LogEvent[] {
  const messageId = `<${fields.facts.identificativo}>`;
  const answer = `250 2.6.0 Message taken in charge: ${fields.facts.identificativo}`;
  const notify = (notification: string, after: number): LogEvent => ({
    ...fields,
    type: 'notification-received',
    at: at + after,
    notification,
    error: 'nessuno',
    notificationId: nameMessage(),
    issuer: other,
    about: [recipient],
    late: false,
  });
  return [
    {
      ...fields,
      type: 'relayed',
      at: at + 70,
      messageId,
      recipient,
      server: 'mx.beta.test (192.0.2.1)',
      answer,
    },
    notify('presa-in-carico', 90),
    notify('avvenuta-consegna', 95),
  ];
}

function receive(fields: Fields, recipient: string, at: number): LogEvent[] {
  const takenInCharge = [recipient];
  const receipt = make('take-in-charge-receipt', { takenInCharge, to: 'ricevute-gestore@beta.test' });
  const salt = randomBytes(16).toString('hex');
  const delivery = make('delivery-receipt', { receiptKind: 'completa', recipient, salt });
  const relay = (messageId: string, to: string, after: number): LogEvent => ({
    ...fields,
    ...{ type: 'relayed', at: at + after, messageId, recipient: to },
    ...{ server: 'mx.beta.test (192.0.2.1)', answer: '250 2.6.0 Notification taken' },
  });
  return [
    { ...fields, type: 'taken-in-charge', at, generated: [receipt], takenInCharge, size: 49_000 },
    { ...fields, type: 'delivered', at: at + 30, generated: [delivery], recipient, receiptKind: 'completa' },
    relay(receipt.messageId, 'ricevute-gestore@beta.test', 60),
    relay(delivery.messageId, fields.facts.sender, 65),
  ];
}

function nameInstant(at: number): string {
  return new Date(at)
    .toISOString()
    .replace(/[^0-9]/g, '')
    .slice(0, 14);
}

function makeFacts(identificativo: string, sender: string, recipient: Recipient): MessageFacts {
  return {
    identificativo,
    msgid: `<${randomBytes(12).toString('hex')}.${draw()}@client.test>`,
    sender,
    recipients: [recipient],
    replyTo: sender,
    subject: `${words.slice(draw() % 5).join(' ')} ${draw()}`,
  };
}

/** A generated message with a signature of the length of a real one. */
function make(kind: GeneratedKind, more: object): GeneratedMessage {
  const value = randomBytes(256).toString('base64');
  const signature = { certificate, profile: 1, value };
  const fields = { kind, messageId: nameMessage(), textsVersion: 1, provider: own, signature };
  return { ...fields, ...more } as GeneratedMessage;
}

function nameMessage(): string {
  return `<pec.${randomBytes(20).toString('hex')}@alfa.test>`;
}

function domainOf(isElsewhere: boolean): string {
  return isElsewhere ? 'beta.test' : 'alfa.test';
}

function draw(): number {
  return Math.floor(Math.random() * mailboxes);
}
