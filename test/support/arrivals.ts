/** What arrives from outside: ordinary mail, and envelopes that beta.test signed for real. */
import { collectSegments } from '../../src/blob/read-segments.ts';
import { createPemSigner } from '../../src/keys/pem.ts';
import { sizeOf } from '../../src/lib/segments.ts';
import { parseHeaderBlock } from '../../src/mime/header.ts';
import type { MessageFacts } from '../../src/pec/facts.ts';
import { rewriteOriginalHead } from '../../src/pec/original-message.ts';
import { buildTransportEnvelope } from '../../src/pec/transport-envelope.ts';
import { createIncomingPoint } from '../../src/points/incoming-point.ts';
import { seal } from '../../src/points/seal.ts';
import { otherProvider } from '../unit/pki/authority.ts';
import { beta } from '../unit/provider-index/providers.ts';
import { buildMail, chunked, type TestMail, type TestPoints } from './point-parts.ts';

const signer = createPemSigner(otherProvider);

/** Gives the bytes to the incoming point, as SMTP would; the text of the 250 line. */
export async function arrive(
  points: TestPoints,
  mail: { readonly bytes: Uint8Array; readonly from: string; readonly to: readonly string[] },
): Promise<string> {
  const { text } = await createIncomingPoint(points.parts).receive({
    client: { address: '192.0.2.25', helo: 'mx.beta.test', tls: 'TLSv1.3' },
    reversePath: mail.from,
    recipients: mail.to,
    source: chunked(mail.bytes),
  });
  return text;
}

/** The transport envelope of beta.test around the message. */
export async function buildEnvelope(points: TestPoints, mail: TestMail, id = 'pec1'): Promise<Buffer> {
  const { from: sender = 'luigi@beta.test', to } = mail;
  const provider = { name: beta.name, domain: 'beta.test', address: 'posta-certificata@beta.test' };
  const facts: MessageFacts = {
    identificativo: `${id}@beta.test`,
    msgid: '<client@pc>',
    sender,
    recipients: to.map((address) => ({ address, certified: true })),
    replyTo: sender,
    subject: 'Prova',
  };
  const bytes = buildMail({ ...mail, from: sender });
  const bodyStart = bytes.indexOf('\r\n\r\n') + 4;
  const { head } = rewriteOriginalHead(bytes.subarray(0, bodyStart), facts.identificativo);
  const original = {
    header: parseHeaderBlock(bytes),
    segments: [head, bytes.subarray(bodyStart)],
    eightBit: false,
  };
  const at = points.clock();
  const built = buildTransportEnvelope({ provider, facts, at, original, receiptKind: 'completa' });
  const { segments } = await seal({ blobs: points.blobs, signer }, built, at);
  return Buffer.from(await collectSegments(points.blobs, segments, sizeOf(segments)));
}
