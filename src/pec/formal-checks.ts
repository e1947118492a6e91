import { isAddress, normalizeAddress, parseAddressList, sameAddress } from '../mime/address.ts';
import { findFields, type HeaderBlock, unfold } from '../mime/header.ts';
import { type Finding, type FindingCode, listSome } from './findings.ts';

/**
 * The formal checks of the access point (controlli formali, RFC 6109 §3.1.1). Each breach is a finding with
 * its words for the non-acceptance notice; none is an SMTP error.
 */
const clause = 'RFC 6109 §3.1.1';

export interface AcceptanceLimits {
  /** Most recipients of one message. */
  readonly recipients: number;
  /** Largest size × recipients, bytes. */
  readonly totalBytes: number;
}

export interface FormalQuestion {
  /** Of the message as submitted. */
  readonly header: HeaderBlock;
  readonly reversePath: string;
  /** SMTP forward paths. */
  readonly recipients: readonly string[];
  /** Of the message as submitted, bytes. */
  readonly size: number;
  readonly limits: AcceptanceLimits;
}

/** All breaches, in the order of the rule's list; empty for a message that may pass. */
export function checkFormalRules(question: FormalQuestion): Finding[] {
  const { header, reversePath } = question;
  return [
    ...checkHeaderForm(header),
    ...checkFrom(header, reversePath),
    ...checkTo(header),
    ...checkRecipients(question),
    ...checkBcc(header),
    ...checkSize(question),
  ];
}

function find(code: FindingCode, italian: string, english: string, status = '5.6.0'): Finding {
  return { code, clause, status, italian, english };
}

/** RFC 5322 §3.6: these may stand once. Two of them, and two readers see two different messages. */
const singleFields = ['From', 'Sender', 'Reply-To', 'To', 'Cc', 'Message-ID', 'Subject'];

function checkHeaderForm(header: HeaderBlock): Finding[] {
  const findings: Finding[] = [];
  if (header.fields.some(({ name, value }) => name === '' || value.includes('\0')))
    findings.push(
      find(
        'header-malformed',
        "righe dell'intestazione non conformi allo standard RFC 5322",
        'header lines that do not conform to RFC 5322',
      ),
    );
  for (const name of singleFields) {
    if (findFields(header, name).length < 2) continue;
    const words = [
      `campo ${name} presente più di una volta`,
      `field ${name} present more than once`,
    ] as const;
    findings.push(find('duplicate-field', ...words));
  }
  return findings;
}

function checkFrom(header: HeaderBlock, reversePath: string): Finding[] {
  const addresses = readAddresses(header, 'From');
  const [from] = addresses;
  if (findFields(header, 'From').length === 0)
    return [find('from-missing', 'mancanza del campo From', 'a missing From field')];
  if (from === undefined || !addresses.every(isAddress))
    return [
      find('from-invalid', 'indirizzo non valido nel campo From', 'an invalid address in the From field'),
    ];
  if (addresses.length > 1)
    return [find('from-several', 'più mittenti nel campo From', 'more than one author in the From field')];
  if (sameAddress(from, reversePath)) return [];
  return [
    find(
      'from-differs',
      `mittente nel campo From (${from}) diverso da quello della trasmissione SMTP (${reversePath})`,
      `an author in the From field (${from}) other than the sender of the SMTP transaction (${reversePath})`,
    ),
  ];
}

function checkTo(header: HeaderBlock): Finding[] {
  if (findFields(header, 'To').length === 0)
    return [find('to-missing', 'mancanza del campo To', 'a missing To field')];
  if (readAddresses(header, 'To').some(isAddress)) return [];
  return [
    find('to-invalid', 'mancanza di indirizzi validi nel campo To', 'no valid address in the To field'),
  ];
}

/** Forward paths and addresses of To and Cc are the same set, both ways. */
function checkRecipients({ header, recipients, limits }: FormalQuestion): Finding[] {
  const findings: Finding[] = [];
  const written = [...readAddresses(header, 'To'), ...readAddresses(header, 'Cc')];
  const hidden = missingFrom(recipients, written);
  if (hidden.length > 0)
    findings.push(
      find(
        'recipient-not-in-header',
        `destinatari non presenti nei campi To e Cc (${listSome(hidden, 'italian')})`,
        `recipients that are not in the To and Cc fields (${listSome(hidden, 'english')})`,
      ),
    );
  const unsent = missingFrom(written, recipients);
  if (unsent.length > 0)
    findings.push(
      find(
        'address-not-a-recipient',
        `indirizzi dei campi To e Cc non presenti tra i destinatari della trasmissione SMTP (${listSome(unsent, 'italian')})`,
        `addresses in the To and Cc fields that are not recipients of the SMTP transaction (${listSome(unsent, 'english')})`,
      ),
    );
  if (recipients.length > limits.recipients)
    findings.push(
      find(
        'too-many-recipients',
        `numero di destinatari (${recipients.length}) superiore al massimo consentito (${limits.recipients})`,
        `more recipients (${recipients.length}) than allowed (${limits.recipients})`,
        '5.5.3',
      ),
    );
  return findings;
}

function checkBcc(header: HeaderBlock): Finding[] {
  if (findFields(header, 'Bcc').every(({ value }) => unfold(value) === '')) return [];
  return [find('bcc-present', 'presenza di destinatari nel campo Bcc', 'recipients in the Bcc field')];
}

function checkSize({ size, recipients, limits }: FormalQuestion): Finding[] {
  const total = size * Math.max(recipients.length, 1);
  if (total <= limits.totalBytes) return [];
  return [
    find(
      'size-exceeded',
      `dimensione del messaggio per il numero dei destinatari (${total} byte) superiore al massimo consentito (${limits.totalBytes} byte)`,
      `message size multiplied by the number of recipients (${total} bytes) over the limit (${limits.totalBytes} bytes)`,
      '5.3.4',
    ),
  ];
}

function readAddresses(header: HeaderBlock, name: string): string[] {
  return findFields(header, name).flatMap(({ value }) =>
    parseAddressList(value).addresses.map(({ address }) => address),
  );
}

/** Those of `addresses` that are not among `others`, each once, in their order. */
function missingFrom(addresses: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others.map(comparable));
  const missing: string[] = [];
  for (const address of addresses) {
    const form = comparable(address);
    if (known.has(form)) continue;
    known.add(form);
    missing.push(address);
  }
  return missing;
}

/** As {@link sameAddress} compares, for sets. */
function comparable(address: string): string {
  return normalizeAddress(address).toLowerCase();
}
