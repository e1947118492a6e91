/** A proof of one message out of a sealed log of several days, with all that a provider has to put into it. */

import { hash } from 'node:crypto';
import type { TestContext } from 'node:test';
import { createPemSigner } from '../../src/keys/pem.ts';
import { appendEvent } from '../../src/message-log/append.ts';
import { signBundle } from '../../src/message-log/proof/bundle.ts';
import { makeProof, type ProofRequest } from '../../src/message-log/proof/make-proof.ts';
import type { LogEvent } from '../../src/pec/events.ts';
import { buildCrl } from '../../src/pki/crl.ts';
import { buildIndex } from '../../src/provider-index/index-ldif.ts';
import { hashCertificate } from '../../src/smime/certificate.ts';
import { authority, issuedAt, provider } from '../unit/pki/authority.ts';
import { makeFacts, makeLocalMessage } from './log-events.ts';
import {
  dayMs,
  firstDay,
  openSealedLog,
  providerNames,
  type SealedLog,
  writeMessages,
} from './sealed-log.ts';

export const signer = createPemSigner(provider);
const [certificate = new Uint8Array(0)] = signer.chain;
export const certificateName = hash('sha256', certificate, 'hex');

/** The message that is proved: accepted late on one day, delivered early on the next. */
export const proved = makeFacts('proved').identificativo;

/** Events of the message, signed with the provider's key by name. */
function eventsOf(name: string, at: number): LogEvent[] {
  return makeLocalMessage(name, at).map((event) => ({
    ...event,
    generated: event.generated.map((each) => ({
      ...each,
      signature: { certificate: certificateName, profile: 1, value: each.signature?.value ?? '' },
    })),
  }));
}

/** Two sealed days with the message across midnight among `others` a day. */
export async function openProvedLog(t: TestContext, others = 3): Promise<SealedLog> {
  const log = openSealedLog(t);
  const [accepted, taken, delivered] = eventsOf('proved', firstDay);
  if (accepted === undefined || taken === undefined || delivered === undefined) throw new Error('no events');
  await writeMessages(log, { at: firstDay, count: others });
  await log.db.transact((tx) => appendEvent(tx, { ...accepted, at: firstDay + 3_600_000 }));
  await log.db.transact((tx) => appendEvent(tx, { ...taken, at: firstDay + 3_600_001 }));
  await writeMessages(log, { at: firstDay + dayMs, count: others });
  await log.db.transact((tx) => appendEvent(tx, { ...delivered, at: firstDay + dayMs }));
  log.time.now = firstDay + 2 * dayMs;
  await log.sealer.seal();
  return log;
}

/** What a provider asks with; each part can be another one. */
export async function proofRequest(log: SealedLog, more: Partial<ProofRequest> = {}): Promise<ProofRequest> {
  const record = {
    name: providerNames.name,
    mailReceipt: 'ricevute@alfa.test',
    managedDomains: ['alfa.test'],
    certificates: [certificate],
    certificateHashes: [hashCertificate(certificate)],
  };
  const crl = await buildCrl({
    issuer: authority.mail,
    revoked: [],
    number: 1,
    thisUpdate: issuedAt,
    nextUpdate: issuedAt + 30 * dayMs,
  });
  return {
    db: log.db,
    provider: providerNames,
    identificativo: proved,
    message: null,
    now: log.time.now,
    findChain: async (_tx, name) => (name === certificateName ? signer.chain : undefined),
    findIndex: async (day) => ({
      day,
      sha256: 'ab'.repeat(32),
      entry: Buffer.from(buildIndex([record])).toString('utf8'),
      copy: null,
    }),
    crls: [crl],
    ...more,
  };
}

/** The bundle as it is handed out. */
export async function makeBundle(log: SealedLog, more: Partial<ProofRequest> = {}): Promise<Buffer> {
  const bundle = await makeProof(await proofRequest(log, more));
  return Buffer.from(await signBundle(bundle, signer, log.time.now), 'utf8');
}
