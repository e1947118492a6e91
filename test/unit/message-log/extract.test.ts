import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inflateSync } from 'node:zlib';
import { describeEntry, type ExtractEntry } from '../../../src/message-log/extract/entry.ts';
import { extractForms } from '../../../src/message-log/extract/forms.ts';
import type { LogEvent } from '../../../src/pec/events.ts';

const at = Date.UTC(2026, 6, 1, 22, 30, 5);
const frame = {
  provider: 'Gestore (Alfa) S.p.A.',
  at,
  search: { mailbox: 'mario@alfa.test', from: Date.UTC(2026, 5, 30, 22) },
};
const facts = {
  identificativo: 'pec.1@alfa.test',
  msgid: '<a@pc>',
  sender: 'mario@alfa.test',
  recipients: [
    { address: 'anna@alfa.test', certified: true },
    { address: 'ugo@example.com', certified: false },
  ],
  replyTo: 'altro@alfa.test',
  subject: '=1+1;"perché"\r\n\u4eca',
};
const provider = { name: 'Gestore Alfa S.p.A.', domain: 'alfa.test', address: 'posta-certificata@alfa.test' };
const event: LogEvent = {
  type: 'delivered',
  at,
  facts,
  sendingProvider: provider.name,
  recipient: 'anna@alfa.test',
  receiptKind: 'completa',
  generated: [
    {
      kind: 'delivery-receipt',
      messageId: '<r@alfa.test>',
      textsVersion: 1,
      provider,
      receiptKind: 'completa',
      recipient: 'anna@alfa.test',
    },
  ],
};
const entry = describeEntry({ node: 'n1', seq: 7, event, hash: new Uint8Array(32) });

async function write(format: keyof typeof extractForms, entries: readonly ExtractEntry[]): Promise<Buffer> {
  const stream = (async function* () {
    yield* entries;
  })();
  return Buffer.concat(await Array.fromAsync(extractForms[format](frame, stream)));
}

describe('an entry', () => {
  it('has the fields of RFC 6109 §2.3, in legal time, and nothing of the answer address or the content', () => {
    assert.deepEqual(entry, {
      registrazione: 'n1/7',
      data: '02/07/2026',
      ora: '00:30:05',
      zona: '+0200',
      evento: 'avvenuta consegna',
      riguarda: ['anna@alfa.test'],
      identificativo: 'pec.1@alfa.test',
      msgid: '<a@pc>',
      mittente: 'mario@alfa.test',
      destinatari: [
        { indirizzo: 'anna@alfa.test', tipo: 'certificato' },
        { indirizzo: 'ugo@example.com', tipo: 'esterno' },
      ],
      oggetto: '=1+1;"perché"\r\n\u4eca',
      messaggiGenerati: [{ tipo: 'ricevuta di avvenuta consegna', messageId: '<r@alfa.test>' }],
      gestoreMittente: 'Gestore Alfa S.p.A.',
    });
  });

  it('says which time limit and which notification', () => {
    const base = { at, facts, sendingProvider: '', generated: [] };
    const name = (one: LogEvent) =>
      describeEntry({ node: 'n1', seq: 1, event: one, hash: new Uint8Array() }).evento;
    assert.equal(
      name({ ...base, type: 'timeout', hours: 12, recipient: 'x' }),
      'superamento del tempo massimo (12 ore)',
    );
    const received = {
      notification: 'presa-in-carico',
      error: 'nessuno',
      notificationId: '<x>',
      issuer: 'B',
    };
    assert.equal(
      name({ ...base, type: 'notification-received', ...received, about: [], late: false }),
      'ricezione di notifica: presa-in-carico',
    );
  });
});

it('as CSV is quoted, and no value is a formula or a line', async () => {
  const text = (await write('csv', [entry, { ...entry, oggetto: ' @SUM(A1)' }])).toString();
  const lines = text.split('\r\n');
  assert.equal(lines.length, 4, 'head, two entries, nothing after the last line end');
  assert.ok(lines[0]?.startsWith('\ufeff"registrazione";"data";"ora";"zona";"evento"'));
  assert.ok(lines[1]?.includes(`;"'=1+1;""perché""  \u4eca";`));
  assert.ok(lines[2]?.includes(`;"' @SUM(A1)";`));
  assert.ok(lines[1]?.includes(';"anna@alfa.test (certificato), ugo@example.com (esterno)";'));
  assert.ok(lines[1]?.includes(';"UTC+0200";'));
});

it('as JSON has every value exactly, and counts', async () => {
  const document = JSON.parse((await write('json', [entry, entry])).toString()) as object;
  assert.deepEqual(document, {
    documento: 'estratto del log dei messaggi',
    gestore: 'Gestore (Alfa) S.p.A.',
    redatto: '02/07/2026 00:30:05 (+0200)',
    ambito: { casella: 'mario@alfa.test', dal: '01/07/2026 00:00:00 (+0200)' },
    registrazioni: [entry, entry],
    totale: 2,
  });
  assert.partialDeepStrictEqual(JSON.parse((await write('json', [])).toString()), {
    registrazioni: [],
    totale: 0,
  });
});

describe('as PDF', () => {
  /** What each stream of the document draws. */
  const readStreams = (pdf: Buffer) => {
    const text = pdf.toString('latin1');
    return [...text.matchAll(/\/Length (\d+)>>\nstream\n/g)].map((match) => {
      const start = match.index + match[0].length;
      return inflateSync(pdf.subarray(start, start + Number(match[1]))).toString('latin1');
    });
  };

  it('has A4 pages with provider, number, total and legal time', async () => {
    const entries = Array.from({ length: 40 }, () => entry);
    const pdf = await write('pdf', entries);
    const text = pdf.toString('latin1');
    const pages = [...text.matchAll(/\/Type\/Page\/Parent/g)].length;
    assert.ok(pages > 5);
    assert.ok(text.includes(`/Type/Pages/Count ${pages}`));
    const streams = readStreams(pdf);
    assert.equal(streams.length, pages + 1);
    for (const [index, drawn] of streams.slice(0, pages).entries()) {
      assert.ok(drawn.includes(`(Pagina ${index + 1})Tj`));
      assert.ok(drawn.includes('(Gestore: Gestore \\(Alfa\\) S.p.A.)Tj'));
      assert.ok(drawn.includes('(Redatto il 02/07/2026 00:30:05 \\(+0200\\), ora legale italiana)Tj'));
    }
    assert.ok(streams.at(-1)?.includes(`(di ${pages})Tj`));
    const drawn = streams.join('');
    assert.equal(drawn.split('AVVENUTA CONSEGNA').length - 1, 40);
    assert.ok(drawn.includes('=1+1;"perché"  [U+4ECA]'));
    assert.ok(drawn.includes("Fine dell'estratto. Registrazioni: 40."));
  });

  it('has a table of objects that is right to the byte', async () => {
    const pdf = await write('pdf', [entry]);
    const text = pdf.toString('latin1');
    const start = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(text)?.[1]);
    assert.ok(text.startsWith('xref\n', start));
    const rows = [...text.slice(start).matchAll(/^(\d{10}) 00000 n $/gm)];
    assert.ok(rows.length > 8);
    for (const [index, row] of rows.entries())
      assert.ok(text.startsWith(`${index + 1} 0 obj\n`, Number(row[1])), `object ${index + 1}`);
  });

  it('wraps what is long, and an entry longer than a page goes on', async () => {
    const recipients = Array.from({ length: 200 }, (_, index) => ({
      indirizzo: `${'x'.repeat(120)}${index}@alfa.test`,
      tipo: 'certificato' as const,
    }));
    const drawn = readStreams(await write('pdf', [{ ...entry, destinatari: recipients }])).join('');
    const longest = Math.max(
      ...[...drawn.matchAll(/F3 8 Tf [\d. ]+Td\((.*)\)Tj/g)].map(([, line = '']) => line.length),
    );
    assert.ok(longest <= 107, String(longest));
    assert.ok(drawn.includes('199@alfa.test'));
  });
});
