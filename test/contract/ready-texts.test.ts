/** Texts kept beside messages say what the messages say, before and after they are kept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addContent } from '../../src/content/content.ts';
import { foldText } from '../../src/lib/fold.ts';
import { createMailStore } from '../../src/mailbox/store.ts';
import { decodeHeaderText } from '../../src/mime/encoded-word.ts';
import { openStore } from '../support/store.ts';

const subject = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 10 }).map((text) => text.replaceAll(/[\r\n\0]/g, ' ')),
  fc.constantFrom('Perché no', 'PERCHE', 'offerta\r\n di gara', 'a"b\'c%_', '=?utf-8?Q?citt=C3=A0?='),
);
const needle = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }),
  fc.constantFrom('perche', 'CITTÀ', 'ta di', '%', '"', '\ud83d', 'b\0', '=?'),
);

test('what is ruled out by folded heads stands in no field of them', async (t) => {
  const opened = openStore(t);
  const add = (text: string) =>
    opened.db.transact((tx) =>
      addContent(tx, [
        Buffer.from(`Subject: ${text}\r\nFrom: "${text}" <a@b.example>\r\nX-Other: fuori\r\n\r\nx\r\n`),
      ]),
    );
  await fc.assert(
    fc.asyncProperty(fc.array(subject, { minLength: 1, maxLength: 6 }), needle, async (subjects, text) => {
      const store = createMailStore(opened);
      const ids = await Promise.all(subjects.map(add));
      const wanted = foldText(text);
      const heads = await store.heads(ids);
      const holds = (id: number) =>
        heads.get(id)?.some(([, value]) => foldText(decodeHeaderText(value)).includes(wanted)) === true;
      // Made, then kept, then kept in part.
      for (const known of [ids, ids, [...ids, await add('nuova')]]) {
        const without = (await store.withoutInHeads(known, [text])).get(text) ?? new Set();
        for (const id of ids) assert.equal(without.has(id) && holds(id), false);
        if (wanted.isWellFormed()) for (const id of ids) assert.equal(without.has(id), !holds(id));
        await opened.db.transact(async () => undefined);
      }
    }),
    { numRuns: 25 },
  );
});

test('a ready text is made once, and again when the way of making it has changed', async (t) => {
  const opened = openStore(t);
  const store = createMailStore(opened);
  const id = await opened.db.transact((tx) => addContent(tx, [Buffer.from('Subject: uno\r\n\r\nx\r\n')]));
  let made = 0;
  const ready = (version: number) => ({
    kind: 'envelope' as const,
    version,
    make: () => {
      made += 1;
      return `${version}`;
    },
  });
  const read = async (version: number) => {
    const texts = await store.readyTexts([id, 999_999], ready(version));
    // What is kept is written after the answer, before what comes later.
    await opened.db.transact(async () => undefined);
    return [...texts];
  };
  assert.deepEqual(await read(1), [[id, '1']]);
  assert.deepEqual(await read(1), [[id, '1']]);
  assert.equal(made, 1);
  assert.deepEqual(await read(2), [[id, '2']]);
  assert.deepEqual(await read(2), [[id, '2']]);
  assert.equal(made, 2);
});
