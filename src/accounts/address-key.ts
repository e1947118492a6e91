/**
 * How addresses, domains and login names are checked and compared: without regard to case, domains in A-label
 * form. PEC addresses are plain: ASCII, no quoted local part, no address literal.
 */
import { isAddress, isDomain, normalizeAddress, normalizeDomain } from '../mime/address.ts';
import { refuse } from './account-error.ts';

/** What two writings of the same address or login name have in common. */
export function keyOf(name: string): string {
  return normalizeAddress(name.normalize('NFC')).toLowerCase();
}

/**
 * The domain in A-label form, lower case.
 * @throws {MailError} `permanent` when it is no domain name with at least two labels.
 */
export function parseDomainName(text: string): string {
  const name = normalizeDomain(text.normalize('NFC'));
  if (!isDomain(name) || !name.includes('.')) {
    throw refuse(`"${text}" is not a domain name; write it like "comune.esempio.it"`);
  }
  return name;
}

/**
 * The address as it is stored: domain in A-label form, local part as written.
 * @throws {MailError} `permanent` when it is not a plain address.
 */
export function parseMailboxAddress(text: string): { address: string; domain: string } {
  const address = normalizeAddress(text.normalize('NFC'));
  const at = address.lastIndexOf('@');
  if (!isAddress(address) || address.startsWith('"') || address.endsWith(']')) {
    throw refuse(
      `"${text}" is not a mail address; write it like "ufficio@comune.esempio.it", in plain letters`,
    );
  }
  return { address, domain: parseDomainName(address.slice(at + 1)) };
}
