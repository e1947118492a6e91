/**
 * What the points work with, on a store of the test's own: the provider alfa.test with its real key, an index that
 * knows beta.test too, a scanner that knows EICAR, no workers. Each act then happens when the test says so.
 */
import type { TestContext } from 'node:test';
import { createEicarOnlyScanner } from '../../src/antivirus/eicar.ts';
import { collectSegments } from '../../src/blob/read-segments.ts';
import { loadContent } from '../../src/content/content.ts';
import { createPemSigner } from '../../src/keys/pem.ts';
import { decodePem } from '../../src/lib/pem.ts';
import { noSteps } from '../../src/lib/steps.ts';
import { listNodes, readStream } from '../../src/message-log/find.ts';
import { defaultForbiddenExtensions } from '../../src/pec/attachment-rules.ts';
import { checkCoherence } from '../../src/pec/coherence.ts';
import type { LogEvent } from '../../src/pec/events.ts';
import { type AccessPoint, createAccessPoint, type Submission } from '../../src/points/access-point.ts';
import { createDeliveryPoint } from '../../src/points/delivery-point.ts';
import type { PointParts } from '../../src/points/parts.ts';
import { createIndex } from '../../src/provider-index/index-from-records.ts';
import { claimRecipients } from '../../src/queue/pec-messages.ts';
import { parseTrust } from '../../src/smime/trust.ts';
import { authority, provider } from '../unit/pki/authority.ts';
import { alfa, beta } from '../unit/provider-index/providers.ts';
import { addTestMailbox, openStore, type TestStore } from './store.ts';

const signer = createPemSigner(provider);
const trust = parseTrust({ anchors: decodePem('CERTIFICATE', authority.root.certificatePem) });
const index = createIndex([
  { ...alfa, managedDomains: ['alfa.test', 'gamma.test'] },
  { ...beta, certificateHashes: beta.certificateHashes.slice(0, 1) },
]);
const megabyte = 1024 * 1024;

/** The day on which the test authority's certificates are valid. */
export const workday = Date.UTC(2026, 10, 21, 9, 11, 12);

export function buildTestParts(store: TestStore, changes: Partial<PointParts> = {}): PointParts {
  let made = 0;
  const nothing = (): void => undefined;
  return {
    provider: { name: alfa.name, domain: 'alfa.test', address: 'posta-certificata@alfa.test' },
    hostname: 'mx.alfa.test',
    node: 'n1',
    clock: store.clock,
    // Unlike each other and the same in every run.
    random: (length) => Buffer.alloc(length, String(made++)),
    db: store.db,
    blobs: store.blobs,
    signer,
    scanner: createEicarOnlyScanner(),
    ready: nothing,
    index: () => index,
    trust: () => trust,
    limits: {
      recipients: 500,
      messageBytes: 100 * megabyte,
      totalBytes: 100 * megabyte,
      headBytes: megabyte,
      envelopeAgeMs: 72 * 3_600_000,
    },
    briefHash: 'sha1',
    localTakeInCharge: false,
    forbiddenExtensions: defaultForbiddenExtensions,
    sendingLimits: { perHour: undefined, perDay: undefined },
    ordinaryMail: 'refuse',
    origin: undefined,
    revocation: 'none',
    mailReceipt: () => 'ricevute@alfa.test',
    steps: noSteps,
    workers: { deliveriesWaiting: nothing, queueWaiting: nothing, timeoutsChanged: nothing },
    ...changes,
  };
}

export interface TestPoints extends TestStore {
  readonly parts: PointParts;
  readonly accessPoint: AccessPoint;
}

/** With the mailboxes mario@alfa.test and anna@alfa.test. */
export async function openPoints(t: TestContext, changes: Partial<PointParts> = {}): Promise<TestPoints> {
  const store = openStore(t);
  store.time.now = workday;
  await addTestMailbox(store, 'mario@alfa.test');
  await addTestMailbox(store, 'anna@alfa.test');
  const parts = buildTestParts(store, changes);
  return { ...store, parts, accessPoint: createAccessPoint(parts) };
}

export interface TestMail {
  readonly from?: string;
  readonly to: readonly string[];
  /** Fields after From, To and Subject, then the body; one line each. */
  readonly lines?: readonly string[];
}

/** A message as a mail program would hand it over. */
export function buildMail({ from = 'mario@alfa.test', to, lines = ['', 'Buongiorno'] }: TestMail): Buffer {
  const head = [`From: ${from}`, `To: ${to.join(', ')}`, 'Subject: Prova', 'Message-ID: <client@pc>'];
  return Buffer.from([...head, ...lines, ''].join('\r\n'), 'latin1');
}

/** Submits as the mailbox of the sender; the client has its answer unless told. */
export async function submit(
  points: TestPoints,
  mail: TestMail,
  changes: Partial<Submission> = {},
  { answered }: { readonly answered: boolean } = { answered: true },
) {
  const from = mail.from ?? 'mario@alfa.test';
  const mailbox = await points.accounts.findMailbox(from);
  const answer = await points.accessPoint.submit({
    login: { name: from, mailboxId: mailbox?.id ?? 0 },
    client: { address: '192.0.2.1', helo: 'pc', tls: 'TLSv1.3' },
    reversePath: from,
    recipients: mail.to,
    source: chunked(buildMail(mail)),
    ...changes,
  });
  if (answered) await answer.answered();
  return answer;
}

export async function* chunked(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** What the delivery worker does, once. */
export async function deliverDue(points: TestPoints): Promise<void> {
  const point = createDeliveryPoint(points.parts);
  const claim = { owner: 'n1', now: points.clock(), leaseMs: 60_000, limit: 1000 };
  const due = await points.db.transact((tx) => claimRecipients(tx, claim, true));
  for (const [messageId, recipients] of due) await point.deliver(messageId, recipients);
}

/** The whole log, in order. */
export function readLog({ db }: TestStore): Promise<LogEvent[]> {
  return db.read(async (tx) => {
    const nodes = await listNodes(tx);
    const streams = await Promise.all(
      nodes.map((node) => readStream(tx, { node, after: 0, limit: 100_000 })),
    );
    return streams.flat().map(({ event }) => event);
  });
}

/** The breaches of pec-wire §14, when nothing is under way any more. */
export async function findIncoherences(points: TestPoints) {
  const isOurDomain = (domain: string) => ['alfa.test', 'gamma.test'].includes(domain);
  return checkCoherence(await readLog(points), { provider: alfa.name, isOurDomain, settled: true });
}

/** The messages in a mailbox's INBOX, as text, oldest first. */
export async function readInbox({ db, blobs }: TestStore, address: string): Promise<string[]> {
  const rows = await db.read((tx) =>
    tx.all<{ id: number }>(
      `SELECT m.content_id AS id FROM message m JOIN folder f ON f.id = m.folder_id
         JOIN mailbox b ON b.id = f.mailbox_id WHERE b.address_key = ? AND f.name = 'INBOX' ORDER BY m.uid`,
      address,
    ),
  );
  const texts: string[] = [];
  for (const { id } of rows) {
    const { segments, size } = await db.read((tx) => loadContent(tx, id));
    texts.push(Buffer.from(await collectSegments(blobs, segments, size)).toString('latin1'));
  }
  return texts;
}
