/**
 * Name constraints (RFC 5280 §4.2.1.10): is every name of a certificate inside what the authorities above it
 * permit, and outside what they exclude? They are what binds a PEC authority to the providers' domains.
 */
import type { Certificate } from './certificate.ts';
import type { GeneralName, NameConstraints } from './certificate-extensions.ts';
import { describeName, isWithin, nameTypes } from './distinguished-name.ts';

/** The names of `certificate` that `constraints` do not let through, in words; empty when all are allowed. */
export function findForbiddenNames(certificate: Certificate, constraints: NameConstraints): string[] {
  const { permitted, excluded } = constraints;
  return namesOf(certificate)
    .filter((name) => {
      const sameKind = permitted.filter((base) => base.kind === name.kind);
      const inside = sameKind.length === 0 || sameKind.some((base) => isInSubtree(name, base));
      return !inside || excluded.some((base) => isExcluded(name, base));
    })
    .map(describeGeneralName);
}

/** Alternative names, the subject itself, and mail addresses that old certificates keep in the subject. */
function namesOf({ extensions, subjectName }: Certificate): GeneralName[] {
  const legacyMail = subjectName
    .flat()
    .filter(({ type }) => type === nameTypes.emailAddress)
    .map(({ text }) => ({ kind: 'mail', text }) as const);
  const subject = subjectName.length === 0 ? [] : [{ kind: 'directory', name: subjectName } as const];
  return [...extensions.alternativeNames, ...subject, ...legacyMail];
}

/** A form that cannot be compared counts as excluded when any of that form is: on the safe side. */
function isExcluded(name: GeneralName, base: GeneralName): boolean {
  return isInSubtree(name, base) || (name.kind === 'other' && base.kind === 'other');
}

function isInSubtree(name: GeneralName, base: GeneralName): boolean {
  if (name.kind === 'directory' && base.kind === 'directory') return isWithin(name.name, base.name);
  if (name.kind === 'ip' && base.kind === 'ip') return isAddressWithin(name.bytes, base.bytes);
  if (name.kind === 'mail' && base.kind === 'mail') return isMailWithin(name.text, base.text);
  if (name.kind === 'dns' && base.kind === 'dns') return isHostWithin(name.text, base.text);
  if (name.kind === 'uri' && base.kind === 'uri') return isMailHostWithin(hostOfUri(name.text), base.text);
  return false;
}

/** A mailbox, a host with all its mailboxes, or with a leading dot the hosts below a domain. */
function isMailWithin(address: string, base: string): boolean {
  if (base.includes('@')) return address.toLowerCase() === base.toLowerCase();
  return isMailHostWithin(address.slice(address.lastIndexOf('@') + 1), base);
}

function isMailHostWithin(host: string, base: string): boolean {
  const lowerHost = host.toLowerCase();
  const lowerBase = base.toLowerCase();
  if (lowerBase === '') return true;
  return lowerBase.startsWith('.') ? lowerHost.endsWith(lowerBase) : lowerHost === lowerBase;
}

/** DNS: the domain itself and all below it. */
function isHostWithin(host: string, base: string): boolean {
  const lowerHost = host.toLowerCase();
  const lowerBase = base.toLowerCase().replace(/^\./, '');
  return lowerBase === '' || lowerHost === lowerBase || lowerHost.endsWith(`.${lowerBase}`);
}

/** `base` is the address followed by its mask. */
function isAddressWithin(address: Uint8Array, base: Uint8Array): boolean {
  if (base.length !== address.length * 2) return false;
  return address.every((byte, index) => {
    const mask = base[address.length + index] ?? 0;
    return (byte & mask) === ((base[index] ?? 0) & mask);
  });
}

function hostOfUri(uri: string): string {
  return URL.canParse(uri) ? new URL(uri).hostname : '';
}

function describeGeneralName(name: GeneralName): string {
  if (name.kind === 'directory') return describeName(name.name);
  if (name.kind === 'ip') return `IP ${Buffer.from(name.bytes).toString('hex')}`;
  return name.kind === 'other' ? 'a name of another kind' : name.text.replace(/[^\x21-\x7e]/g, '?');
}
