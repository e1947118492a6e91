/**
 * Messages like those in a mailbox of certified mail: envelopes with the original inside, receipts, ordinary mail. Each
 * is different, and the same number always gives the same bytes.
 */
const day = 86_400_000;
const newest = Date.UTC(2026, 5, 30, 12);
const names = ['Mario Rossi', 'Anna Bianchi', 'Ufficio Protocollo', 'Giulia Verdi', 'Studio Legale Neri'];
const words =
  'fattura contratto diffida allegato protocollo pratica ricorso sentenza comune ufficio pagamento termine avviso notifica atto delibera bando gara offerta verbale perché attività società scadenza richiesta documento firma decreto tributi catasto'.split(
    ' ',
  );
/** In one body of a thousand. */
export const rareWord = 'anticresi';

export interface BenchMessage {
  readonly bytes: Buffer;
  readonly internalDate: number;
  readonly flags: readonly ('\\Seen' | '\\Flagged' | '\\Answered')[];
}

/** Message `number` of a mailbox of `count`, the oldest first. */
export function makeMessage(number: number, count: number): BenchMessage {
  const pick = createPicker(number + 1);
  const internalDate = newest - Math.floor(((count - number) * 400 * day) / count);
  const kind = pick(10);
  const text =
    kind < 5 ? makeEnvelope(number, pick) : kind < 8 ? makeReceipt(number, pick) : makePlain(number, pick);
  const head = `Date: ${new Date(internalDate).toUTCString().replace('GMT', '+0000')}\r\n`;
  const flags: BenchMessage['flags'] = [
    ...(pick(10) < 8 ? (['\\Seen'] as const) : []),
    ...(pick(50) === 0 ? (['\\Flagged'] as const) : []),
    ...(pick(10) === 0 ? (['\\Answered'] as const) : []),
  ];
  return { bytes: Buffer.from(head + text), internalDate, flags };
}

type Pick = (bound: number) => number;

/** A stream of numbers of its own for each message. */
function createPicker(seed: number): Pick {
  let state = Math.imul(seed, 0x9e37_79b1) >>> 0;
  return (bound) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b_3c6d) + 0x6d2b_79f5) >>> 0;
    return ((state ^ (state >>> 13)) >>> 0) % bound;
  };
}

const sentence = (pick: Pick, length: number) =>
  Array.from({ length }, () => words[pick(words.length)]).join(' ');

function makeBody(number: number, pick: Pick): string {
  const lines = Array.from({ length: 14 }, () => sentence(pick, 8));
  if (number % 1000 === 500) lines.push(`La nuova ${rareWord} del fondo.`);
  return lines.join('\r\n');
}

interface Traits {
  readonly who: string;
  readonly from: string;
  readonly subject: string;
  readonly id: string;
  readonly references: string;
}

function chooseTraits(number: number, pick: Pick): Traits {
  const who = names[pick(names.length)] ?? '';
  const from = `${who.toLowerCase().replaceAll(' ', '.')}${pick(200)}@azienda${pick(40)}.test`;
  // Every third message answers one of the last ones.
  const earlier = number - 1 - pick(30);
  const references =
    number % 3 === 0 && earlier > 0
      ? `In-Reply-To: <${earlier}.pec@bench.test>\r\nReferences: <${earlier}.pec@bench.test>\r\n`
      : '';
  const subject = `${references === '' ? '' : 'Re: '}${sentence(pick, 3).replace(/[^ -~]/g, 'e')} n. ${pick(5000)}`;
  return { who, from, subject, id: `<${number}.pec@bench.test>`, references };
}

function received(number: number): string {
  const hops = [1, 2, 3].map(
    (hop) =>
      `Received: from mx${hop}.azienda.test (mx${hop}.azienda.test [192.0.2.${hop}])\r\n\tby mx.pec.test (8.1/8.1) with ESMTPS id ${number}${hop}\r\n\tfor <casella@bench.test>; Tue, 30 Jun 2026 10:00:0${hop} +0200 (CEST)\r\n`,
  );
  return hops.join('');
}

/** The signed frame every certified message has. */
function signed(number: number, pick: Pick, head: string, parts: readonly string[]): string {
  const outer = `----S${number}`;
  const inner = `----M${number}`;
  const signature = Array.from({ length: 40 }, () =>
    sentence(pick, 9)
      .replace(/[^a-z]/g, 'A')
      .slice(0, 64),
  );
  return (
    `${received(number)}${head}MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol="application/x-pkcs7-signature"; micalg=sha-256; boundary="${outer}"\r\n\r\n` +
    `This is an S/MIME signed message\r\n\r\n--${outer}\r\nContent-Type: multipart/mixed; boundary="${inner}"\r\n\r\n` +
    parts.map((part) => `--${inner}\r\n${part}\r\n`).join('') +
    `--${inner}--\r\n\r\n--${outer}\r\nContent-Type: application/x-pkcs7-signature; name="smime.p7s"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename="smime.p7s"\r\n\r\n${signature.join('\r\n')}\r\n--${outer}--\r\n`
  );
}

function certificationPart(number: number, { from, subject, id }: Traits): string {
  const xml = `<?xml version="1.0" encoding="UTF-8"?><postacert tipo="posta-certificata" errore="nessuno"><intestazione><mittente>${from}</mittente><destinatari tipo="certificato">casella@bench.test</destinatari><risposte>${from}</risposte><oggetto>${subject}</oggetto></intestazione><dati><gestore-emittente>Gestore</gestore-emittente><data zona="+0200"><giorno>30/06/2026</giorno><ora>10:00:00</ora></data><identificativo>opec${number}</identificativo><msgid>&lt;${id}&gt;</msgid></dati></postacert>`;
  const lines =
    Buffer.from(xml)
      .toString('base64')
      .match(/.{1,76}/g) ?? [];
  return `Content-Type: application/xml; name="daticert.xml"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: inline; filename="daticert.xml"\r\n\r\n${lines.join('\r\n')}\r\n`;
}

function makeEnvelope(number: number, pick: Pick): string {
  const traits = chooseTraits(number, pick);
  const { from, subject, id, references, who } = traits;
  const head = `From: "Per conto di: ${from}" <posta-certificata@pec.test>\r\nReply-To: ${from}\r\nTo: casella@bench.test\r\nSubject: POSTA CERTIFICATA: ${subject}\r\nMessage-ID: ${id}\r\n${references}X-Trasporto: posta-certificata\r\nX-Riferimento-Message-ID: <orig${number}@azienda.test>\r\n`;
  const original = `From: "${who}" <${from}>\r\nTo: casella@bench.test\r\nSubject: ${subject}\r\nMessage-ID: <orig${number}@azienda.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${makeBody(number, pick)}\r\n`;
  return signed(number, pick, head, [
    `Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nMessaggio di posta certificata\r\n\r\nIl giorno 30/06/2026 il messaggio "${subject}" =E8 stato inviato da "${from}"\r\nindirizzato a: casella@bench.test\r\n`,
    certificationPart(number, traits),
    `Content-Type: message/rfc822; name="postacert.eml"\r\nContent-Disposition: inline; filename="postacert.eml"\r\n\r\n${original}`,
  ]);
}

function makeReceipt(number: number, pick: Pick): string {
  const traits = chooseTraits(number, pick);
  const { subject, id } = traits;
  const [title, type] = pick(2) === 0 ? ['ACCETTAZIONE', 'accettazione'] : ['CONSEGNA', 'avvenuta-consegna'];
  const head = `From: posta-certificata@pec.test\r\nTo: casella@bench.test\r\nSubject: ${title}: ${subject}\r\nMessage-ID: ${id}\r\nX-Ricevuta: ${type}\r\nX-Riferimento-Message-ID: <sent${number % 977}@bench.test>\r\n`;
  return signed(number, pick, head, [
    `Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nRicevuta di ${type}\r\n\r\n${makeBody(number, pick).replace(/[^ -~\r\n]/g, '=E0')}\r\n`,
    certificationPart(number, traits),
  ]);
}

function makePlain(number: number, pick: Pick): string {
  const { who, from, subject, id, references } = chooseTraits(number, pick);
  const boundary = `----A${number}`;
  const html = Array.from({ length: 5 }, () => `<p style="margin:0">${makeBody(number, pick)}</p>`).join(
    '\r\n',
  );
  return `${received(number)}From: "${who}" <${from}>\r\nTo: "La Casella" <casella@bench.test>, altri@azienda1.test\r\nCc: ufficio@azienda2.test\r\nSubject: =?utf-8?Q?${subject.replaceAll(' ', '_')}_perch=C3=A9?=\r\nMessage-ID: ${id}\r\n${references}MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="${boundary}"\r\n\r\n--${boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${makeBody(number, pick)}\r\n--${boundary}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<html><body>${html}</body></html>\r\n--${boundary}--\r\n`;
}
