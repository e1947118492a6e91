/**
 * Every message that a provider makes (RFC 6109 §3), as it comes out between two providers: its header, the words its
 * subject begins with, its certification data, what it encloses, whom it is for. The table is the one of the rules.
 */
import assert from 'node:assert/strict';
import type { VirusScanner } from '../../src/antivirus/scanner.ts';
import {
  fieldOf,
  type StoredMail,
  subjectOf,
  textOf,
  writeMail,
  writeMailWithFile,
} from '../support/scenario-mail.ts';
import { hour, scenario, type World } from '../support/scenario-world.ts';

const mario = 'mario.rossi@alfa.test';
const anna = 'anna.bianchi@beta.test';
const nobody = 'nessuno@beta.test';
const luigi = 'luigi.verdi@gamma.test';
const luca = 'luca@ordinaria.test';
const service = 'ricevute-gestore@alfa.test';

/** In two pieces, so that this file is no finding. */
const eicar = Buffer.from(`X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-${'ANTIVIRUS-TEST-FILE!$H+H*'}`);

/** Of alfa: knows another virus than beta's does. */
const scanner: VirusScanner = {
  name: 'knows one virus',
  scan: async (source) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of source) chunks.push(chunk);
    const infected = Buffer.concat(chunks).includes('VERME-DI-PROVA');
    return infected ? { infected, virus: 'Verme' } : { infected };
  },
};

interface Expected {
  readonly box: 'mario.rossi' | 'ricevute-gestore' | 'anna.bianchi';
  readonly prefix: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly data: readonly [type: string, error: string] | undefined;
  readonly encloses: boolean;
  readonly from: RegExp;
  readonly reversePath: string;
  readonly to: string;
  readonly text: RegExp;
  /** How many there are of it. */
  readonly count: number;
}

const ofAlfa = { from: /^posta-certificata@alfa\.test$/, reversePath: 'posta-certificata@alfa.test' };
const ofBeta = { from: /^posta-certificata@beta\.test$/, reversePath: 'posta-certificata@beta.test' };
const toSender = { box: 'mario.rossi', to: mario, encloses: false, count: 1 } as const;
const toProvider = { box: 'ricevute-gestore', to: service, encloses: false } as const;
const delivery = {
  ...toSender,
  ...ofBeta,
  prefix: 'CONSEGNA: ',
  fields: { 'X-Ricevuta': 'avvenuta-consegna' },
  data: ['avvenuta-consegna', 'nessuno'],
} as const;

const expected: Readonly<Record<string, Expected>> = {
  'acceptance receipt': {
    ...{ ...toSender, ...ofAlfa, count: 6 },
    prefix: 'ACCETTAZIONE: ',
    fields: { 'X-Ricevuta': 'accettazione' },
    data: ['accettazione', 'nessuno'],
    text: /è stato accettato dal sistema ed inoltrato/,
  },
  'non-acceptance, formal': {
    ...{ ...toSender, ...ofAlfa },
    prefix: 'AVVISO DI NON ACCETTAZIONE: ',
    fields: { 'X-Ricevuta': 'non-accettazione' },
    data: ['non-accettazione', 'altro'],
    text: /un problema che ne impedisce\s+l'accettazione/,
  },
  'non-acceptance, virus': {
    ...{ ...toSender, ...ofAlfa },
    prefix: 'AVVISO DI NON ACCETTAZIONE PER VIRUS: ',
    fields: { 'X-Ricevuta': 'non-accettazione', 'X-VerificaSicurezza': 'errore' },
    data: ['non-accettazione', 'virus'],
    text: /è stato rilevato un problema di sicurezza\s+Verme/,
  },
  'transport envelope': {
    box: 'anna.bianchi',
    prefix: 'POSTA CERTIFICATA: ',
    fields: { 'X-Trasporto': 'posta-certificata', 'X-TipoRicevuta': 'completa', 'Reply-To': mario },
    data: ['posta-certificata', 'nessuno'],
    encloses: true,
    from: /^"Per conto di: mario\.rossi@alfa\.test" <posta-certificata@alfa\.test>$/,
    reversePath: mario,
    to: anna,
    text: /Il messaggio originale è incluso in allegato/,
    count: 1,
  },
  'timeout notices': {
    ...{ ...toSender, ...ofAlfa, count: 2 },
    prefix: 'AVVISO DI MANCATA CONSEGNA PER SUP. TEMPO MASSIMO: ',
    fields: { 'X-Ricevuta': 'preavviso-errore-consegna' },
    data: ['preavviso-errore-consegna', 'altro'],
    text: /non è stato consegnato nelle\s+(?:prime dodici|ventiquattro)\s+ore/,
  },
  'taken in charge': {
    ...{ ...toProvider, ...ofBeta, count: 5 },
    prefix: 'PRESA IN CARICO: ',
    fields: { 'X-Ricevuta': 'presa-in-carico' },
    data: ['presa-in-carico', 'nessuno'],
    text: /è stato accettato dal sistema/,
  },
  'anomaly envelope': {
    box: 'anna.bianchi',
    prefix: 'ANOMALIA MESSAGGIO: ',
    fields: { 'X-Trasporto': 'errore' },
    data: undefined,
    encloses: true,
    from: /^"Per conto di: luca@ordinaria\.test" <posta-certificata@beta\.test>$/,
    reversePath: luca,
    to: anna,
    text: /dati\s+non\s+sono\s+stati\s+certificati/,
    count: 1,
  },
  'virus detection': {
    ...{ ...toProvider, ...ofBeta, count: 1 },
    prefix: 'PROBLEMA DI SICUREZZA: ',
    fields: { 'X-Ricevuta': 'rilevazione-virus', 'X-Mittente': mario },
    data: ['rilevazione-virus', 'virus'],
    text: /è stato rilevato un problema di sicurezza/,
  },
  'non-delivery, virus': {
    ...{ ...toSender, ...ofAlfa },
    prefix: 'AVVISO DI MANCATA CONSEGNA PER VIRUS: ',
    fields: { 'X-Ricevuta': 'errore-consegna', 'X-VerificaSicurezza': 'errore' },
    data: ['errore-consegna', 'virus'],
    text: /Il messaggio non è stato\s+consegnato/,
  },
  'delivery receipt, complete': {
    ...{ ...delivery, encloses: true },
    text: /^-- Ricevuta di avvenuta consegna[\s\S]*è stato consegnato nella casella di\s+destinazione/,
  },
  'delivery receipt, brief': {
    ...{ ...delivery, encloses: true },
    text: /^-- Ricevuta breve di avvenuta consegna/,
  },
  'delivery receipt, concise': {
    ...delivery,
    text: /^-- Ricevuta sintetica di avvenuta consegna/,
  },
  'non-delivery': {
    ...{ ...toSender, ...ofBeta },
    prefix: 'AVVISO DI MANCATA CONSEGNA: ',
    fields: { 'X-Ricevuta': 'errore-consegna' },
    data: ['errore-consegna', 'no-dest'],
    text: /Il messaggio è stato rifiutato\s+dal sistema/,
  },
};

scenario('every message of the rules', { starts: { alfa: { scanner } } }, async (world) => {
  await causeAll(world);
  const { alfa, beta } = world;
  const boxes = {
    'mario.rossi': await alfa.mails('mario.rossi'),
    'ricevute-gestore': await alfa.mails('ricevute-gestore'),
    'anna.bianchi': await beta.mails('anna.bianchi'),
  };
  const left = new Map(Object.entries(boxes).flatMap(([box, mails]) => mails.map((mail) => [mail, box])));
  for (const [name, row] of Object.entries(expected)) {
    const found = boxes[row.box].filter((mail) => isRow(mail, row));
    assert.equal(found.length, row.count, `how many of ${name}`);
    for (const mail of found) {
      checkMail(mail, row, name);
      assert.ok(left.delete(mail), `${name} is told from all others`);
    }
  }
  // The envelopes that ask for the other two kinds of receipt.
  assert.deepEqual(
    [...left].map(([mail, box]) => `${box}: ${mail.kind} ${fieldOf(mail.header, 'X-TipoRicevuta')}`).sort(),
    ['anna.bianchi: posta-certificata breve', 'anna.bianchi: posta-certificata sintetica'],
  );
});

async function causeAll(world: World): Promise<void> {
  const { alfa, beta, outside } = world;
  outside.shut(true); // gamma is down
  await beta.stores.accounts.setMailbox(anna, { ordinaryMail: 'accept' });
  const send = async (to: readonly string[], message: Buffer) => {
    const reply = await alfa.submit({ from: mario, to, message });
    assert.equal(reply.code, 250, reply.text);
  };
  const plain = (to: readonly string[], fields: readonly string[] = []) =>
    send(to, writeMail({ from: mario, to, fields }));
  await plain([anna]);
  await plain([anna], ['X-TipoRicevuta: breve']);
  await plain([anna], ['X-TipoRicevuta: sintetica']);
  await plain([nobody]);
  await plain([luigi]);
  await plain([anna], ['Bcc: altri@beta.test']);
  const file = (content: Buffer) => writeMailWithFile({ from: mario, to: [anna] }, 'a.txt', content);
  await send([anna], writeMail({ from: mario, to: [anna], body: 'VERME-DI-PROVA\r\n' }));
  await send([anna], file(eicar));
  const ordinary = { from: luca, to: [anna] };
  assert.equal((await beta.deliver({ ...ordinary, message: writeMail(ordinary) })).code, 250);
  await world.settle();
  await world.advance(13 * hour);
  await world.advance(12 * hour);
}

function isRow(mail: StoredMail, row: Expected): boolean {
  return (
    subjectOf(mail).startsWith(row.prefix) &&
    Object.entries(row.fields).every(([name, value]) => fieldOf(mail.header, name) === value) &&
    row.text.test(textOf(mail))
  );
}

function checkMail(mail: StoredMail, row: Expected, name: string): void {
  const { header, data, original } = mail;
  assert.deepEqual(data && [data.type, data.error], row.data, `certification data of ${name}`);
  assert.equal(original !== undefined, row.encloses, `what ${name} encloses`);
  assert.match(fieldOf(header, 'From') ?? '', row.from, name);
  assert.equal(fieldOf(header, 'To'), row.to, name);
  assert.equal(fieldOf(header, 'Return-Path'), `<${row.reversePath}>`, name);
  assert.equal(fieldOf(header, 'Sender'), undefined, name);
  assert.match(textOf(mail), /Identificativo messaggio: \S+@(?:alfa|beta)\.test/, name);
}
