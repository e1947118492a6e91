/**
 * Where header and certification data of one message contradict each other. Header fields are not signed, so
 * whoever forwards a message can change them: daticert.xml is what counts, and a reader must be told.
 */
import type { Instant } from '../lib/time.ts';
import { parseAddressList, sameAddress } from '../mime/address.ts';
import { romeTime } from '../mime/date.ts';
import { firstField, type HeaderBlock, unfold } from '../mime/header.ts';
import type { CertificationData } from '../pec/certification-data.ts';
import type { Wording } from '../pec/facts.ts';
import { headerNames, transportValues } from '../pec/wire-names.ts';

export interface ComparedMessage {
  readonly header: HeaderBlock;
  readonly data: CertificationData;
  readonly signingTime: Instant | undefined;
}

/** One sentence a contradiction; empty when all agree. */
export function findContradictions(message: ComparedMessage): Wording[] {
  return [compareReference(message), compareRecipient(message), compareTime(message)].filter(
    (found) => found !== undefined,
  );
}

/** X-Riferimento-Message-ID is the msgid of daticert.xml (pec-wire §5). */
function compareReference({ header, data }: ComparedMessage): Wording | undefined {
  const reference = textOf(header, headerNames.reference);
  // Some providers write the msgid of daticert without its angle brackets.
  const bare = (id: string) => id.replace(/^<|>$/g, '');
  if (reference === undefined || data.msgid === undefined || bare(reference) === bare(data.msgid))
    return undefined;
  return {
    italian: `il riferimento nell'intestazione (${printable(reference)}) non è quello certificato (${printable(data.msgid)})`,
    english: `the reference in the header (${printable(reference)}) is not the certified one (${printable(data.msgid)})`,
  };
}

/** Receipts for the sender go to the sender (RFC 6109 §2.1); those for a provider go to its service mailbox. */
function compareRecipient({ header, data }: ComparedMessage): Wording | undefined {
  const between: readonly string[] = [transportValues.certified, 'presa-in-carico', 'rilevazione-virus'];
  const to = parseAddressList(firstField(header, 'To')?.value ?? '').addresses;
  if (between.includes(data.type) || to.length === 0) return undefined;
  if (to.some(({ address }) => sameAddress(address, data.sender))) return undefined;
  return {
    italian: `il messaggio è indirizzato a ${printable(to[0]?.address ?? '')}, ma il mittente certificato è ${printable(data.sender)}`,
    english: `the message is addressed to ${printable(to[0]?.address ?? '')}, but the certified sender is ${printable(data.sender)}`,
  };
}

/** One temporal value for the whole transaction (RFC 6109 §4.1); a minute is left for signers that take another. */
function compareTime({ data, signingTime }: ComparedMessage): Wording | undefined {
  if (signingTime === undefined) return undefined;
  const certified = instantOf(data.time);
  if (certified !== undefined && Math.abs(certified - signingTime) <= 60_000) return undefined;
  const signed = romeTime(signingTime);
  const [a, b] = [
    `${data.time.day} ${data.time.time} ${data.time.zone}`,
    `${signed.day} ${signed.time} ${signed.zone}`,
  ];
  return {
    italian: `la data certificata (${printable(a)}) non è quella della firma (${b})`,
    english: `the certified time (${printable(a)}) is not the time of signing (${b})`,
  };
}

function instantOf({ day, time, zone }: CertificationData['time']): Instant | undefined {
  const date = /^(\d\d)\/(\d\d)\/(\d{4})$/.exec(day);
  const offset = /^([+-]\d\d):?(\d\d)$/.exec(zone);
  if (date === null || offset === null || !/^\d\d:\d\d:\d\d$/.test(time)) return undefined;
  const at = Date.parse(`${date[3]}-${date[2]}-${date[1]}T${time}${offset[1]}:${offset[2]}`);
  return Number.isNaN(at) ? undefined : at;
}

function textOf(header: HeaderBlock, name: string): string | undefined {
  const field = firstField(header, name);
  return field === undefined ? undefined : unfold(field.value);
}

/** What comes from outside must not move the cursor of whoever reads it. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}
