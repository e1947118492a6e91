import type { Mailbox } from '../accounts/mailboxes.ts';
import { formatByteCount } from './byte-count.ts';
import { renderTable } from './table.ts';

/** Mailboxes as a person reads them. */
export function renderMailboxes(mailboxes: readonly Mailbox[]): string {
  const head = ['MAILBOX', 'HOLDER', 'QUOTA', 'SENDING', 'ORDINARY MAIL', 'RECEIPTS', 'SENT COPY'];
  return renderTable(head, mailboxes.map(renderRow));
}

function renderRow({
  address,
  displayName,
  quotaBytes,
  sendingBlocked,
  ordinaryMail,
  forwardTo,
  receiptsFolder,
  sentCopy,
}: Mailbox): string[] {
  return [
    address,
    displayName,
    formatByteCount(quotaBytes),
    sendingBlocked === undefined ? 'yes' : `blocked: ${sendingBlocked.reason}`,
    ordinaryMail === 'forward' ? `forward to ${forwardTo ?? ''}` : (ordinaryMail ?? 'default'),
    receiptsFolder ?? 'INBOX',
    sentCopy ? 'yes' : 'no',
  ];
}
