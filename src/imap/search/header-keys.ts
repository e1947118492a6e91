/**
 * What SORT and THREAD compare of a message's header, kept in memory by content: a stored message never changes and
 * its number is never given to another, so what was made once stays true.
 */
import { foldText } from '../../lib/fold.ts';
import type { Instant } from '../../lib/time.ts';
import type { MailStore } from '../../mailbox/mail-store.ts';
import { type Address, parseAddressList } from '../../mime/address.ts';
import { parseDate } from '../../mime/date.ts';
import { decodeHeaderText } from '../../mime/encoded-word.ts';
import type { MessagePart } from '../../mime/message-part.ts';
import { findField } from '../message/envelope.ts';
import { type BaseSubject, findBaseSubject } from './base-subject.ts';

type Fields = MessagePart['fields'];

export interface Links {
  /** Undefined when the message has none. */
  readonly id: string | undefined;
  /** Ancestors, the oldest first. */
  readonly references: readonly string[];
}

export interface HeaderKeys {
  /** Date; null when there is none that can be read. */
  readonly sent: Instant | null;
  /** The base subject, folded for comparison. */
  readonly subject: BaseSubject;
  readonly links: Links;
  /** addr-mailbox of the first address (RFC 5256 §3): its local part, or the name of the group it opens. */
  readonly from: string;
  readonly to: string;
  readonly cc: string;
  /** The name a person sees, else the address (RFC 5957 §3). */
  readonly displayFrom: string;
  readonly displayTo: string;
}

export type KeyKind = keyof HeaderKeys;

const makers: { readonly [K in KeyKind]: (fields: Fields) => HeaderKeys[K] } = {
  sent: (fields) => {
    const value = findField(fields, 'date');
    return (value === undefined ? undefined : parseDate(value)) ?? null;
  },
  subject: (fields) => {
    const { text, isReply } = findBaseSubject(decodeHeaderText(findField(fields, 'subject') ?? ''));
    return { text: foldText(text), isReply };
  },
  links: findLinks,
  from: (fields) => findMailbox(fields, 'from'),
  to: (fields) => findMailbox(fields, 'to'),
  cc: (fields) => findMailbox(fields, 'cc'),
  displayFrom: (fields) => findDisplay(fields, 'from'),
  displayTo: (fields) => findDisplay(fields, 'to'),
};

const keyKinds = Object.keys(makers) as readonly KeyKind[];

function findMailbox(fields: Fields, lowerName: string): string {
  const { addresses, groups } = parseAddressList(findField(fields, lowerName) ?? '');
  const [group] = groups;
  return foldText((group?.first === 0 ? group.name : addresses[0]?.local) ?? '');
}

function findDisplay(fields: Fields, lowerName: string): string {
  const address = findFirstAddress(fields, lowerName);
  return foldText(address?.display ?? address?.address ?? '');
}

function findFirstAddress(fields: Fields, lowerName: string): Address | undefined {
  const value = findField(fields, lowerName);
  return value === undefined ? undefined : parseAddressList(value).addresses[0];
}

function findLinks(fields: Fields): Links {
  const references = findMessageIds(fields, 'references');
  return {
    id: findMessageIds(fields, 'message-id')[0],
    // RFC 5256 §3: without usable References the first id of In-Reply-To is the only one.
    references: references.length > 0 ? references : findMessageIds(fields, 'in-reply-to').slice(0, 1),
  };
}

/** Message ids without angle brackets and quotes, in order (RFC 5256 §3 THREAD, note on normal form). */
function findMessageIds(fields: Fields, lowerName: string): string[] {
  const ids = findField(fields, lowerName)?.match(/<[^<>\s]+>/g) ?? [];
  return ids.map((id) => id.slice(1, -1).replace(/^"([^"\\]*)"@/, '$1@'));
}

/** Where a message stood in a sort, see text-places.ts. */
export interface SortedPlace {
  readonly kind: KeyKind;
  /** Which sort it is from. */
  readonly round: number;
  readonly place: number;
}

/** Keys made so far. */
export interface KnownKeys extends Partial<HeaderKeys> {
  place?: SortedPlace;
}

type Made = { -readonly [K in keyof KnownKeys]: KnownKeys[K] };

/** Characters, and so many for what holds them. */
const mostCost = 80_000_000;
const costOfMessage = 200;

export class HeaderKeyCache {
  /** Of contents used lately; those of the older half go when there are too many. */
  #young = new Map<number, Made>();
  #old: ReadonlyMap<number, Made> = new Map();
  #cost = 0;

  /** The keys of a content, if all these are known. */
  find(contentId: number, kinds: readonly KeyKind[]): KnownKeys | undefined {
    const made = this.#young.get(contentId) ?? this.#revive(contentId);
    return made !== undefined && kinds.every((kind) => made[kind] !== undefined) ? made : undefined;
  }

  /** Makes these keys and keeps them. */
  make(contentId: number, fields: Fields, kinds: readonly KeyKind[]): KnownKeys {
    const made = this.#young.get(contentId) ?? {};
    for (const kind of kinds) if (made[kind] === undefined) this.#cost += addKey(made, kind, fields);
    this.#keep(contentId, made);
    return made;
  }

  #revive(contentId: number): Made | undefined {
    const made = this.#old.get(contentId);
    if (made === undefined) return undefined;
    for (const kind of keyKinds) this.#cost += costOf(made[kind]);
    this.#keep(contentId, made);
    return made;
  }

  #keep(contentId: number, made: Made): void {
    if (!this.#young.has(contentId)) this.#cost += costOfMessage;
    this.#young.set(contentId, made);
    if (this.#cost < mostCost / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#cost = 0;
  }
}

function addKey<K extends KeyKind>(made: Made, kind: K, fields: Fields): number {
  const key: HeaderKeys[K] = makers[kind](fields);
  (made as Record<K, HeaderKeys[K]>)[kind] = key;
  return costOf(key);
}

function costOf(key: HeaderKeys[KeyKind] | undefined): number {
  if (typeof key === 'string') return key.length;
  if (key === null || key === undefined || typeof key === 'number') return 0;
  if ('text' in key) return key.text.length;
  return key.references.reduce((sum, id) => sum + id.length, key.id?.length ?? 0);
}

const caches = new WeakMap<MailStore, HeaderKeyCache>();

/** The one of the store: sessions share it. */
export function headerKeysOf(store: MailStore): HeaderKeyCache {
  const known = caches.get(store);
  if (known !== undefined) return known;
  const made = new HeaderKeyCache();
  caches.set(store, made);
  return made;
}
