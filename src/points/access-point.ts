/**
 * The access point (punto di accesso, RFC 6109 §3.1): a submitted message is accepted, with its receipt and
 * its transport envelope, or refused with a notice. When `submit` resolves, message, receipt, envelope, state
 * and log entry are durable; when it throws, nothing of them exists and the client tries again.
 */
import { createHash } from 'node:crypto';
import type { Login } from '../accounts/logins.ts';
import type { ReadTransaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { parseHeaderBlock } from '../mime/header.ts';
import { decideAcceptance } from '../pec/acceptance.ts';
import type { MessageFacts } from '../pec/facts.ts';
import { buildIdentificativo } from '../pec/identifiers.ts';
import { readOriginal } from '../pec/original-message.ts';
import { findUnanswered, markAnswered } from '../queue/pec-messages.ts';
import { acceptMessage } from './acceptance.ts';
import { readStandings } from './directory.ts';
import { type Intake, takeIn } from './intake.ts';
import type { PointParts } from './parts.ts';
import { refuseForVirus, refuseWithNotice } from './refusal.ts';
import { checkSubmission, readSender, type SenderStanding } from './sending-checks.ts';

export interface Submission {
  readonly login: Pick<Login, 'name' | 'mailboxId'>;
  readonly client: { readonly address: string; readonly helo: string; readonly tls: string };
  /** An address the login may use. */
  readonly reversePath: string;
  readonly recipients: readonly string[];
  readonly source: AsyncIterable<Uint8Array>;
}

export interface SubmissionAnswer {
  /** For the 250 line. */
  readonly text: string;
  readonly identificativo: string;
  /** To be called when the client has the answer: until then the same bytes again are the same message. */
  readonly answered: () => Promise<void>;
}

export interface AccessPoint {
  /** @throws {MailError} for what SMTP itself refuses: size, store, key or scanner away. */
  submit(submission: Submission): Promise<SubmissionAnswer>;
}

/** What one submission is about, once read. */
export interface ReadSubmission extends Submission {
  readonly at: Instant;
  readonly intake: Intake;
  readonly header: ReturnType<typeof parseHeaderBlock>;
  readonly original: ReturnType<typeof readOriginal>;
  readonly standings: Awaited<ReturnType<typeof readStandings>>;
  readonly sender: SenderStanding;
  readonly facts: MessageFacts;
  readonly fingerprint: Uint8Array;
}

export function createAccessPoint(parts: PointParts): AccessPoint {
  const answers = createAnswerRecord(parts);

  async function submit(submission: Submission): Promise<SubmissionAnswer> {
    parts.ready();
    // 1. The one temporal value of the transaction (RFC 6109 §4.1).
    const at = parts.clock();
    // 2. The bytes: durable, hashed, scanned, their structure known.
    const intake = await takeIn(submission.source, {
      blobs: parts.blobs,
      scanner: parts.scanner,
      maxHeadBytes: parts.limits.headBytes,
    });
    await parts.steps.reached('access:bytes-durable');
    // 3. Did this very message get its outcome before, and only the answer was lost?
    const fingerprint = buildFingerprint(submission, intake);
    const rows = await parts.db.read((tx) => readRows(parts, tx, { ...submission, fingerprint, at }));
    if (rows.before !== undefined && !answers.isUnderWay(rows.before)) return answer(rows.before);
    // 4. Read it.
    const read = readSubmission(parts, { ...submission, at, intake, fingerprint, ...rows });
    // 5. Check (§3.1.1, and the policies) and decide.
    const findings = await checkSubmission(parts, read);
    const decision = decideAcceptance({ findings, verdict: intake.verdict });
    // 6. Act: each of these builds, signs, and commits once.
    switch (decision.decision) {
      case 'accept':
        await acceptMessage(parts, read);
        break;
      case 'refuse-with-notice':
        await refuseWithNotice(parts, read, decision.findings);
        break;
      case 'refuse-for-virus':
        await refuseForVirus(parts, read, decision.virus);
        break;
    }
    await parts.steps.reached('access:committed');
    return answer(read.facts.identificativo);
  }

  function answer(identificativo: string): SubmissionAnswer {
    return {
      text: `Message accepted for processing: ${identificativo}`,
      identificativo,
      answered: () => answers.add(identificativo),
    };
  }

  return { submit };
}

interface AnswerRecord {
  /** Notes that the client has its answer; resolves when that is durable. */
  add(identificativo: string): Promise<void>;
  /** Answered, and not yet marked so in the rows: a client that sends the same at once means a second message. */
  isUnderWay(identificativo: string): boolean;
}

/** Answers that come while others are being marked are marked together, in one transaction. */
function createAnswerRecord({ db }: PointParts): AnswerRecord {
  const underWay = new Set<string>();
  let waiting: string[] = [];
  let next: Promise<void> | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function markWaiting(before: Promise<unknown>): Promise<void> {
    await before.catch(() => undefined);
    const marked = waiting;
    waiting = [];
    next = undefined;
    try {
      await db.transact((tx) => markAnswered(tx, marked));
    } finally {
      for (const identificativo of marked) underWay.delete(identificativo);
    }
  }

  return {
    add: (identificativo) => {
      underWay.add(identificativo);
      waiting.push(identificativo);
      if (next === undefined) {
        next = markWaiting(last);
        last = next;
      }
      return next;
    },
    isUnderWay: (identificativo) => underWay.has(identificativo),
  };
}

/** A client that has not seen its answer tries for so long (RFC 5321 §4.5.4.1); the same bytes later are meant anew. */
const clientGivesUpMs = 5 * 24 * 3_600_000;

type Fingerprinted = Submission & Pick<ReadSubmission, 'fingerprint'>;

/** Everything the rows say about a submission, at one moment. `before` is the same message, if it came already. */
async function readRows(
  parts: PointParts,
  tx: ReadTransaction,
  submission: Fingerprinted & { readonly at: Instant },
) {
  const { fingerprint, recipients, login, reversePath, at } = submission;
  return {
    before: await findUnanswered(tx, fingerprint, at - clientGivesUpMs),
    standings: await readStandings(parts, tx, recipients),
    sender: await readSender(tx, login.mailboxId, reversePath),
  };
}

type Fresh = Fingerprinted & Pick<ReadSubmission, 'at' | 'intake' | 'standings' | 'sender'>;

function readSubmission(parts: PointParts, fresh: Fresh): ReadSubmission {
  const { standings } = fresh;
  const header = parseHeaderBlock(fresh.intake.head);
  const original = readOriginal(header);
  const identificativo = buildIdentificativo({
    at: fresh.at,
    random: parts.random(16),
    node: parts.node,
    domain: parts.provider.domain,
  });
  const facts: MessageFacts = {
    identificativo,
    msgid: original.msgid,
    sender: fresh.reversePath,
    recipients: standings.map(({ address, certified }) => ({ address, certified })),
    replyTo: original.replyTo ?? fresh.reversePath,
    subject: original.subject,
  };
  return { ...fresh, header, original, facts };
}

/** Same sender, recipients and bytes: what a client sends again when it never saw the answer. */
function buildFingerprint({ reversePath, recipients }: Submission, { sha256 }: Intake): Uint8Array {
  const hash = createHash('sha256');
  for (const path of [reversePath, ...recipients]) hash.update(`${path}\n`);
  return hash.update(sha256).digest();
}
