/** The table of pec-wire §3, row by row: what stands in header, certification and text of each message. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildAnomalyEnvelope } from '../../../src/pec/anomaly-envelope.ts';
import { deliveryFailures } from '../../../src/pec/failures.ts';
import { buildAcceptanceReceipt } from '../../../src/pec/receipts/acceptance.ts';
import { buildDeliveryReceipt } from '../../../src/pec/receipts/delivery.ts';
import {
  buildNonAcceptanceNotice,
  buildVirusNonAcceptanceNotice,
} from '../../../src/pec/receipts/non-acceptance.ts';
import { buildNonDeliveryNotice } from '../../../src/pec/receipts/non-delivery.ts';
import { buildTakeInChargeReceipt } from '../../../src/pec/receipts/take-in-charge.ts';
import { buildTimeoutNotice } from '../../../src/pec/receipts/timeout.ts';
import { buildVirusDetectionNotice, buildVirusNonDeliveryNotice } from '../../../src/pec/receipts/virus.ts';
import type { BuiltMessage } from '../../../src/pec/signed-entity.ts';
import { buildTransportEnvelope } from '../../../src/pec/transport-envelope.ts';
import { readBuilt } from './read-built.ts';
import { enclose, lines, values } from './sample.ts';

const original = enclose(lines('From: mario@alfa.test', 'To: anna@beta.test', 'Subject: Prova', '', 'testo'));
const recipient = 'anna@beta.test';
const virus = 'Eicar-Test';
const to = 'ricevute@beta.test';
const reason = { italian: 'un motivo', english: 'a reason' };
const reasons = [{ status: '5.6.0', ...reason }];
const onTime = 'Il giorno 21/11/2026 alle ore 10:11:12 (+0100)';
const many = ['ed indirizzato a:', '- anna@beta.test', '- luigi@example.com'];

interface Row {
  readonly built: BuiltMessage;
  /** X- fields in their order, `name: value`. */
  readonly fields: readonly string[];
  readonly subject: string;
  readonly to?: string;
  /** `tipo errore`; undefined for the anomaly envelope. */
  readonly certification?: string;
  /** Elements of `<dati>` after the identifiers. */
  readonly data?: string;
  readonly original: boolean;
  /** The Italian text: title, then lines. */
  readonly text: readonly string[];
}

const reference = 'X-Riferimento-Message-ID: <client@pc>';
const identifier = 'Identificativo messaggio: pec.1@alfa.test';

const table: Record<string, Row> = {
  'acceptance receipt': {
    built: buildAcceptanceReceipt(values),
    fields: ['X-Ricevuta: accettazione', reference],
    subject: 'ACCETTAZIONE: Prova',
    to: 'mario@alfa.test',
    certification: 'accettazione nessuno',
    data: '',
    original: false,
    text: [
      'Ricevuta di accettazione',
      `${onTime} il messaggio`,
      '"Prova" proveniente da "mario@alfa.test"',
      'ed indirizzato a:',
      '- anna@beta.test ("posta certificata")',
      '- luigi@example.com ("posta ordinaria")',
      'è stato accettato dal sistema ed inoltrato.',
      identifier,
    ],
  },
  'non-acceptance, formal': {
    built: buildNonAcceptanceNotice({ ...values, reasons }),
    fields: ['X-Ricevuta: non-accettazione', reference],
    subject: 'AVVISO DI NON ACCETTAZIONE: Prova',
    to: 'mario@alfa.test',
    certification: 'non-accettazione altro',
    data: '<errore-esteso>5.6.0 - Gestore Alfa S.p.A. - un motivo</errore-esteso>',
    original: false,
    text: [
      "Errore nell'accettazione del messaggio",
      `${onTime} nel messaggio`,
      '"Prova" proveniente da "mario@alfa.test"',
      ...many,
      "è stato rilevato un problema che ne impedisce l'accettazione a causa di un motivo.",
      'Il messaggio non è stato accettato.',
      identifier,
    ],
  },
  'non-acceptance, virus': {
    built: buildVirusNonAcceptanceNotice({ ...values, virus }),
    fields: ['X-Ricevuta: non-accettazione', 'X-VerificaSicurezza: errore', reference],
    subject: 'AVVISO DI NON ACCETTAZIONE PER VIRUS: Prova',
    to: 'mario@alfa.test',
    certification: 'non-accettazione virus',
    data: '<errore-esteso>5.5.1 - Gestore Alfa S.p.A. - presenza di un virus nel messaggio</errore-esteso>',
    original: false,
    text: [
      "Errore nell'accettazione del messaggio per presenza di virus",
      `${onTime} nel messaggio`,
      '"Prova" proveniente da "mario@alfa.test"',
      ...many,
      'è stato rilevato un problema di sicurezza Eicar-Test.',
      'Il messaggio non è stato accettato.',
      identifier,
    ],
  },
  'transport envelope': {
    built: buildTransportEnvelope({ ...values, original, receiptKind: 'breve' }),
    fields: ['X-Trasporto: posta-certificata', 'X-TipoRicevuta: breve', reference],
    subject: 'POSTA CERTIFICATA: Prova',
    to: 'anna@beta.test',
    certification: 'posta-certificata nessuno',
    data: '<ricevuta tipo="breve"/>',
    original: true,
    text: [
      'Messaggio di posta certificata',
      `${onTime} il messaggio`,
      '"Prova" è stato inviato da "mario@alfa.test"',
      'indirizzato a:',
      '- anna@beta.test',
      '- luigi@example.com',
      'Il messaggio originale è incluso in allegato.',
      identifier,
    ],
  },
  'timeout 12 h': {
    built: buildTimeoutNotice({ ...values, recipient, hours: 12 }),
    fields: ['X-Ricevuta: preavviso-errore-consegna', reference],
    subject: 'AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO: Prova',
    to: 'mario@alfa.test',
    certification: 'preavviso-errore-consegna altro',
    data: '<consegna>anna@beta.test</consegna> <errore-esteso>4.4.1 - Gestore Alfa S.p.A. - il messaggio non è stato consegnato nelle prime dodici ore dal suo invio</errore-esteso>',
    original: false,
    text: [
      'Avviso di mancata consegna',
      `${onTime} il messaggio`,
      '"Prova" proveniente da "mario@alfa.test"',
      'e destinato all\'utente "anna@beta.test"',
      "non è stato consegnato nelle prime dodici ore dal suo invio. Non escludendo che questo possa avvenire in seguito, si ritiene utile considerare che l'invio potrebbe non andare a buon fine. Il sistema provvederà comunque ad inviare un ulteriore avviso di mancata consegna se nelle prossime dodici ore non vi sarà la conferma della ricezione da parte del destinatario.",
      identifier,
    ],
  },
  'timeout 24 h': {
    built: buildTimeoutNotice({ ...values, recipient, hours: 24 }),
    fields: ['X-Ricevuta: preavviso-errore-consegna', reference],
    subject: 'AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO: Prova',
    to: 'mario@alfa.test',
    certification: 'preavviso-errore-consegna altro',
    data: '<consegna>anna@beta.test</consegna> <errore-esteso>5.4.1 - Gestore Alfa S.p.A. - il messaggio non è stato consegnato nelle ventiquattro ore successive al suo invio</errore-esteso>',
    original: false,
    text: [
      'Avviso di mancata consegna',
      `${onTime} il messaggio`,
      '"Prova" proveniente da "mario@alfa.test"',
      'e destinato all\'utente "anna@beta.test"',
      'non è stato consegnato nelle ventiquattro ore successive al suo invio. Si ritiene che la spedizione debba considerarsi non andata a buon fine.',
      identifier,
    ],
  },
  'taken in charge': {
    built: buildTakeInChargeReceipt({ ...values, takenInCharge: [recipient, 'b@beta.test'], to }),
    fields: ['X-Ricevuta: presa-in-carico', reference],
    subject: 'PRESA IN CARICO: Prova',
    to,
    certification: 'presa-in-carico nessuno',
    data: '<ricezione>anna@beta.test</ricezione> <ricezione>b@beta.test</ricezione>',
    original: false,
    text: [
      'Ricevuta di presa in carico',
      `${onTime} il messaggio`,
      '"Prova" proveniente da "mario@alfa.test"',
      ...many,
      'è stato accettato dal sistema.',
      identifier,
    ],
  },
  'anomaly envelope': {
    built: buildAnomalyEnvelope({ ...values, received: original, reason }),
    fields: ['X-Trasporto: errore'],
    subject: 'ANOMALIA MESSAGGIO: Prova',
    to: 'anna@beta.test',
    original: true,
    text: [
      'Anomalia nel messaggio',
      `${onTime} è stato ricevuto il messaggio`,
      '"Prova" proveniente da "mario@alfa.test"',
      ...many,
      'Tali dati non sono stati certificati per il seguente errore: un motivo.',
      'Il messaggio originale è incluso in allegato.',
      identifier,
    ],
  },
  'virus detection': {
    built: buildVirusDetectionNotice({ ...values, recipient, virus, to }),
    fields: ['X-Ricevuta: rilevazione-virus', 'X-Mittente: mario@alfa.test', reference],
    subject: 'PROBLEMA DI SICUREZZA: Prova',
    to,
    certification: 'rilevazione-virus virus',
    data: '<consegna>anna@beta.test</consegna> <errore-esteso>5.5.1 - Gestore Alfa S.p.A. - presenza di un virus nel messaggio</errore-esteso>',
    original: false,
    text: [
      'Avviso di rilevazione virus informatico',
      `${onTime} nel messaggio`,
      '"Prova" proveniente da "mario@alfa.test"',
      'e destinato all\'utente "anna@beta.test"',
      'è stato rilevato un problema di sicurezza Eicar-Test.',
      identifier,
    ],
  },
  'non-delivery, virus': {
    built: buildVirusNonDeliveryNotice({ ...values, recipient, virus }),
    fields: ['X-Ricevuta: errore-consegna', 'X-VerificaSicurezza: errore', reference],
    subject: 'AVVISO DI MANCATA CONSEGNA PER VIRUS: Prova',
    to: 'mario@alfa.test',
    certification: 'errore-consegna virus',
    data: '<consegna>anna@beta.test</consegna> <errore-esteso>5.5.1 - Gestore Alfa S.p.A. - presenza di un virus nel messaggio</errore-esteso>',
    original: false,
    text: [
      'Avviso di mancata consegna per virus',
      `${onTime} nel messaggio`,
      '"Prova"',
      'destinato all\'utente "anna@beta.test"',
      'è stato rilevato un problema di sicurezza Eicar-Test.',
      'Il messaggio non è stato consegnato.',
      identifier,
    ],
  },
  ...Object.fromEntries(
    (
      [
        ['completa', 'Ricevuta di avvenuta consegna'],
        ['breve', 'Ricevuta breve di avvenuta consegna'],
        ['sintetica', 'Ricevuta sintetica di avvenuta consegna'],
      ] as const
    ).map(([kind, title]): [string, Row] => [
      `delivery receipt, ${kind}`,
      {
        built: buildDeliveryReceipt({ ...values, kind, recipient, original: original.segments }),
        fields: ['X-Ricevuta: avvenuta-consegna', reference],
        subject: 'CONSEGNA: Prova',
        to: 'mario@alfa.test',
        certification: 'avvenuta-consegna nessuno',
        data: `<ricevuta tipo="${kind}"/> <consegna>anna@beta.test</consegna>`,
        original: kind !== 'sintetica',
        text: [
          title,
          `${onTime} il messaggio`,
          '"Prova" proveniente da "mario@alfa.test"',
          'ed indirizzato a "anna@beta.test"',
          'è stato consegnato nella casella di destinazione.',
          identifier,
        ],
      },
    ]),
  ),
  'non-delivery': {
    built: buildNonDeliveryNotice({ ...values, recipient, failure: deliveryFailures.mailboxFull }),
    fields: ['X-Ricevuta: errore-consegna', reference],
    subject: 'AVVISO DI MANCATA CONSEGNA: Prova',
    to: 'mario@alfa.test',
    certification: 'errore-consegna altro',
    data: '<consegna>anna@beta.test</consegna> <errore-esteso>5.2.2 - Gestore Alfa S.p.A. - casella piena</errore-esteso>',
    original: false,
    text: [
      'Avviso di mancata consegna',
      `${onTime} nel messaggio`,
      '"Prova" proveniente da "mario@alfa.test"',
      'e destinato all\'utente "anna@beta.test"',
      'è stato rilevato un errore 5.2.2 - Gestore Alfa S.p.A. - casella piena.',
      'Il messaggio è stato rifiutato dal sistema.',
      identifier,
    ],
  },
};

for (const [name, row] of Object.entries(table)) {
  test(`${name}: header`, () => {
    const { names, header } = readBuilt(row.built);
    const own = names.filter((field) => field.startsWith('X-')).map((field) => `${field}: ${header[field]}`);
    assert.deepEqual(own, row.fields);
    assert.equal(header.Subject, row.subject);
    assert.equal(header.To, row.to);
    assert.equal(header.Date, 'Sat, 21 Nov 2026 10:11:12 +0100');
    assert.equal(row.built.generated.messageId, header['Message-ID']);
    const isEnvelope = names.includes('X-Trasporto');
    assert.equal(
      header.From,
      isEnvelope
        ? '"Per conto di: mario@alfa.test" <posta-certificata@alfa.test>'
        : 'posta-certificata@alfa.test',
    );
    assert.equal(names.includes('Reply-To'), isEnvelope);
    assert.equal(names.includes('Sender'), false);
  });

  test(`${name}: certification and original`, () => {
    const { xml, original: enclosed } = readBuilt(row.built);
    assert.equal(enclosed !== undefined, row.original);
    if (row.certification === undefined) return assert.equal(xml, undefined);
    const [tipo, errore] = row.certification.split(' ');
    assert.ok(xml?.includes(`<postacert tipo="${tipo}" errore="${errore}">`), xml ?? 'none');
    const after = xml?.split('</msgid>')[1]?.split('</dati>')[0] ?? '';
    assert.equal(after.trim().replace(/\n\s*/g, ' '), row.data);
  });

  test(`${name}: text in Italian, then in English below a rule, as HTML too`, () => {
    const { plain, html } = readBuilt(row.built);
    const [italian = '', english = ''] = plain.split(`${'-'.repeat(89)}\r\n`);
    assert.deepEqual(italian.trim().split(/[\r\n]+/), [`-- ${row.text[0]} --`, ...row.text.slice(1)]);
    assert.match(english, /^\r\n-- [A-Z].* --\r\n\r\nOn 21\/11\/2026 at 10:11:12 \(\+0100\) /);
    assert.ok(english.trimEnd().endsWith('Message identifier: pec.1@alfa.test'));
    assert.deepEqual(readHtml(html), readPlain(plain), 'the same facts in both');
    assert.doesNotMatch(html, /<(?!\/?(html|head|title|body|h3|ul|li|b)>|br>|hr>)/);
  });
}

/** The words of the HTML part in order, markup taken off. */
function readHtml(html: string): string[] {
  const entities: Record<string, string> = {
    quot: '"',
    egrave: 'è',
    agrave: 'à',
    amp: '&',
    lt: '<',
    gt: '>',
  };
  const [, body = ''] = html.split('<body>');
  return words(body.replace(/<[^>]+>/g, ' ').replace(/&(\w+);/g, (_, name: string) => entities[name] ?? '?'));
}

/** The words of the plain part, without its ornaments. */
function readPlain(plain: string): string[] {
  return words(
    plain
      .replace(/^-- (.*) --\r$/gm, '$1')
      .replace(/^-+\r$/gm, '')
      .replace(/^- /gm, ''),
  );
}

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');

test('the errors of a non-delivery: unknown mailbox and domain by name, others as altro', () => {
  const errore = (failure: keyof typeof deliveryFailures) =>
    /errore="([^"]*)"/.exec(
      readBuilt(buildNonDeliveryNotice({ ...values, recipient, failure: deliveryFailures[failure] })).xml ??
        '',
    )?.[1];
  assert.equal(errore('unknownMailbox'), 'no-dest');
  assert.equal(errore('unknownDomain'), 'no-dominio');
  assert.equal(errore('mailboxFull'), 'altro');
  assert.equal(errore('idleTooLong'), 'altro');
});

test('a complete or brief receipt without the original is a mistake of the caller', () => {
  assert.throws(() => buildDeliveryReceipt({ ...values, kind: 'completa', recipient }), RangeError);
  assert.throws(() => buildDeliveryReceipt({ ...values, kind: 'breve', recipient }), RangeError);
});

test('each message about each recipient has a Message-ID of its own', () => {
  const ids = Object.entries(table)
    .filter(([name]) => !name.startsWith('delivery receipt'))
    .map(([, { built }]) => built.generated.messageId);
  assert.equal(new Set(ids).size, ids.length);
  const other = buildDeliveryReceipt({ ...values, kind: 'sintetica', recipient: 'altro@beta.test' });
  assert.ok(!ids.includes(other.generated.messageId));
});
