/**
 * The service mailbox: where other providers send prese in carico and virus detections (RFC 6109 §2.2.5, §2.2.6),
 * `mailReceipt` of our entry in the index. It is made when missing, with a password that nobody knows; whoever is to
 * read it gets one with `pec mailbox passwd`.
 */
import type { Accounts } from '../accounts/accounts.ts';
import { MailError } from '../lib/mail-error.ts';
import { domainOf } from '../mime/address.ts';
import type { PointParts } from './parts.ts';

/**
 * True when it was made now. Nothing is done for an address whose domain is not set up here, nor for one whose
 * mailbox was removed on purpose.
 */
export async function makeServiceMailbox(
  { mailReceipt, random }: Pick<PointParts, 'mailReceipt' | 'random'>,
  accounts: Pick<Accounts, 'findDomain' | 'findMailbox' | 'addMailbox'>,
): Promise<boolean> {
  const address = mailReceipt();
  if ((await accounts.findMailbox(address)) !== undefined) return false;
  if ((await accounts.findDomain(domainOf(address))) === undefined) return false;
  const password = Buffer.from(random(32)).toString('base64url');
  try {
    await accounts.addMailbox({ address, password, displayName: 'Ricevute del gestore' });
    return true;
  } catch (error) {
    if (error instanceof MailError && error.kind === 'permanent') return false;
    throw error;
  }
}
