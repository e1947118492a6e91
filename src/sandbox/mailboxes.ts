/** The mailboxes of the sandbox: made at the first start, left as they are afterwards. */
import type { Config } from '../config/schema.ts';
import { addContent } from '../content/content.ts';
import { fromLatin1 } from '../lib/bytes.ts';
import type { Instant } from '../lib/time.ts';
import { deliver } from '../mailbox/deliver.ts';
import { formatDate } from '../mime/date.ts';
import { openStores, type Stores } from '../wire.ts';
import { fullMailbox } from './places.ts';
import type { PreparedProvider } from './prepare.ts';

/** Small enough that what is in the mailbox already is more. */
const fullQuotaBytes = 100;

export async function makeMailboxes(config: Config, provider: PreparedProvider, at: Instant): Promise<void> {
  const stores = await openStores(config);
  try {
    const { accounts } = stores;
    if ((await accounts.findDomain(provider.domain)) === undefined) await accounts.addDomain(provider.domain);
    for (const { address, password } of provider.users) {
      if ((await accounts.findMailbox(address)) !== undefined) continue;
      const isFull = address.startsWith(`${fullMailbox}@`);
      const mailbox = await accounts.addMailbox({
        address,
        password,
        ...(isFull ? { quotaBytes: fullQuotaBytes } : {}),
      });
      if (isFull) await fill(stores, { mailboxId: mailbox.id, address, at });
    }
  } finally {
    await stores.close();
  }
}

interface Filling {
  readonly mailboxId: number;
  readonly address: string;
  readonly at: Instant;
}

async function fill({ db }: Stores, { mailboxId, address, at }: Filling): Promise<void> {
  const message = fromLatin1(
    [
      `Date: ${formatDate(at)}`,
      `From: ${address}`,
      `To: ${address}`,
      'Subject: Casella piena / Mailbox full',
      '',
      'Questa casella ha esaurito lo spazio: chi le scrive riceve un avviso di mancata consegna.',
      'This mailbox has no room left: who writes to it gets a non-delivery notice.',
      '',
    ].join('\r\n'),
  );
  await db.transact(async (tx) => {
    const contentId = await addContent(tx, [message]);
    await deliver(tx, { mailboxId, contentId, size: message.length, internalDate: at, overQuota: true });
  });
}
