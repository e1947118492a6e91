/**
 * A provider that has issued a receipt or notice of every kind, each by the act that issues it, and the bytes of each
 * as they stand where they were put: in a mailbox, or in the queue to another provider.
 */
import type { TestContext } from 'node:test';
import { collectSegments } from '../../src/blob/read-segments.ts';
import { loadContent } from '../../src/content/content.ts';
import { createPemSigner } from '../../src/keys/pem.ts';
import { sizeOf } from '../../src/lib/segments.ts';
import type { MessageFacts } from '../../src/pec/facts.ts';
import type { GeneratedMessage } from '../../src/pec/generated.ts';
import { buildVirusDetectionNotice } from '../../src/pec/receipts/virus.ts';
import { wireKindOf } from '../../src/points/issued-kinds.ts';
import { seal } from '../../src/points/seal.ts';
import { keepChain } from '../../src/points/signing-chains.ts';
import { startTimeoutWatch } from '../../src/points/timeout-watch.ts';
import { otherProvider } from '../unit/pki/authority.ts';
import { beta } from '../unit/provider-index/providers.ts';
import { arrive, buildEnvelope } from './arrivals.ts';
import { deliverDue, openPoints, readLog, submit, type TestPoints } from './point-parts.ts';
import { addTestMailbox } from './store.ts';

const hour = 3_600_000;
const eicar = 'X5O!P%@AP[4\\PZX54(P^)7CC)7}$' + 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*';
const withFile = [
  'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/plain',
  '',
  'Buongiorno',
  '--b',
  'Content-Type: application/pdf; name="a.pdf"',
  'Content-Transfer-Encoding: base64',
  '',
  'JVBERi0xLjQK',
  '--b--',
];

/** Every kind, in this order: acceptances, refusals, deliveries, failures, time limits, what concerns beta.test. */
export async function issueEveryKind(t: TestContext): Promise<TestPoints> {
  const points = await openPoints(t, { localTakeInCharge: true });
  await addTestMailbox(points, 'ricevute@alfa.test', 50_000_000);
  await points.db.transact((tx) => keepChain(tx, points.parts.signer, points.clock()));
  const kinds = [[], ['X-TipoRicevuta: breve'], ['X-TipoRicevuta: sintetica']];
  for (const fields of kinds)
    await submit(points, { to: ['anna@alfa.test', 'nessuno@alfa.test'], lines: [...fields, ...withFile] });
  await submit(points, { to: ['anna@alfa.test'], lines: ['Bcc: altri@alfa.test', '', 'x'] });
  await submit(points, { to: ['anna@alfa.test'], lines: ['', eicar] });
  await deliverDue(points);
  await arrive(points, {
    bytes: await buildEnvelope(points, { to: ['anna@alfa.test'], lines: withFile }),
    from: 'luigi@beta.test',
    to: ['anna@alfa.test'],
  });
  await arrive(points, {
    bytes: await buildEnvelope(points, { to: ['anna@alfa.test'], lines: ['', eicar] }, 'pec2'),
    from: 'luigi@beta.test',
    to: ['anna@alfa.test'],
  });
  await deliverDue(points);
  await reportVirus(points);
  await letTimeRunOut(points);
  return points;
}

/** beta.test finds a virus in a message of ours. */
async function reportVirus(points: TestPoints): Promise<void> {
  await submit(points, { to: ['luigi@beta.test'] });
  const facts = (await readLog(points)).findLast(({ type }) => type === 'accepted')?.facts as MessageFacts;
  const at = points.clock();
  const address = 'posta-certificata@beta.test';
  const built = buildVirusDetectionNotice({
    provider: { name: beta.name, domain: 'beta.test', address },
    facts,
    at,
    recipient: 'luigi@beta.test',
    virus: 'Eicar-Test-Signature',
    to: 'ricevute@alfa.test',
  });
  const { segments } = await seal({ blobs: points.blobs, signer: createPemSigner(otherProvider) }, built, at);
  const bytes = await collectSegments(points.blobs, segments, sizeOf(segments));
  await arrive(points, { bytes, from: address, to: ['ricevute@alfa.test'] });
}

/** Neither a presa in carico nor a receipt comes: the notices of 12 and of 24 hours. */
async function letTimeRunOut(points: TestPoints): Promise<void> {
  await submit(points, { to: ['luigi@beta.test'] });
  const failures: unknown[] = [];
  for (const hours of [12.5, 11]) {
    points.time.now += hours * hour;
    const before = await countEntries(points);
    const watch = startTimeoutWatch({ parts: points.parts, onError: (error) => failures.push(error) });
    for (let tries = 0; (await countEntries(points)) === before && tries < 1000; tries++)
      await new Promise((resolve) => setImmediate(resolve));
    await watch.stop();
  }
  if (failures.length > 0) throw new AggregateError(failures);
}

async function countEntries({ db }: TestPoints): Promise<number> {
  const row = await db.read((tx) =>
    tx.get<{ entries: number }>('SELECT count(*) AS entries FROM message_log'),
  );
  return row?.entries ?? 0;
}

export interface IssuedBytes {
  readonly facts: MessageFacts;
  readonly generated: GeneratedMessage;
  /** What was put into the mailbox or the queue, without the Return-Path of the mailbox. */
  readonly bytes: string;
}

/** Each message of the log that certifies something, with its bytes. */
export async function readIssued(points: TestPoints): Promise<IssuedBytes[]> {
  const stored = await readAllContents(points);
  return (await readLog(points)).flatMap(({ facts, generated: all }) =>
    all
      .filter(({ kind }) => wireKindOf(kind) !== undefined)
      .map((generated) => {
        const bytes = stored.find((text) =>
          headOf(text).includes(`\r\nMessage-ID: ${generated.messageId}\r\n`),
        );
        if (bytes === undefined) throw new Error(`${generated.kind} ${generated.messageId} is nowhere`);
        return { facts, generated, bytes: bytes.replace(/^Return-Path:.*\r\n/, '') };
      }),
  );
}

function headOf(message: string): string {
  return message.slice(0, message.indexOf('\r\n\r\n') + 2);
}

async function readAllContents({ db, blobs }: TestPoints): Promise<string[]> {
  const rows = await db.read((tx) => tx.all<{ id: number }>('SELECT id FROM content ORDER BY id'));
  const texts: string[] = [];
  for (const { id } of rows) {
    const { segments, size } = await db.read((tx) => loadContent(tx, id));
    texts.push(Buffer.from(await collectSegments(blobs, segments, size)).toString('latin1'));
  }
  return texts;
}
