/** The mailboxes of a provider: counters, quota, UIDs; and that each message of ours is there once. */
import type { HolderAct } from '../plan.ts';
import type { View } from './view.ts';

interface FolderRow {
  id: number;
  mailbox_id: number;
  name: string;
  uid_next: number;
  messages: number;
  size: number;
  unseen: number;
  highest_modseq: number;
}

export function checkFolders({ provider }: View): void {
  const { rows } = provider;
  const report = (text: string) => provider.world.report(provider, text);
  const use = new Map<number, { bytes: number; messages: number }>();
  for (const folder of rows.all<FolderRow>('SELECT * FROM folder')) {
    const found = rows.get<{ count: number; bytes: number; unseen: number; last: number; modseq: number }>(
      `SELECT COUNT(*) AS count, COALESCE(SUM(size), 0) AS bytes, COALESCE(SUM((flags & 1) = 0), 0) AS unseen,
              COALESCE(MAX(uid), 0) AS last, COALESCE(MAX(modseq), 0) AS modseq FROM message WHERE folder_id = ?`,
      [folder.id],
    );
    if (found === undefined) continue;
    const name = `folder ${folder.id} (${folder.name})`;
    const compare = (what: string, counted: number, real: number) => {
      if (counted !== real) report(`${name} says ${counted} ${what} and has ${real}`);
    };
    compare('messages', folder.messages, found.count);
    compare('bytes', folder.size, found.bytes);
    compare('unseen messages', folder.unseen, found.unseen);
    if (found.last >= folder.uid_next)
      report(`${name} has UID ${found.last} and would give out ${folder.uid_next}`);
    if (found.modseq > folder.highest_modseq) report(`${name} has a modseq above its highest`);
    compare('UIDs given out', folder.uid_next - 1, found.count + countVanished(rows, folder.id));
    const sum = use.get(folder.mailbox_id) ?? { bytes: 0, messages: 0 };
    use.set(folder.mailbox_id, { bytes: sum.bytes + found.bytes, messages: sum.messages + found.count });
  }
  const counted = rows.all<{ mailbox_id: number; used_bytes: number; used_messages: number }>(
    'SELECT mailbox_id, used_bytes, used_messages FROM mailbox_use',
  );
  for (const { mailbox_id, used_bytes, used_messages } of counted) {
    const real = use.get(mailbox_id) ?? { bytes: 0, messages: 0 };
    if (real.bytes !== used_bytes || real.messages !== used_messages)
      report(`mailbox ${mailbox_id} counts ${used_bytes} bytes and has ${real.bytes}`);
  }
}

/** UIDs that were given out and taken back: each stands in one tombstone, so that none is given out again. */
function countVanished(rows: View['provider']['rows'], folder: number): number {
  const row = rows.get<{ count: number }>(
    'SELECT COALESCE(SUM(last_uid - first_uid + 1), 0) AS count FROM vanished WHERE folder_id = ?',
    [folder],
  );
  return row?.count ?? 0;
}

const moving: readonly HolderAct['act'][] = ['copy', 'move', 'expunge', 'remove'];

/** Mailboxes whose holder has not moved anything. */
export function isUntouched({ provider }: Pick<View, 'provider'>, mailbox: string): boolean {
  const { holders } = provider.world.plan;
  return !holders.some((act) => act.mailbox === mailbox.toLowerCase() && moving.includes(act.act));
}

/** What the log says is in a mailbox is there once; what lies there as certified stands in the log. */
export function checkDeliveries(view: View): void {
  const { provider, events, mails } = view;
  const report = (text: string) => provider.world.report(provider, text);
  const found = new Map<string, number>();
  for (const { mailbox, messageId, transport } of mails) {
    if (transport === 'errore') continue; // has the Message-ID of what it encloses
    const place = `${mailbox.toLowerCase()} ${messageId}`;
    found.set(place, (found.get(place) ?? 0) + 1);
  }
  const expectOne = (mailbox: string, messageId: string, what: string) => {
    if (!isUntouched(view, mailbox) || !hasMailbox(view, mailbox)) return;
    const count = found.get(`${mailbox.toLowerCase()} ${messageId}`) ?? 0;
    if (count !== 1) report(`${what} ${messageId} is ${count} times in the mailbox of ${mailbox}`);
  };
  const delivered = new Set<string>();
  for (const { event } of events) {
    if (event.type === 'delivered') {
      delivered.add(`${event.recipient.toLowerCase()} <${event.facts.identificativo}>`);
      expectOne(event.recipient, `<${event.facts.identificativo}>`, 'the envelope');
    }
    if (event.type === 'notification-received' && event.about.length > 0)
      for (const mailbox of mailboxesOf(event.facts.sender, event.notification))
        expectOne(mailbox, event.notificationId, event.notification);
    for (const { kind, messageId } of event.generated)
      if (isForSender(kind) && event.facts.sender.endsWith(`@${provider.domain}`))
        expectOne(event.facts.sender, messageId, kind);
  }
  for (const { mailbox, messageId, transport } of mails)
    if (transport === 'posta-certificata' && !delivered.has(`${mailbox.toLowerCase()} ${messageId}`))
      report(`the envelope ${messageId} lies in the mailbox of ${mailbox} and the log does not know`);
}

/** Prese in carico and virus detections go to the provider, everything else to the sender. */
function mailboxesOf(sender: string, notification: string): string[] {
  return notification === 'presa-in-carico' || notification === 'rilevazione-virus' ? [] : [sender];
}

function isForSender(kind: string): boolean {
  return ![
    'transport-envelope',
    'anomaly-envelope',
    'take-in-charge-receipt',
    'virus-detection-notice',
  ].includes(kind);
}

function hasMailbox({ provider }: View, address: string): boolean {
  return (
    provider.rows.get('SELECT 1 FROM mailbox WHERE address_key = ? AND removed_at IS NULL', [
      address.toLowerCase(),
    ]) !== undefined
  );
}
