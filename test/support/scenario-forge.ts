/**
 * Envelopes and receipts as a provider makes them, and as somebody makes them who is none: for playing the peer
 * that has no server in the scenario.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Signer } from '../../src/keys/signer.ts';
import type { Instant } from '../../src/lib/time.ts';
import { parseHeaderBlock } from '../../src/mime/header.ts';
import type { UnsignedMessage } from '../../src/mime/unsigned-message.ts';
import type { MessageFacts, ProviderIdentity } from '../../src/pec/facts.ts';
import { deliveryFailures } from '../../src/pec/failures.ts';
import { rewriteOriginalHead } from '../../src/pec/original-message.ts';
import { buildDeliveryReceipt } from '../../src/pec/receipts/delivery.ts';
import { buildNonDeliveryNotice } from '../../src/pec/receipts/non-delivery.ts';
import { buildTakeInChargeReceipt } from '../../src/pec/receipts/take-in-charge.ts';
import { buildTransportEnvelope } from '../../src/pec/transport-envelope.ts';
import { signMessage } from '../../src/smime/sign.ts';
import { domainOfProvider, type ProviderKey, providerNames, type ScenarioPki } from './scenario-pki.ts';

export interface ForgedEnvelope {
  readonly issuer: ProviderKey;
  readonly from: string;
  readonly to: readonly string[];
  readonly at: Instant;
  /** What the user sent. */
  readonly message: Buffer;
  /** Instead of the issuer's key. */
  readonly signer?: Signer;
  /** Changes what is signed. */
  readonly change?: (unsigned: UnsignedMessage) => UnsignedMessage;
}

export interface MadeMessage {
  readonly bytes: Buffer;
  readonly facts: MessageFacts;
}

export function identityOf(key: ProviderKey): ProviderIdentity {
  const domain = domainOfProvider(key);
  return { name: providerNames[key], domain, address: `posta-certificata@${domain}` };
}

/** A transport envelope, good unless it is told to be otherwise. */
export async function makeEnvelope(pki: ScenarioPki, forged: ForgedEnvelope): Promise<MadeMessage> {
  const { issuer, from, to, at, message } = forged;
  const header = parseHeaderBlock(message);
  const identificativo = `forged.${randomBytes(8).toString('hex')}@${domainOfProvider(issuer)}`;
  const { head, msgid } = rewriteOriginalHead(message.subarray(0, header.bodyStart), identificativo);
  const facts: MessageFacts = {
    identificativo,
    msgid,
    sender: from,
    recipients: to.map((address) => ({ address, certified: true })),
    replyTo: from,
    subject: 'Prova',
  };
  const built = buildTransportEnvelope({
    provider: identityOf(issuer),
    facts,
    at,
    original: { header, segments: [head, message.subarray(header.bodyStart)], eightBit: false },
    receiptKind: 'completa',
  });
  const unsigned = forged.change?.(built) ?? built;
  return { bytes: await sign(unsigned, forged.signer ?? pki.providers[issuer].signer, at), facts };
}

export interface ForgedReceipt {
  readonly issuer: ProviderKey;
  /** Of the message it claims to be about. */
  readonly facts: MessageFacts;
  readonly recipient: string;
  readonly at: Instant;
  readonly signer?: Signer;
}

/** A concise delivery receipt. */
export function makeReceipt(pki: ScenarioPki, forged: ForgedReceipt): Promise<Buffer> {
  const { issuer, facts, recipient, at, signer } = forged;
  const built = buildDeliveryReceipt({
    provider: identityOf(issuer),
    facts,
    at,
    kind: 'sintetica',
    recipient,
  });
  return sign(built, signer ?? pki.providers[issuer].signer, at);
}

/** Only segments that hold their bytes themselves. */
export async function sign(unsigned: UnsignedMessage, signer: Signer, signingTime: Instant): Promise<Buffer> {
  const content = Buffer.concat(unsigned.content as Uint8Array[]);
  const contentDigest = createHash('sha256').update(content).digest();
  const { segments } = await signMessage(unsigned, { contentDigest, signingTime, signer });
  return Buffer.concat(segments as Uint8Array[]);
}

/** The message with one piece of text replaced, which must stand in it. */
export function edit(bytes: Buffer, from: string | RegExp, to: string): Buffer {
  const text = bytes.toString('latin1');
  const edited = text.replace(from, to);
  if (edited === text) throw new Error(`the message does not hold ${from}`);
  return Buffer.from(edited, 'latin1');
}

/** A presa in carico of these recipients. */
export function makeTakeInCharge(
  pki: ScenarioPki,
  {
    issuer,
    facts,
    at,
    takenInCharge,
  }: Omit<ForgedReceipt, 'recipient'> & { takenInCharge: readonly string[] },
): Promise<Buffer> {
  const to = 'ricevute-gestore@alfa.test';
  const built = buildTakeInChargeReceipt({ provider: identityOf(issuer), facts, at, takenInCharge, to });
  return sign(built, pki.providers[issuer].signer, at);
}

/** A notice that the recipient's mailbox is full. */
export function makeNonDelivery(
  pki: ScenarioPki,
  { issuer, facts, recipient, at }: ForgedReceipt,
): Promise<Buffer> {
  const built = buildNonDeliveryNotice({
    provider: identityOf(issuer),
    facts,
    at,
    recipient,
    failure: deliveryFailures.mailboxFull,
  });
  return sign(built, pki.providers[issuer].signer, at);
}
