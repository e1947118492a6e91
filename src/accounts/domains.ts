/** The domains this provider certifies mail for. Functions on a transaction; `accounts.ts` puts them together. */
import { isUniqueViolation, type ReadTransaction, type SqlValue, type Transaction } from '../db/database.ts';
import type { Instant } from '../lib/time.ts';
import { normalizeDomain } from '../mime/address.ts';
import { refuse } from './account-error.ts';
import { parseDomainName } from './address-key.ts';

/** What becomes of mail that is not certified: refused, put into an anomaly envelope, or sent elsewhere. */
export type OrdinaryMail = 'refuse' | 'accept' | 'forward';

export interface Domain {
  readonly id: number;
  /** Lower case, A-labels. */
  readonly name: string;
  readonly createdAt: Instant;
  /** Since when its mailboxes may not send; they go on receiving. */
  readonly suspendedAt: Instant | undefined;
  /** Quota of mailboxes made without one; undefined = the provider's. */
  readonly defaultQuotaBytes: number | undefined;
  readonly maxMailboxes: number | undefined;
  /** Undefined = as the provider's setting says. */
  readonly ordinaryMail: OrdinaryMail | undefined;
  /** Its mailboxes may write to certified recipients only. */
  readonly certifiedOnly: boolean;
  /**
   * Its mailboxes exchange mail with these domains only, in both directions; lower case, A-labels. The domain
   * itself is not among them unless named: the old citizens' mailboxes wrote to offices, not to one another.
   */
  readonly closedGroup: readonly string[] | undefined;
}

/** `null` = back to the provider's default; absent = as it was. */
export interface DomainSettings {
  readonly suspended?: boolean;
  readonly defaultQuotaBytes?: number | null;
  readonly maxMailboxes?: number | null;
  readonly ordinaryMail?: OrdinaryMail | null;
  readonly certifiedOnly?: boolean;
  /** Names in any writing, at least one; `null` = no closed group. */
  readonly closedGroup?: readonly string[] | null;
}

interface DomainRow {
  id: number;
  name: string;
  created_at: number;
  suspended_at: number | null;
  default_quota_bytes: number | null;
  max_mailboxes: number | null;
  ordinary_mail: OrdinaryMail | null;
  certified_only: number;
  closed_group: string | null;
}

/** @throws {MailError} `permanent` when the name is not one or the domain exists. */
export async function addDomain(tx: Transaction, name: string, at: Instant): Promise<Domain> {
  const parsed = parseDomainName(name);
  try {
    await tx.run('INSERT INTO domain (name, created_at) VALUES (?, ?)', parsed, at);
  } catch (error) {
    if (isUniqueViolation(error)) throw refuse(`The domain ${parsed} exists already`);
    throw error;
  }
  return requireDomain(tx, parsed);
}

/** Never throws for a strange name: that is no domain of ours. */
export async function findDomain(tx: ReadTransaction, name: string): Promise<Domain | undefined> {
  const row = await tx.get<DomainRow>('SELECT * FROM domain WHERE name = ?', normalizeDomain(name));
  return row === undefined ? undefined : toDomain(row);
}

/** @throws {MailError} `permanent` when there is no such domain, with what to do. */
export async function requireDomain(tx: ReadTransaction, name: string): Promise<Domain> {
  const domain = await findDomain(tx, name);
  if (domain === undefined) {
    throw refuse(`The domain ${name} is not one of ours; add it first with "pec domain add ${name}"`);
  }
  return domain;
}

/** By name. */
export async function listDomains(tx: ReadTransaction): Promise<Domain[]> {
  return (await tx.all<DomainRow>('SELECT * FROM domain ORDER BY name')).map(toDomain);
}

/** The domain as it is then. @throws {MailError} `permanent` when there is none, or a number is not one. */
export async function setDomain(
  tx: Transaction,
  name: string,
  settings: DomainSettings,
  at: Instant,
): Promise<Domain> {
  const domain = await requireDomain(tx, name);
  checkAmount('default quota', settings.defaultQuotaBytes);
  checkAmount('limit of mailboxes', settings.maxMailboxes);
  const suspendedAt = settings.suspended === true ? (domain.suspendedAt ?? at) : null;
  await tx.run(
    `UPDATE domain SET suspended_at = ?, default_quota_bytes = ?, max_mailboxes = ?, ordinary_mail = ?,
       certified_only = ?, closed_group = ? WHERE id = ?`,
    settings.suspended === undefined ? (domain.suspendedAt ?? null) : suspendedAt,
    chosen(settings.defaultQuotaBytes, domain.defaultQuotaBytes),
    chosen(settings.maxMailboxes, domain.maxMailboxes),
    chosen(settings.ordinaryMail, domain.ordinaryMail),
    (settings.certifiedOnly ?? domain.certifiedOnly) ? 1 : 0,
    chosen(writeGroup(settings.closedGroup), writeGroup(domain.closedGroup) ?? undefined),
    domain.id,
  );
  return requireDomain(tx, name);
}

/** @throws {MailError} `permanent` when a name is no domain, or none is given. */
function writeGroup(domains: readonly string[] | null | undefined): string | null | undefined {
  if (domains === null || domains === undefined) return domains;
  if (domains.length === 0) throw refuse('A closed group has at least one domain');
  return JSON.stringify([...new Set(domains.map(parseDomainName))].sort());
}

/** What to store: the new value, NULL for "back to the default", or what was there. */
export function chosen<T extends SqlValue>(wanted: T | null | undefined, current: T | undefined): T | null {
  return wanted === undefined ? (current ?? null) : wanted;
}

/** @throws {MailError} `permanent` when `value` is given and no whole number from 0. */
export function checkAmount(what: string, value: number | null | undefined): void {
  if (value === undefined || value === null) return;
  if (!Number.isSafeInteger(value) || value < 0) {
    throw refuse(`The ${what} must be a whole number from 0, not ${value}`);
  }
}

function toDomain(row: DomainRow): Domain {
  return {
    id: row.id,
    name: row.name,
    createdAt: row.created_at,
    suspendedAt: row.suspended_at ?? undefined,
    defaultQuotaBytes: row.default_quota_bytes ?? undefined,
    maxMailboxes: row.max_mailboxes ?? undefined,
    ordinaryMail: row.ordinary_mail ?? undefined,
    certifiedOnly: row.certified_only === 1,
    closedGroup: row.closed_group === null ? undefined : (JSON.parse(row.closed_group) as string[]),
  };
}
