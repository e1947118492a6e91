/**
 * The incoming point's SMTP edge: port 25, in clear or with STARTTLS, no logins. It knows paths and bytes, and no
 * PEC rule: whom a message may be for is said by `checkRecipient`, what becomes of it by `receive`.
 */
import type { SecureContext } from 'node:tls';
import { MailError } from '../lib/mail-error.ts';
import { isAddress, normalizeAddress } from '../mime/address.ts';
import { createDialogueServer, type DialogueMessage, type DialogueTransaction } from './dialogue.ts';
import {
  defaultLimits,
  type SmtpAcceptance,
  type SmtpClient,
  type SmtpLimits,
  type SmtpLog,
  type SmtpServer,
} from './edge.ts';

export interface IncomingTransaction {
  readonly client: SmtpClient;
  /** Domain in lower case; empty for the null path. */
  readonly reversePath: string;
  /** Each once, in the order of the dialogue, domains in lower case; `postmaster` may stand without domain. */
  readonly recipients: readonly string[];
}

export interface IncomingMail extends IncomingTransaction {
  /** The message as the client has it, dots taken away. Throws MailError when it must not be accepted. */
  readonly source: AsyncIterable<Uint8Array>;
  /** Bytes as the client announced them with SIZE. */
  readonly sizeHint?: number;
}

/**
 * Takes the message and answers for it: when it resolves the client gets `250 2.6.0 <text>`.
 * @throws {MailError} for a refusal in the dialogue; anything else is answered 451 with an id.
 */
export type ReceiveMail = (mail: IncomingMail) => Promise<SmtpAcceptance>;

/**
 * Says at RCPT whether the recipient will be taken; `transaction.recipients` are those taken before it.
 * @throws {MailError} e.g. 550 5.7.1 relaying denied, 550 5.1.1 no such mailbox.
 */
export type CheckRecipient = (recipient: string, transaction: IncomingTransaction) => Promise<void>;

export interface MxOptions {
  readonly hostname: string;
  readonly tls: () => SecureContext;
  readonly checkRecipient: CheckRecipient;
  readonly receive: ReceiveMail;
  readonly limits?: Partial<SmtpLimits>;
  readonly log: SmtpLog;
}

export function createMxServer(options: MxOptions): SmtpServer {
  const { hostname, tls, log } = options;
  const limits = { ...defaultLimits, ...options.limits };

  async function takeReversePath(path: string): Promise<void> {
    if (path !== '' && !isAddress(path))
      throw new MailError('protocol', 'Bad sender address', { code: 501, enhanced: '5.1.7' });
  }

  async function takeRecipient(recipient: string, transaction: DialogueTransaction): Promise<void> {
    // RFC 5321 §4.5.1: postmaster is the one name that needs no domain.
    if (!isAddress(recipient) && recipient.toLowerCase() !== 'postmaster')
      throw new MailError('protocol', 'Bad recipient address', { code: 501, enhanced: '5.1.3' });
    await options.checkRecipient(normalizeAddress(recipient), normalizeTransaction(transaction));
  }

  async function takeMessage(message: DialogueMessage): Promise<SmtpAcceptance> {
    const { source, sizeHint } = message;
    const hint = sizeHint === undefined ? {} : { sizeHint };
    return options.receive({ ...normalizeTransaction(message), source, ...hint });
  }

  const decisions = { takeReversePath, takeRecipient, takeMessage };
  return createDialogueServer({ edge: 'mx', hostname, mode: 'starttls', tls, limits, log, decisions });
}

function normalizeTransaction(transaction: DialogueTransaction): IncomingTransaction {
  const { client, reversePath, recipients } = transaction;
  return { client, reversePath: normalizeAddress(reversePath), recipients: recipients.map(normalizeAddress) };
}
